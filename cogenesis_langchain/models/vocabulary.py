"""What a vocabulary holds."""

from __future__ import annotations

from collections.abc import Callable


def tokens_holding(characters: str, size: int, piece: Callable[[int], bytes]) -> list[int]:
    """Find the tokens in which a character stands.

    Args:
        characters: What is looked for; one that is split over several tokens is not found.
        size: Number of token ids.
        piece: Gives the bytes of a token.

    Returns:
        Ids, ascending.
    """
    signs = [character.encode() for character in characters]
    return [token for token in range(size) if any(sign in piece(token) for sign in signs)]
