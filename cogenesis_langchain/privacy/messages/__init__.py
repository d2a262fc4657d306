"""What messages hold: their texts, the user's marks, and the part that may be public."""
