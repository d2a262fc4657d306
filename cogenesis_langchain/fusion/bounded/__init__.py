"""Fused decoding under a formal bound: `Bounded`."""
