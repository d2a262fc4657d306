"""Matching: finds known private values in a text in any spelling or encoding."""
