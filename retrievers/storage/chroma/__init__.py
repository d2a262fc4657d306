"""Chroma as the place where records are kept: a local folder, or a server."""
