"""The proof kit: see for yourself what leaves, with your own chain."""
