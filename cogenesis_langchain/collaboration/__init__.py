"""Sketch-fill and fused decoding: both models write one text, from a conversation to the answer."""
