"""The local model's prompt for completing a template."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cogenesis_langchain.collaboration.completion.questions import Questions
from cogenesis_langchain.collaboration.completion.task import Task
from cogenesis_langchain.collaboration.completion.units import split_units
from cogenesis_langchain.collaboration.content.content_selection import notes_about
from cogenesis_langchain.collaboration.content.details import clauses_of, details_in
from cogenesis_langchain.collaboration.content.forbidden import split_details
from cogenesis_langchain.models.base import PrivateMessage, TokenModel
from cogenesis_langchain.privacy.messages.instruction import Request
from cogenesis_langchain.privacy.text import PrivateText
from cogenesis_langchain.prompts import (
    COMPLETION_START,
    COMPLETION_SYSTEM,
    FILL_CONTEXT,
    FILL_TASK,
)
from cogenesis_langchain.sketch.template import Template

_NOTES_OF_THE_SUBJECT: Final = 4
_LONGEST_RECORD: Final = 60  # words
_TURN_TOKENS: Final = 10  # the marks around a question and its answer
_SENTENCE_TOKENS: Final = 40  # a sentence that tells a detail


def beginning_of(request: Request, context: Sequence[PrivateText]) -> list[PrivateMessage]:
    """The conversation before the first question: rules, earlier turns, notes and task.

    Args:
        request: The request, taken apart.
        context: Texts of the private context, most important first.

    Returns:
        The turns; the last one is the user's and still grows at its end.
    """
    system = [turn.text.reveal() for turn in request.turns if turn.role == "system"]
    earlier = [
        PrivateMessage(turn.role, turn.text) for turn in request.turns if turn.role != "system"
    ]
    notes = _notes(request, context)
    asked = FILL_CONTEXT.fill({"context": "\n\n".join(notes)}) if notes else ""
    return _conversation(system, earlier, asked, request.task)


def task_of(request: Request, context: Sequence[PrivateText], template: Template) -> Task:
    """What a template is completed from; see `beginning_of`."""
    turns = [turn.text for turn in request.turns]
    told = [request.bare_task, *request.details, *turns]
    notes = [*_notes(request, context), *(turn.reveal() for turn in turns)]
    instruction = request.bare_task.reveal()
    details, forbidden = split_details(details_in(one.reveal() for one in request.details))
    return Task(
        beginning=beginning_of(request, context),
        uninformed=_conversation((), (), "", request.bare_task),
        template=template,
        notes=notes,
        subject=[*_records(context), *notes_about(instruction, notes, _NOTES_OF_THE_SUBJECT)],
        instruction=instruction,
        request=[text.reveal() for text in told],
        details=details,
        forbidden=forbidden,
    )


def needed_tokens(task: Task, model: TokenModel) -> int:
    """Return how many tokens the whole conversation about a template takes."""
    units = split_units(task.template)
    questions = Questions.of(units, task.details, task.notes, task.subject)
    asked = [questions.about(number, unit) for number, unit in enumerate(units) if unit.slots]
    clauses = [clause for detail in task.details for clause in clauses_of(detail)]
    asked += [questions.about_detail(clause) for clause in clauses]
    asked += [questions.about_note_of(clause) for clause in clauses]
    written = 2 * len(model.encode(str(task.template).encode())) + _SENTENCE_TOKENS * len(clauses)
    turns = sum(len(model.encode(question.encode())) + _TURN_TOKENS for question in asked)
    return len(model.encode_chat(task.beginning)) + written + turns


def _conversation(
    system: Sequence[str], earlier: Sequence[PrivateMessage], notes: str, task: PrivateText
) -> list[PrivateMessage]:
    rules = "\n\n".join((COMPLETION_SYSTEM.fill({}), *system))
    asked = FILL_TASK.fill({"instruction": task.reveal()}) + COMPLETION_START.fill({})
    return [
        PrivateMessage("system", PrivateText(rules)),
        *earlier,
        PrivateMessage("user", PrivateText(notes + asked)),
    ]


def _records(context: Sequence[PrivateText]) -> list[str]:
    """Short documents, as they were found for the request: each is about it as a whole."""
    texts = (" ".join(text.reveal().split()) for text in context)
    return [text for text in texts if len(text.split()) <= _LONGEST_RECORD]


def _notes(request: Request, context: Sequence[PrivateText]) -> list[str]:
    return [text.reveal() for text in (*context, *request.notes, *request.results)]
