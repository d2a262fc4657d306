"""Servers that return the log-probabilities of a given text: one module for each request format."""
