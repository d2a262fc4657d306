"""Messages: reads their texts and the user's marks, and splits off what may be public."""
