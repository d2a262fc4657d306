"""Measures whether private text supports what a slot was filled with.

A small model that finds nothing about a slot in the notes fills it with words that fit anywhere
("for the reason that I mentioned"). Such words are as probable without the notes as with them. So a
slot is kept if its tokens are more probable with the notes and the details of the request than
without them. Names, numbers and dates need no such measure: they are copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cogenesis_langchain.collaboration.completion.questions import about_slot, with_question
from cogenesis_langchain.models.base import LogProbs, PrivateMessage, TokenModel
from cogenesis_langchain.sketch.template import Slot

LEAST_GAIN: Final = 3.0
"""Gain of all tokens of a slot, in nats, from which on the slot is kept."""
LEAST_MEAN_GAIN: Final = 0.5
"""Gain of each token on average, in nats, from which on a slot of few words is kept. Both numbers
were chosen on development records, see ``docs/templates.md``."""


class Support:
    """Compares a slot's likelihood with and without private text.

    Args:
        informed: The local model that fills the slots.
        uninformed: The same model over another cache.
        beginning: The conversation with the general instruction alone.
    """

    def __init__(
        self,
        informed: TokenModel,
        uninformed: TokenModel,
        beginning: Sequence[PrivateMessage],
    ) -> None:
        self._informed = informed
        self._uninformed = uninformed
        self._beginning = beginning

    def speaks_for(
        self, prompt: Sequence[int], slot: Slot, written: str, before: str, text: str
    ) -> bool:
        """Whether private text makes the words of a slot more probable.

        Args:
            prompt: Tokens of the prompt that the slot was filled under.
            slot: The slot.
            written: The text before the sentence of the slot.
            before: The sentence before the slot.
            text: The words of the slot.
        """
        question = with_question(self._beginning, written, about_slot(slot))
        bare = self._uninformed.encode_chat(question)
        informed = _logprobs(self._informed, prompt, before, text)
        gain = sum(informed) - sum(_logprobs(self._uninformed, bare, before, text))
        return gain >= min(LEAST_GAIN, LEAST_MEAN_GAIN * len(informed))


def _logprobs(model: TokenModel, prompt: Sequence[int], before: str, text: str) -> list[float]:
    """The log-probability of each token of a text, in nats."""
    bare = before.rstrip(" ")  # a space belongs to the token after it
    head = [*prompt, *model.encode(bare.encode())]
    tail = model.encode((before[len(bare) :] + text).encode())
    tokens = iter(tail)

    def of_next(logprobs: LogProbs) -> float:
        return float(logprobs[next(tokens)])

    return model.read([*head, *tail[:-1]], len(head), of_next)
