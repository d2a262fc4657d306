"""Sketch-fill: the cloud model outlines, the local model writes (CoGenesis, section 3.2)."""
