"""Completion in place: the local model fills the slots of a public template, from left to right."""
