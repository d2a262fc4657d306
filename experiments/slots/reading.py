"""Reads the slots of one record: what a model would fill in, and how probable the right words are.

The template is made of the record's own text, as for training. Each slot is filled by the product's
own rules after the right words of all slots before it, so an error does not lead to others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from random import Random
from typing import Any, Final

from cogenesis_langchain.collaboration.completion.copying.copy_rules import CopyRules
from cogenesis_langchain.collaboration.completion.settled_text import SettledText
from cogenesis_langchain.collaboration.completion.slots.slot_writer import Place, SlotWriter
from cogenesis_langchain.datasets.record import Record
from cogenesis_langchain.models.base import GenerationOptions, LogProbs, TokenModel
from cogenesis_langchain.sketch.template import Slot, SlotKind, Words
from cogenesis_langchain.training.samples import Turn, WorkedCompletion, worked_completion

_GREEDY: Final = GenerationOptions(temperature=0.0)


@dataclass(frozen=True, slots=True)
class SlotReading:
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

    slots: tuple[SlotReading, ...]
    foreign: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it for a log."""
        return asdict(self)

    @classmethod
    def of_json(cls, kept: dict[str, Any]) -> RecordSlots:
        """Read it from a log."""
        return cls(tuple(SlotReading(**one) for one in kept["slots"]), kept["foreign"])


class SlotReader:
    """Reads slots with one model.

    Args:
        model: Its distributions.
        uninformed: The same model over another cache.
    """

    def __init__(self, model: TokenModel, uninformed: TokenModel) -> None:
        self._model = model
        self._uninformed = uninformed

    def read(self, record: Record, other: Record | None, seed: int) -> RecordSlots:
        """Read the slots of a record.

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
        reading = _Reading(completion, self._model, self._uninformed)
        return RecordSlots(tuple(reading.own()), reading.foreign())


class _Reading:
    """The slots of one conversation."""

    def __init__(
        self, completion: WorkedCompletion, model: TokenModel, uninformed: TokenModel
    ) -> None:
        task = completion.task
        rules = CopyRules([*task.notes, *task.request])
        self._writer = SlotWriter(model, uninformed, task, rules, _GREEDY)
        self._model = model
        self._own = [turn for turn in completion.turns if turn.unit and not turn.is_foreign]
        self._foreign = [turn for turn in completion.turns if turn.is_foreign]
        self._text = SettledText()

    def own(self) -> Iterator[SlotReading]:
        for turn, after in zip(self._own, _beginnings(self._own), strict=True):
            prompt = self._model.encode_chat(turn.prompt)
            before = ""
            for place, (part, piece) in enumerate(_parts(turn)):
                if isinstance(part, Slot):
                    rest = "".join(one.text for one in turn.answer[place + 1 :]) or after
                    yield self._read(part, self._place(prompt, before, rest), piece)
                before += piece
            separator = turn.unit.separator if turn.unit and self._text.written else ""
            self._text.written += separator + turn.text

    def foreign(self) -> str | None:
        for turn in self._foreign:
            assert turn.unit is not None
            prompt = self._model.encode_chat(turn.prompt)
            said = ""
            for part in turn.unit.parts:
                if isinstance(part, Words):
                    said += part.text
                    continue
                filled = self._writer.write(part, self._place(prompt, said, "")).text
                if not filled:
                    return ""
                said += filled
            return said
        return None

    def _place(self, prompt: Sequence[int], before: str, after: str) -> Place:
        return Place(prompt, self._text.written, before, after, self._text.salutation)

    def _read(self, slot: Slot, place: Place, right: str) -> SlotReading:
        filled = self._writer.write(slot, place)
        bare = place.before.rstrip(" ")  # a space belongs to the token after it
        head = [*place.prompt, *self._model.encode(bare.encode())]
        ids = self._model.encode((place.before[len(bare) :] + right).encode())
        wanted = iter(ids)

        def of_next(logprobs: LogProbs) -> float:
            return float(logprobs[next(wanted)])

        found = self._model.read([*head, *ids[:-1]], len(head), of_next)
        return SlotReading(slot.kind, right, filled.text, -sum(found), len(ids))


def _parts(turn: Turn) -> Iterator[tuple[Slot | Words, str]]:
    """The parts of a turn's sentence, each with its words; other words of the template follow."""
    assert turn.unit is not None
    for part, piece in zip(turn.unit.parts, turn.answer, strict=False):
        yield part, piece.text


def _beginnings(turns: Sequence[Turn]) -> list[str]:
    """For each turn, the words of the template that follow its answer."""
    found = []
    for turn in turns:
        assert turn.unit is not None
        first = turn.unit.parts[0]
        found.append(turn.unit.separator + (first.text if isinstance(first, Words) else ""))
    return [*found[1:], ""]


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).strip(" .,;:!?")
