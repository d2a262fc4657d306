"""Model files by name: catalog, download, verification."""
