"""Detectors: find private values in a text. Each module handles one family of kinds."""
