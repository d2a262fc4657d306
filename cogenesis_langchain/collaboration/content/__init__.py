"""What a text has to say: chosen from the notes, the details and the outline."""
