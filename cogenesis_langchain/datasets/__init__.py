"""Records of context-aware writing, which experiments and training share."""
