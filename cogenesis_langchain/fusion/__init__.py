"""Fused decoding: fuses two next-token distributions into one (CoGenesis, section 3.3)."""
