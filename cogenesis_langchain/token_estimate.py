"""An estimate of a text's tokens, without a tokenizer."""

from __future__ import annotations

from typing import Final

_BYTES_PER_TOKEN: Final = 3


def estimated_tokens(text: str) -> int:
    """Estimate the number of tokens of a text.

    One token per three bytes overestimates for European languages, so that limits are kept.
    """
    return len(text.encode("utf-8", "replace")) // _BYTES_PER_TOKEN + 1
