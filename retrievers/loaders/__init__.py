"""Loaders for the file formats of personal documents."""
