"""Copying: names, numbers and dates of a slot come from the notes or the request."""
