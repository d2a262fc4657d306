"""The two sides: cloud models behind the border, local models in front of it."""
