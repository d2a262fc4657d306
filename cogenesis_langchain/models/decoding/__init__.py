"""Decoding: prompts to tokens, distributions to a choice, tokens to text."""
