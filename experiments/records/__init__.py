"""Records of context-aware writing: their shape, loaders, checks and statistics.

Experiments evaluate on them; training reads the same records.
"""
