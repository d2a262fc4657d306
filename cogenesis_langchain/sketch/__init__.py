"""Sketches: the cloud model's template or outline, requested, parsed and sanitised."""
