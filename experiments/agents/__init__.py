"""Agents on tasks with private values in arguments and results, checked by their end state."""
