"""Agents: turns with tools, and plans that no private value touches."""
