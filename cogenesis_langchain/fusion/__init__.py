"""Fused decoding: two next-token distributions become one (CoGenesis, section 3.3)."""
