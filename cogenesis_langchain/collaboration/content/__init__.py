"""Content selection: the notes, details and points of an outline that a text has to tell."""
