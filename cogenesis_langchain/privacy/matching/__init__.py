"""Finding private values in a text, however they are written."""
