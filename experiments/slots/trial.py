"""Tries a model on the slots of one record: what it fills in, and how probable the right words are.

The template is made of the record's own text, as for training. Each slot is filled by the product's
own rules after the right words of all slots before it, so an error does not lead to others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from random import Random
from typing import Any, Final

from cogenesis_langchain.collaboration.completion.copying.copy_rules import CopyRules
from cogenesis_langchain.collaboration.completion.settled_text import SettledText, Span
from cogenesis_langchain.collaboration.completion.slots.slot_writer import Place, SlotWriter
from cogenesis_langchain.collaboration.completion.units import (
    beginning_of,
    split_units,
    words_after,
)
from cogenesis_langchain.datasets.record import Record
from cogenesis_langchain.models.base import GenerationOptions, TokenModel
from cogenesis_langchain.models.decoding.logits import logprobs_of
from cogenesis_langchain.sketch.template import Slot, SlotKind, Words
from cogenesis_langchain.training.samples import WorkedCompletion, worked_completion

_GREEDY: Final = GenerationOptions(temperature=0.0)


@dataclass(frozen=True, slots=True)
class TriedSlot:
    """One slot of the record's own text.

    Attributes:
        kind: What it asks for.
        right: The words of the text.
        filled: The model's words; empty if the slot was left out.
        nats: Negative log-likelihood of the right words, in nats.
        tokens: Number of their tokens.
    """

    kind: SlotKind
    right: str
    filled: str
    nats: float
    tokens: int

    @property
    def is_exact(self) -> bool:
        """Whether the model's words are the right ones, apart from case, spaces and end marks."""
        return _plain(self.filled) == _plain(self.right)


@dataclass(frozen=True, slots=True)
class RecordSlots:
    """The slots of one record.

    Attributes:
        slots: Those of its own text, in order.
        foreign: What the model wrote into a sentence that belongs to another record, which the
            notes cannot fill; empty if it was left out, None if there was none.
    """

    slots: tuple[TriedSlot, ...]
    foreign: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it for a log."""
        return asdict(self)

    @classmethod
    def of_json(cls, kept: dict[str, Any]) -> RecordSlots:
        """Read it from a log."""
        return cls(tuple(TriedSlot(**one) for one in kept["slots"]), kept["foreign"])


class SlotTrial:
    """Tries one model.

    Args:
        model: Its distributions.
        uninformed: The same model over another cache.
    """

    def __init__(self, model: TokenModel, uninformed: TokenModel) -> None:
        self._model = model
        self._uninformed = uninformed

    def run(self, record: Record, other: Record | None, seed: int) -> RecordSlots:
        """Try the slots of a record.

        Args:
            record: The record.
            other: Another one, for a slot that cannot be filled; None for none.
            seed: Decides the template.

        Returns:
            Its slots; none if the text of the record cannot be a template.

        Raises:
            ContextTooLong: The conversation does not fit the model's window.
            LocalModelError: The model failed.
        """
        completion = worked_completion(record, other, Random(f"{seed}-{record.id}"))
        if completion is None:
            return RecordSlots(())
        one = _RecordTrial(completion, self._model, self._uninformed)
        return RecordSlots(tuple(one.own()), one.foreign())


class _RecordTrial:
    """The trial of one conversation."""

    def __init__(
        self, completion: WorkedCompletion, model: TokenModel, uninformed: TokenModel
    ) -> None:
        task = completion.task
        rules = CopyRules([*task.notes, *task.request])
        self._writer = SlotWriter(model, uninformed, task, rules, _GREEDY)
        self._model = model
        self._units = split_units(task.template)
        self._turns = completion.turns
        self._text = SettledText()

    def own(self) -> Iterator[TriedSlot]:
        """Try the slots of the record's own text; must be called before `foreign`."""
        turns = iter(self._turns)
        for number, unit in enumerate(self._units):
            if not unit.slots:
                self._text.add(unit, [Span(unit.words, "cloud")])
                continue
            turn = next(turns)
            prompt = self._model.encode_chat(turn.prompt)
            after = "".join(map(beginning_of, self._units[number + 1 : number + 2]))
            before = ""
            for index, (part, piece) in enumerate(zip(unit.parts, turn.answer, strict=False)):
                if isinstance(part, Slot):
                    place = self._place(prompt, before, words_after(unit, index) or after)
                    yield self._try(part, place, piece.text)
                before += piece.text
            self._text.add(unit, [Span(before, "local")])
        for turn in turns:
            if not turn.is_foreign:  # a detail that the template has no slot for
                self._text.written += f" {turn.text}"

    def foreign(self) -> str | None:
        """Try the sentence of another record; see `RecordSlots`."""
        turn = next((one for one in self._turns if one.is_foreign), None)
        if turn is None or turn.unit is None:
            return None
        prompt = self._model.encode_chat(turn.prompt)
        said = ""
        for index, part in enumerate(turn.unit.parts):
            if isinstance(part, Words):
                said += part.text
                continue
            place = self._place(prompt, said, words_after(turn.unit, index))
            filled = self._writer.write(part, place).text
            if not filled:
                return ""
            said += filled
        return said

    def _place(self, prompt: Sequence[int], before: str, after: str) -> Place:
        return Place(prompt, self._text.written, before, after, self._text.salutation)

    def _try(self, slot: Slot, place: Place, right: str) -> TriedSlot:
        filled = self._writer.write(slot, place)
        bare = place.before.rstrip(" ")  # a space belongs to the token after it
        head = [*place.prompt, *self._model.encode(bare.encode())]
        ids = self._model.encode((place.before[len(bare) :] + right).encode())
        found = logprobs_of(self._model, head, ids)
        return TriedSlot(slot.kind, right, filled.text, -sum(found), len(ids))


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).strip(" .,;:!?")
