"""Metrics of written texts, and the Inspect scorers that compute them."""
