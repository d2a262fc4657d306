"""Writes one slot: what the local model decodes there, as far as it may stand in the text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cogenesis_langchain.collaboration.completion.checks import begins_with, echoes, repeats
from cogenesis_langchain.collaboration.completion.copying.copy_rules import CopyRules
from cogenesis_langchain.collaboration.completion.slots.slot_decoder import Filled, SlotDecoder
from cogenesis_langchain.collaboration.completion.slots.token_choice import GreedyOrSampled
from cogenesis_langchain.collaboration.completion.support import Support
from cogenesis_langchain.collaboration.completion.task import Task
from cogenesis_langchain.collaboration.content.details import is_order, recites
from cogenesis_langchain.collaboration.content.forbidden import tells_forbidden
from cogenesis_langchain.collaboration.content.sentences import split_sentences
from cogenesis_langchain.models.base import GenerationOptions, TokenModel
from cogenesis_langchain.sketch.template import Slot


@dataclass(frozen=True, slots=True)
class Place:
    """Where a slot stands.

    Attributes:
        prompt: Tokens up to where the sentence of the slot begins.
        written: The text before that sentence.
        before: The sentence before the slot.
        after: The words that follow the slot; empty at the end of the text.
        salutation: The line of the text that names its reader; empty before there is one.
    """

    prompt: Sequence[int]
    written: str
    before: str
    after: str
    salutation: str


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a slot.

    Attributes:
        text: The words that may stand there; empty if nothing may.
        tokens: Tokens that were decoded.
    """

    text: str
    tokens: int


class SlotWriter:
    """Fills the slots of one text, or leaves them empty.

    Args:
        model: The local model's distributions.
        uninformed: The same model over another cache; it is never shown notes or details.
        task: What the template is completed from.
        rules: What may be copied into a slot.
        options: How free words are chosen.
    """

    def __init__(
        self,
        model: TokenModel,
        uninformed: TokenModel,
        task: Task,
        rules: CopyRules,
        options: GenerationOptions,
    ) -> None:
        self._decoder = SlotDecoder(model, rules, GreedyOrSampled(options))
        self._rules = rules
        self._support = Support(uninformed, task.uninformed)
        self._task = task
        self._orders = [detail for detail in task.details if is_order(detail)]

    def write(self, slot: Slot, place: Place, *, is_asked_for: bool = False) -> Written:
        """Fill a slot.

        Args:
            slot: The slot.
            place: Where it stands.
            is_asked_for: Whether it tells a detail of the request, which needs no support.
        """
        filled = self._decoder.fill(
            place.prompt, place.before, slot, place.after, salutation=place.salutation
        )
        said = filled.text if is_asked_for else self._supported(slot, place, filled)
        return Written(self._acceptable(slot, place, said), filled.tokens)

    def _supported(self, slot: Slot, place: Place, filled: Filled) -> str:
        """What notes and details speak for of a slot's words.

        A name or a phrase with a copied number or name needs no support; free words do, also in
        the place of a value: "on any day and time".
        """
        copied = slot.kind != "sentences" and self._rules.copies(place.before, filled.text)
        if not filled.text or slot.kind == "name" or copied:
            return filled.text
        return self._support.supported(filled, slot, place.written, place.before)

    def _acceptable(self, slot: Slot, place: Place, text: str) -> str:
        """A slot's text without sentences that were said before, are orders, or are forbidden."""
        forbidden = self._task.forbidden
        if slot.kind != "sentences":
            unwanted = echoes(text, slot.description) or tells_forbidden(text, forbidden)
            return "" if unwanted else text
        if place.salutation:
            text = text.removeprefix(place.salutation).lstrip()
        kept: list[str] = []
        for sentence in split_sentences(text):
            said = (place.written, self._task.instruction, *kept)
            unwanted = (
                any(repeats(sentence, one) for one in said)
                or any(recites(sentence, one) for one in self._orders)
                or tells_forbidden(sentence, forbidden)
            )
            if unwanted:
                continue
            if kept and begins_with(sentence, kept[-1]):
                shorter = kept.pop()  # it is said again, and more
                space = shorter[: len(shorter) - len(shorter.lstrip())]
                sentence = space + sentence.lstrip()
            kept.append(sentence)
        return "".join(kept).rstrip()
