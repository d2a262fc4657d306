"""The cloud side of fused decoding: its distributions, in the local model's tokens."""
