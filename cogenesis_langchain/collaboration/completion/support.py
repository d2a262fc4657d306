"""Measures whether private text supports what a slot was filled with.

A small model that finds nothing about a slot in the notes fills it with words that fit anywhere
("for the reason that I mentioned"). Such words are as probable without the notes as with them. So a
slot is kept if its tokens are more probable with the notes and the details of the request than
without them. Names, numbers and dates need no such measure: they are copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cogenesis_langchain.collaboration.completion.conversation import with_question
from cogenesis_langchain.collaboration.completion.questions import about_slot
from cogenesis_langchain.collaboration.completion.slot_decoder import Filled
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
        uninformed: The local model that fills the slots, over another cache.
        beginning: The conversation with the general instruction alone.
    """

    def __init__(self, uninformed: TokenModel, beginning: Sequence[PrivateMessage]) -> None:
        self._uninformed = uninformed
        self._beginning = beginning

    def speaks_for(self, filled: Filled, slot: Slot, written: str, before: str) -> bool:
        """Whether private text makes the words of a slot more probable.

        Args:
            filled: The words of the slot, and how probable they were with private text.
            slot: The slot.
            written: The text before the sentence of the slot.
            before: The sentence before the slot.
        """
        question = with_question(self._beginning, written, about_slot(slot))
        bare = self._uninformed.encode_chat(question)
        without = _logprobs(self._uninformed, bare, before, filled.text)
        gain = sum(filled.logprobs) - sum(without)
        return gain >= min(LEAST_GAIN, LEAST_MEAN_GAIN * len(filled.logprobs))


def _logprobs(model: TokenModel, prompt: Sequence[int], before: str, text: str) -> list[float]:
    """The log-probability of each token of a text, in nats."""
    bare = before.rstrip(" ")  # a space belongs to the token after it
    head = [*prompt, *model.encode(bare.encode())]
    tail = model.encode((before[len(bare) :] + text).encode())
    tokens = iter(tail)

    def of_next(logprobs: LogProbs) -> float:
        return float(logprobs[next(tokens)])

    return model.read([*head, *tail[:-1]], len(head), of_next)
