"""Projects the cloud model's next-token strings onto the local model's tokens.

Fused decoding writes local tokens. The cloud's top-k names tokens of another vocabulary, so it is
projected onto local ones. The projection depends only on the top-k and on the local distribution at
that position, never on the draft. Speculative decoding therefore stays exact for the fused
distribution that the projection defines.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final, final

from cogenesis_langchain.models.base import TokenModel
from cogenesis_langchain.models.scoring.scores import StringTopK, TopK

if TYPE_CHECKING:
    from cogenesis_langchain.models.base import Probabilities

MIN_COVERED_MASS: Final = 0.2
"""Ignore the cloud at a position where less probability mass than this can be projected."""


@final
class Alignment:
    """Projects strings onto the tokens of a local model.

    Each string with mass p goes

    - to the local token with exactly the same bytes, if there is one; else
    - to the local tokens that are compatible with it, in proportion to ``p_s``: every token that
      starts with the string (`` rest`` matches `` restaurant``), and the longest token that is a
      prefix of the string (`` re``).

    Args:
        local: The model whose vocabulary is read. The constructor reads it once, which takes a few
            tenths of a second.
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
            The top-k over local tokens, each token once. None if less than `MIN_COVERED_MASS` of
                the cloud's probability mass maps to local tokens.
        """
        import numpy as np

        masses: dict[int, float] = {}
        for text, mass in zip(cloud.strings, np.exp(cloud.logprobs), strict=True):
            for token, share in self._shares(text, local):
                masses[token] = masses.get(token, 0.0) + float(mass) * share
        if cloud.end_logprob is not None and self._ends:
            # A model may have several end tokens. Which one ends the text makes no difference, so
            # take the one that the local model prefers.
            end = max(self._ends, key=lambda token: local[token])
            masses[end] = masses.get(end, 0.0) + float(np.exp(cloud.end_logprob))
        positive = {token: mass for token, mass in masses.items() if mass > 0.0}
        if sum(positive.values()) < MIN_COVERED_MASS:
            return None
        order = sorted(positive, key=lambda token: (-positive[token], token))
        return TopK(np.array(order, dtype=np.int64), np.log([positive[token] for token in order]))

    def _shares(self, text: bytes, local: Probabilities) -> list[tuple[int, float]]:
        """Local tokens that receive a string's mass, with shares that sum to 1."""
        if not text:
            return []
        first = bisect_left(self._pieces, text)
        if first < len(self._pieces) and self._pieces[first] == text:
            return [(self._tokens[first], 1.0)]
        candidates = [*self._longest_prefix(text), *self._tokens[first : self._end_of_range(text)]]
        weights = [float(local[token]) for token in candidates]
        total = sum(weights)
        if total <= 0.0:
            # The local model rules all of them out, so there is nothing to weight them by.
            return [(token, 1.0) for token in candidates[:1]]
        return [(token, weight / total) for token, weight in zip(candidates, weights, strict=True)]

    def _longest_prefix(self, text: bytes) -> list[int]:
        """The longest token that is a proper prefix of the string, if there is one."""
        for size in range(len(text) - 1, 0, -1):
            index = bisect_left(self._pieces, text[:size])
            if index < len(self._pieces) and self._pieces[index] == text[:size]:
                return [self._tokens[index]]
        return []

    def _end_of_range(self, text: bytes) -> int:
        """Index after the last piece that starts with the string, in sorted order."""
        # Increment the last byte to get the upper bound; 0xff cannot be incremented.
        following = text.rstrip(b"\xff")
        if not following:
            return len(self._pieces)
        return bisect_left(self._pieces, following[:-1] + bytes([following[-1] + 1]))
