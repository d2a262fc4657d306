"""Influence: how much more probable the private context made each token of a text.

The local model reads a text twice: with its prompt as it is, and as one reads it who knows the
public view alone, with the prompt without the private context and the view of the text before the
token. The gain of a token is the difference of its log-probability, in nats. It depends on the text
up to the token alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, final

from cogenesis_langchain.errors import ContextTooLong
from cogenesis_langchain.models.base import TokenModel

if TYPE_CHECKING:
    from cogenesis_langchain.models.base import Probabilities


@dataclass(slots=True)
class _Node:
    """A token in the tree of the texts that were measured."""

    gain: float = math.inf
    after: dict[int, _Node] = field(default_factory=dict)


@final
class Gains:
    """The gains of the tokens of one text and of its drafts. One thread may add to them."""

    def __init__(self) -> None:
        self._root = _Node()

    def add(self, written: Sequence[int], token: int, gain: float) -> None:
        """Keep the gain of a token after a text, in nats."""
        node = self._root
        for before in (*written, token):
            node = node.after.setdefault(before, _Node())
        node.gain = gain

    def of(self, text: Sequence[int]) -> list[float]:
        """Return the gain of each token of a text; infinite where it was not measured."""
        found: list[float] = []
        node = self._root
        for token in text:
            node = node.after.get(token) or _Node()
            found.append(node.gain)
        return found


@final
class Influence:
    """Measures tokens while they are drafted and settled.

    Args:
        model: The local model, with a cache of its own; the weights may be shared.
        prompt: Token ids of the local prompt without the private context.
        view: Returns the public view of a text, in local tokens; for this reader alone.
        gains: Where the gains are kept.
    """

    def __init__(
        self,
        model: TokenModel,
        prompt: Sequence[int],
        view: Callable[[Sequence[int]], Sequence[int]],
        gains: Gains,
    ) -> None:
        self._model = model
        self._prompt = tuple(prompt)
        self._view = view
        self.gains = gains

    def measure(self, written: Sequence[int], token: int, local: Probabilities) -> None:
        """Measure the gain of a token.

        Args:
            written: The text before it.
            token: The token.
            local: The local model's probabilities at its position, with the private context, shape
                (vocabulary,).
        """
        try:
            redacted = self._model.next_logprobs((*self._prompt, *self._view(written)))
        except ContextTooLong:  # placeholders are longer than what they stand for
            self.gains.add(written, token, math.inf)
            return
        # A token of the cloud model's may be impossible for the local one.
        told = math.log(max(float(local[token]), math.ulp(0.0)))
        gain = told - float(redacted[token])
        self.gains.add(written, token, math.inf if math.isnan(gain) else gain)
