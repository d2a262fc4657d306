"""The border: what is private, what may leave, and the record of what left."""
