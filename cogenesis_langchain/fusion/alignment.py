"""Reading one model's next-token strings in another model's tokens.

The local tokenizer is the master: fused decoding writes local tokens, and the cloud's top-k, which
names tokens of another vocabulary, is projected on them. The projection is a function of the top-k
and of the local distribution alone, so speculative verification stays exact for the fused
distribution that it defines.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final, final

from cogenesis_langchain.models.base import StringTopK, TokenModel, TopK

if TYPE_CHECKING:
    from cogenesis_langchain.models.base import Probabilities

LEAST_COVERED: Final = 0.2
"""Below this share of projected mass the cloud has no say at a position."""


@final
class Alignment:
    """Projects strings on the tokens of a local model.

    Each string with mass p goes

    - to the local token that is the same string; else
    - to the local tokens that could begin to write it, in proportion to ``p_s``: those that it
      begins (`` rest`` begins `` restaurant``), and the longest that begins it (`` re``).

    Args:
        local: The model whose vocabulary is read, once: a few tenths of a second.
    """

    def __init__(self, local: TokenModel) -> None:
        pieces = [
            (piece, token)
            for token in range(local.vocabulary_size)
            if (piece := local.decode((token,))) and token not in local.end_tokens
        ]
        pieces.sort()
        self._pieces = [piece for piece, _ in pieces]
        self._tokens = [token for _, token in pieces]
        self._ends = sorted(local.end_tokens)

    def project(self, cloud: StringTopK, local: Probabilities) -> TopK | None:
        """Project the cloud's top-k of one position.

        Args:
            cloud: The cloud's strings and their log-probabilities.
            local: ``p_s`` at this position; shape (vocabulary,).

        Returns:
            The top-k over local tokens, each once; None if less than `LEAST_COVERED` of the
            cloud's mass can be read in local tokens.
        """
        import numpy as np

        masses: dict[int, float] = {}
        for text, mass in zip(cloud.strings, np.exp(cloud.logprobs), strict=True):
            for token, share in self._shares(text, local):
                masses[token] = masses.get(token, 0.0) + float(mass) * share
        if cloud.end_logprob is not None and self._ends:
            end = max(self._ends, key=lambda token: local[token])
            masses[end] = masses.get(end, 0.0) + float(np.exp(cloud.end_logprob))
        positive = {token: mass for token, mass in masses.items() if mass > 0.0}
        if sum(positive.values()) < LEAST_COVERED:
            return None
        order = sorted(positive, key=lambda token: (-positive[token], token))
        return TopK(np.array(order, dtype=np.int64), np.log([positive[token] for token in order]))

    def _shares(self, text: bytes, local: Probabilities) -> list[tuple[int, float]]:
        """Local tokens that a string goes to, with shares that add up to 1; none for no bytes."""
        if not text:
            return []
        first = bisect_left(self._pieces, text)
        if first < len(self._pieces) and self._pieces[first] == text:
            return [(self._tokens[first], 1.0)]
        candidates = [*self._longest_within(text), *self._tokens[first : self._after(text)]]
        weights = [float(local[token]) for token in candidates]
        total = sum(weights)
        if total <= 0.0:
            return [(token, 1.0) for token in candidates[:1]]
        return [(token, weight / total) for token, weight in zip(candidates, weights, strict=True)]

    def _longest_within(self, text: bytes) -> list[int]:
        """The longest token that begins a string; none if there is none."""
        for size in range(len(text) - 1, 0, -1):
            index = bisect_left(self._pieces, text[:size])
            if index < len(self._pieces) and self._pieces[index] == text[:size]:
                return [self._tokens[index]]
        return []

    def _after(self, text: bytes) -> int:
        """Index behind the last piece that begins with a string."""
        following = text.rstrip(b"\xff")
        if not following:
            return len(self._pieces)
        return bisect_left(self._pieces, following[:-1] + bytes([following[-1] + 1]))
