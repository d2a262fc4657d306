"""Data to evaluate and train on: records, their loaders, and the check that they make sense."""

from __future__ import annotations
