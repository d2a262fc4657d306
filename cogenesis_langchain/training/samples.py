"""Training samples: completions of worked templates, and whole texts.

The prompts are the product's own, so that the model is trained on what it reads later. In a
completion the loss is on the words of the slots and on the token after each, which is where a slot
ends; otherwise it is on the whole text (equation 3 of the paper).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from random import Random
from typing import Final

from cogenesis_langchain.collaboration.completion.conversation import Conversation
from cogenesis_langchain.collaboration.completion.prompt import task_of
from cogenesis_langchain.collaboration.completion.questions import Questions
from cogenesis_langchain.collaboration.completion.task import Task
from cogenesis_langchain.collaboration.completion.units import Unit, split_units
from cogenesis_langchain.collaboration.local_prompt import LocalPrompt
from cogenesis_langchain.datasets.conversation import conversation
from cogenesis_langchain.datasets.record import Record
from cogenesis_langchain.errors import TrainingError
from cogenesis_langchain.models.base import PrivateMessage, TokenModel
from cogenesis_langchain.privacy.messages.instruction import (
    MAX_PUBLIC_WORDS,
    Request,
    split_request,
)
from cogenesis_langchain.privacy.text import PrivateText
from cogenesis_langchain.sketch.outline import Outline
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
class Piece:
    """Words of an answer.

    Attributes:
        text: The words.
        trained: Whether the model is to write them.
    """

    text: str
    trained: bool = False


@dataclass(slots=True)
class Turn:
    """A question about a template, and the answer to it.

    Attributes:
        prompt: The conversation that ends with the question.
        unit: The sentence of the template that is asked about; None for a detail of the request.
        answer: Its words, and those of the template up to the next question.
        is_foreign: Whether the unit is of another record, so that the notes cannot fill it.
    """

    prompt: Sequence[PrivateMessage]
    unit: Unit | None
    answer: list[Piece]
    is_foreign: bool = False

    @property
    def text(self) -> str:
        """The whole answer."""
        return "".join(piece.text for piece in self.answer)


@dataclass(frozen=True, slots=True)
class WorkedCompletion:
    """A template with the conversation in which it is completed.

    Attributes:
        task: The template and what fills it.
        turns: The questions with their answers, in order.
    """

    task: Task
    turns: Sequence[Turn]


def completion_sample(
    record: Record, other: Record | None, tokens: TokenModel, random: Random
) -> Sample | None:
    """Make a sample of a record.

    Args:
        record: The record.
        other: Another one, a slot of which the record's notes cannot fill; None for none.
        tokens: Encodes prompts and texts as the local model does.
        random: Decides what is taken out of the text and of the notes.

    Returns:
        The sample; None if the record's text cannot be a template.

    Raises:
        TrainingError: The model's chat template rewrites earlier turns.
    """
    completion = worked_completion(record, other, random)
    return _encoded(completion.turns, tokens) if completion and completion.turns else None


def text_sample(
    record: Record,
    outline: Sequence[str],
    tokens: TokenModel,
    random: Random,
    *,
    shows_example: bool = False,
) -> Sample:
    """Make a sample in which the whole text of a record is written.

    Args:
        record: The record.
        outline: Points that a cloud model wrote for it; empty for the notes alone.
        tokens: Encodes prompt and text as the local model does.
        random: Decides what is taken out of the notes.
        shows_example: Whether the prompts of that model show a worked example.

    Raises:
        TrainingError: The model's chat template rewrites earlier turns.
    """
    prompt = LocalPrompt(_request(record, random), (), shows_example=shows_example)
    messages = prompt.complete(Outline(tuple(outline)) if outline else None)
    answer = [Piece(record.reference.strip(), trained=True)]
    return _encoded([Turn(messages, None, answer)], tokens)


def worked_completion(
    record: Record, other: Record | None, random: Random
) -> WorkedCompletion | None:
    """Make the conversation of a sample.

    Args:
        record: The record.
        other: Another one, a slot of which the record's notes cannot fill; None for none.
        random: Decides what is taken out of the text and of the notes.

    Returns:
        The conversation; None if the record's text cannot be a template.
    """
    worked = work_out(record, random)
    if worked is None:
        return None
    task = task_of(_request(record, random), (), worked.template)
    foreign = None
    if other is not None and random.random() < _UNFILLABLE:
        foreign = _foreign_unit(other, random)
    return WorkedCompletion(task, _turns(task, worked, foreign))


def _request(record: Record, random: Random) -> Request:
    """A record as `ChatCoGenesis` splits it, with some of the earlier texts."""
    kept = tuple(one for one in record.earlier_writings if random.random() < _KEPT_NOTES)
    with_fewer = record.model_copy(update={"earlier_writings": kept})
    return split_request(
        conversation(with_fewer), rule="last_human", max_public_words=MAX_PUBLIC_WORDS
    )


def _foreign_unit(other: Record, random: Random) -> Unit | None:
    """A sentence with a slot that asks for something else than a name."""
    worked = work_out(other, random)
    units = split_units(worked.template) if worked else []
    asking = [
        unit for unit in units if unit.slots and all(slot.kind != "name" for slot in unit.slots)
    ]
    return random.choice(asking) if asking else None


def _turns(task: Task, worked: WorkedTemplate, foreign: Unit | None) -> list[Turn]:
    """The questions of a text with their answers."""
    units = split_units(worked.template)
    questions = Questions.of(units, task.details, task.notes, task.subject)
    said = Conversation(task.beginning)
    turns: list[Turn] = []
    fillings = iter(worked.fillings)

    def ask(
        question: str, unit: Unit | None, answer: list[Piece], *, is_foreign: bool = False
    ) -> None:
        turn = Turn(said.asked(question), unit, answer, is_foreign)
        said.accept(turn.prompt, turn.text)
        turns.append(turn)

    for number, unit in enumerate(units):
        if unit.slots:
            ask(questions.about(number, unit), unit, _filled(unit, fillings))
            continue
        said.append(unit.separator + unit.words)
        if turns:
            turns[-1].answer.append(Piece(unit.separator + unit.words))
    for detail, sentence in worked.untold:
        ask(questions.about_detail(detail), None, [Piece(sentence, trained=True)])
    if foreign is not None:
        beginning = foreign.parts[0]
        words = beginning.text if isinstance(beginning, Words) else ""
        # Nothing is to be written: only the end of the turn is trained. It follows the last word,
        # because a space belongs to the token after it.
        nothing = [Piece(words.rstrip(" ")), Piece("", trained=True)]
        ask(questions.about(len(units), foreign), foreign, nothing, is_foreign=True)
    return turns


def _filled(unit: Unit, fillings: Iterator[str]) -> list[Piece]:
    return [
        Piece(next(fillings), trained=True) if isinstance(part, Slot) else Piece(part.text)
        for part in unit.parts
    ]


def _encoded(turns: Sequence[Turn], tokens: TokenModel) -> Sample:
    """Encode a conversation.

    What fills a slot is encoded by itself, as it is decoded later: with the space before it, and
    without the words that follow. Everything else is encoded as in a prompt.
    """
    ids: list[int] = []
    trained: list[bool] = []
    read = 0  # tokens of the prompts that are in the sample, with answers encoded as a whole
    for number, turn in enumerate(turns):
        following = turns[number + 1].prompt if number + 1 < len(turns) else _closed(turn)
        prompt = tokens.encode_chat(turn.prompt)
        answered = [*prompt, *tokens.encode(turn.text.encode())]
        after = tokens.encode_chat(following)[len(answered) :]
        if tokens.encode_chat(following)[: len(answered)] != answered or not after:
            raise TrainingError(
                "the chat template of the model rewrites earlier turns",
                remedy="train a model whose chat template keeps each turn as it was",
            )
        ids += prompt[read:]
        trained += [False] * (len(prompt) - read)
        ends = False
        for segment, is_filling in _segments(turn.answer):
            encoded = tokens.encode(segment.encode())
            ids += encoded
            # The token after a slot is where the slot ends.
            trained += [is_filling or (ends and place == 0) for place in range(len(encoded))]
            ends = is_filling if encoded else ends or is_filling
        ids.append(after[0])  # the end of the turn
        trained.append(ends)
        read = len(answered) + 1
    return Sample(tuple(ids), tuple(trained))


def _closed(turn: Turn) -> list[PrivateMessage]:
    """The conversation after the last answer."""
    return [
        *turn.prompt,
        PrivateMessage("assistant", PrivateText(turn.text)),
        PrivateMessage("user", PrivateText("-")),
    ]


def _segments(answer: Sequence[Piece]) -> Iterator[tuple[str, bool]]:
    """Runs of an answer, and whether they fill a slot; a space belongs to the words after it."""
    space = ""
    for trained, pieces in groupby(answer, key=lambda piece: piece.trained):
        text = space + "".join(piece.text for piece in pieces)
        bare = text if trained else text.rstrip(" ")
        space = text[len(bare) :]
        yield bare, trained
    if space:
        yield space, False
