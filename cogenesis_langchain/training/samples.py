"""Training samples: the conversations in which a local model completes worked templates.

The prompts are those of `collaboration/completion`, so that the model is trained on what it reads
later. The loss is on the words of the slots and on the token after each, which is where a slot
ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from cogenesis_langchain.collaboration.completion.completer import Task
from cogenesis_langchain.collaboration.completion.conversation import Conversation
from cogenesis_langchain.collaboration.completion.prompt import task_of
from cogenesis_langchain.collaboration.completion.questions import Questions
from cogenesis_langchain.collaboration.completion.units import Unit, split_units
from cogenesis_langchain.datasets.conversation import conversation
from cogenesis_langchain.datasets.record import Record
from cogenesis_langchain.errors import TrainingError
from cogenesis_langchain.models.base import PrivateMessage, TokenModel
from cogenesis_langchain.privacy.instruction import MAX_PUBLIC_WORDS, split_request
from cogenesis_langchain.privacy.text import PrivateText
from cogenesis_langchain.sketch.template import Slot, Words
from cogenesis_langchain.training.worked_template import WorkedTemplate, work_out

_KEPT_NOTES: Final = 0.5
"""Share of the earlier texts that are shown: the model must not rely on them."""
_UNFILLABLE: Final = 0.8
"""Share of the samples that end with a slot of another record, which the notes cannot fill."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A sequence of tokens to train on.

    Attributes:
        ids: The tokens.
        trained: For each token, whether the model is trained to predict it.
    """

    ids: tuple[int, ...]
    trained: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    """Words of an answer, and whether the model is to write them."""

    text: str
    trained: bool = False


@dataclass(slots=True)
class _Turn:
    """A prompt, and what the answer to it is made of."""

    prompt: Sequence[PrivateMessage]
    answer: list[_Piece]

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.answer)


def completion_sample(
    record: Record, other: Record, tokens: TokenModel, random: Random
) -> Sample | None:
    """Make a sample of a record.

    Args:
        record: The record.
        other: Another one, a slot of which the record's notes cannot fill.
        tokens: Encodes prompts and texts as the local model does.
        random: Decides what is taken out of the text and of the notes.

    Returns:
        The sample; None if the record's text cannot be a template.

    Raises:
        TrainingError: The model's chat template rewrites earlier turns.
    """
    worked = work_out(record, random)
    if worked is None:
        return None
    request = split_request(
        conversation(_with_fewer_notes(record, random)),
        rule="last_human",
        max_public_words=MAX_PUBLIC_WORDS,
    )
    task = task_of(request, (), worked.template)
    foreign = _foreign_unit(other, random) if random.random() < _UNFILLABLE else None
    return _encoded(_turns(task, worked, foreign), tokens)


def _with_fewer_notes(record: Record, random: Random) -> Record:
    kept = tuple(one for one in record.earlier_writings if random.random() < _KEPT_NOTES)
    return record.model_copy(update={"earlier_writings": kept})


def _foreign_unit(other: Record, random: Random) -> Unit | None:
    """A sentence with a slot that asks for something else than a name."""
    worked = work_out(other, random)
    units = split_units(worked.template) if worked else []
    asking = [
        unit for unit in units if unit.slots and all(slot.kind != "name" for slot in unit.slots)
    ]
    return random.choice(asking) if asking else None


def _turns(task: Task, worked: WorkedTemplate, foreign: Unit | None) -> list[_Turn]:
    """The questions of a text with their answers."""
    units = split_units(worked.template)
    questions = Questions.of(units, task.details, task.notes)
    said = Conversation(task.beginning)
    turns: list[_Turn] = []
    fillings = iter(worked.fillings)

    def ask(question: str, answer: list[_Piece]) -> None:
        turn = _Turn(said.asked(question), answer)
        said.accept(turn.prompt, turn.text)
        turns.append(turn)

    for number, unit in enumerate(units):
        if unit.slots:
            ask(questions.about(number, unit), _filled(unit, fillings))
            continue
        said.append(unit.separator + unit.words)
        if turns:
            turns[-1].answer.append(_Piece(unit.separator + unit.words))
    for detail, sentence in worked.untold:
        ask(questions.about_detail(detail), [_Piece(sentence, trained=True)])
    if foreign is not None:
        beginning = foreign.parts[0]
        words = beginning.text if isinstance(beginning, Words) else ""
        # Nothing is to be written: only the end of the turn is trained. It follows the last word,
        # because a space belongs to the token after it.
        nothing = [_Piece(words.rstrip(" ")), _Piece("", trained=True)]
        ask(questions.about(len(units), foreign), nothing)
    return turns


def _filled(unit: Unit, fillings: Iterator[str]) -> list[_Piece]:
    return [
        _Piece(next(fillings), trained=True) if isinstance(part, Slot) else _Piece(part.text)
        for part in unit.parts
    ]


def _encoded(turns: Sequence[_Turn], tokens: TokenModel) -> Sample | None:
    """Encode a conversation: each turn's prompt is the beginning of the next one's."""
    if not turns:
        return None
    last = turns[-1]
    closed = [
        *last.prompt,
        PrivateMessage("assistant", PrivateText(last.text)),
        PrivateMessage("user", PrivateText("-")),
    ]
    ids = tokens.encode_chat(closed)
    trained = [False] * len(ids)
    end = 0
    for turn in turns:
        prompt = tokens.encode_chat(turn.prompt)
        answer = tokens.encode(turn.text.encode())
        end = len(prompt) + len(answer)
        if ids[:end] != [*prompt, *answer]:
            raise TrainingError(
                "the chat template of the model rewrites earlier turns",
                remedy="train a model whose chat template keeps each turn as it was",
            )
        for place in _places(turn.answer, answer, tokens):
            trained[len(prompt) + place] = True
    return Sample(tuple(ids[: end + 1]), tuple(trained[: end + 1]))


def _places(answer: Sequence[_Piece], ids: Sequence[int], tokens: TokenModel) -> list[int]:
    """Places of the tokens with words that are trained, and of the token after each run of them."""
    spans: list[tuple[int, int]] = []
    position = 0
    for piece in answer:
        length = len(piece.text.encode())
        if piece.trained:
            spans.append((position, position + length))
        position += length
    places: list[int] = []
    position = 0
    ends = [position := position + len(tokens.decode([one])) for one in ids]
    starts = [0, *ends[:-1]]
    for start, end in spans:
        covered = [
            place for place in range(len(ids)) if starts[place] < end and ends[place] > start
        ]
        after = next((place for place in range(len(ids)) if starts[place] >= end), len(ids))
        places += [*covered, after]
    return sorted(set(places))
