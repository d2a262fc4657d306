"""Training of the local model for its part: see ``docs/training.md``."""
