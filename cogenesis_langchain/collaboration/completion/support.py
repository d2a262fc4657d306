"""Measures whether private text supports what a slot was filled with.

A small model that finds nothing about a slot in the notes fills it with words that fit anywhere
("for the reason that I mentioned"). Such words are as probable without the notes as with them. So a
slot is kept if its tokens are more probable with the notes and the details of the request than
without them, and of several sentences each that is. Names, numbers and dates need no such measure:
they are copied.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from cogenesis_langchain.collaboration.completion.conversation import with_question
from cogenesis_langchain.collaboration.completion.questions import about_slot
from cogenesis_langchain.collaboration.completion.slots.slot_decoder import Filled
from cogenesis_langchain.collaboration.content.sentences import split_sentences
from cogenesis_langchain.models.base import PrivateMessage, TokenModel
from cogenesis_langchain.models.decoding.logits import logprobs_of
from cogenesis_langchain.sketch.template import Slot

LEAST_GAIN: Final = 0.5
"""Gain of each token on average, in nats, from which on a phrase or a sentence is kept. It was
chosen on development records, see ``docs/templates.md``."""


class Support:
    """Compares a slot's likelihood with and without private text.

    Args:
        uninformed: The local model that fills the slots, over another cache.
        beginning: The conversation with the general instruction alone.
    """

    def __init__(self, uninformed: TokenModel, beginning: Sequence[PrivateMessage]) -> None:
        self._uninformed = uninformed
        self._beginning = beginning

    def supported(self, filled: Filled, slot: Slot, written: str, before: str) -> str:
        """Return what private text makes more probable of the words of a slot.

        Args:
            filled: The words of the slot, and how probable they were with private text.
            slot: The slot. Of several sentences each has to be supported by itself.
            written: The text before the sentence of the slot.
            before: The sentence before the slot.
        """
        gains = self._gains(filled, slot, written, before)
        if slot.kind != "sentences":
            return filled.text if _is_enough(gains) else ""
        sentences = _with_gains(self._uninformed, filled, gains)
        return "".join(sentence for sentence, found in sentences if _is_enough(found)).rstrip()

    def _gains(self, filled: Filled, slot: Slot, written: str, before: str) -> list[float]:
        """The gain of each token, in nats."""
        question = with_question(self._beginning, written, about_slot(slot))
        bare = before.rstrip(" ")  # a space belongs to the token after it
        model = self._uninformed
        head = [*model.encode_chat(question), *model.encode(bare.encode())]
        without = logprobs_of(model, head, filled.ids)
        return [told - bare for told, bare in zip(filled.logprobs, without, strict=True)]


def _is_enough(gains: Sequence[float]) -> bool:
    return sum(gains) >= LEAST_GAIN * len(gains)


def _with_gains(
    model: TokenModel, filled: Filled, gains: Sequence[float]
) -> Iterator[tuple[str, list[float]]]:
    """The sentences of a slot, each with the gains of its tokens."""
    lengths = [len(_decoded(model, filled.ids[:count])) for count in range(len(filled.ids) + 1)]
    text, place = _decoded(model, filled.ids), 0
    for sentence in split_sentences(filled.text):
        # The last character can be a quotation mark that was added.
        start = text.index(sentence[:-1], place)
        place = start + len(sentence) - 1
        tokens = zip(gains, lengths, lengths[1:], strict=False)
        yield sentence, [gain for gain, begin, end in tokens if end > start and begin < place]


def _decoded(model: TokenModel, ids: Sequence[int]) -> str:
    return model.decode(ids).decode(errors="ignore")
