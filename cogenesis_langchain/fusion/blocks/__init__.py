"""Blocks: the local model drafts ahead, and what the cloud model has verified is settled."""
