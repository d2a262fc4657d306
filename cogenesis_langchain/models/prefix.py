"""What two sequences of tokens have in common."""

from __future__ import annotations

from collections.abc import Sequence


def common_prefix(left: Sequence[int], right: Sequence[int]) -> int:
    """Return how many tokens both sequences begin with alike."""
    pairs = enumerate(zip(left, right, strict=False))
    shorter = min(len(left), len(right))
    return next((index for index, (first, second) in pairs if first != second), shorter)
