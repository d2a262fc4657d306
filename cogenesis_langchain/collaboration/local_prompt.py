"""The local model's prompt for a text from context, instruction and outline.

The prompt holds what is known early first: rules, earlier turns, the context, the task. So the
local model reads all of that while the outline is still on its way, and continues from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cogenesis_langchain.collaboration.blanks import BRACKETS, has_place_for_brackets
from cogenesis_langchain.collaboration.content.content_selection import select_content
from cogenesis_langchain.collaboration.content.details import details_in
from cogenesis_langchain.collaboration.content.forbidden import split_details, tells_forbidden
from cogenesis_langchain.collaboration.content.outline_plan import plan_outline
from cogenesis_langchain.models.base import GenerationOptions, PrivateMessage
from cogenesis_langchain.privacy.messages.instruction import Request
from cogenesis_langchain.privacy.text import PrivateText, PublicText
from cogenesis_langchain.prompts import (
    FILL_CLOSE,
    FILL_CONTENT,
    FILL_CONTEXT,
    FILL_EXAMPLE,
    FILL_OUTLINE,
    FILL_SYSTEM,
    FILL_TASK,
    REPLY_CLOSE,
    REPLY_GENERAL,
    REPLY_MISSING,
    REPLY_QUESTION,
    REPLY_SYSTEM,
)
from cogenesis_langchain.sketch.outline import Outline
from cogenesis_langchain.sketch.question import is_question


class LocalPrompt:
    """The local model's prompt for one request, first without and then with the outline.

    A request for a text can be preceded by an example of how notes become a text, unless there is
    a conversation before it. A question needs neither an example nor an outline.

    Args:
        request: The request, taken apart.
        context: Texts of the private context, most important first.
        is_question: Whether the request is to be answered, not to be written.
        shows_example: Whether there is an example; see `ModelFile.needs_example`.
    """

    def __init__(
        self,
        request: Request,
        context: Sequence[PrivateText],
        *,
        is_question: bool = False,
        shows_example: bool = False,
    ) -> None:
        bare = request.bare_task.reveal()
        self._is_question = is_question
        self._shows_example = shows_example
        system = [(REPLY_SYSTEM if self._is_question else FILL_SYSTEM).fill({})]
        system += [turn.text.reveal() for turn in request.turns if turn.role == "system"]
        self._before = [PrivateMessage("system", PrivateText("\n\n".join(system)))]
        self._before += [
            PrivateMessage(turn.role, turn.text) for turn in request.turns if turn.role != "system"
        ] or self._example(question=is_question)
        notes = [text.reveal() for text in (*context, *request.notes, *request.results)]
        task = request.task.reveal()
        self._known = _known(notes, task, question=self._is_question)
        details, forbidden = split_details(details_in(one.reveal() for one in request.details))
        lines = select_content(notes, "\n".join((bare, *details)), details)
        # What is forbidden stands in the task, as an order; in the list it would be content.
        self._lines = [line for line in lines if not tells_forbidden(line, forbidden)]
        self._bare_task = bare
        told = [*notes, task, *(turn.text.reveal() for turn in request.turns)]
        self._excluded = "" if has_place_for_brackets(told) else BRACKETS

    def beginning(self) -> list[PrivateMessage]:
        """What is known before the outline; the last turn grows at its end."""
        return [*self._before, _user(self._known)]

    def complete(self, outline: Outline | None) -> list[PrivateMessage]:
        """The whole prompt; without one the local model plans by itself."""
        if self._is_question:
            return self.reply("")
        if outline is None:
            asked = _asked(self._lines)
        else:
            asked = FILL_OUTLINE.fill({"outline": plan_outline(outline.points, self._lines)})
        return [*self._before, _user(self._known + asked + FILL_CLOSE.fill({}))]

    def reply(self, general: str, missing: Sequence[str] = ()) -> list[PrivateMessage]:
        """The prompt for the answer to a question.

        Args:
            general: The cloud model's answer, with any blanks in brackets; "" for none.
            missing: Descriptions of what the notes were searched for in vain.
        """
        hint = REPLY_GENERAL.fill({"answer": general}) if general else ""
        if missing:
            hint += REPLY_MISSING.fill({"missing": "; ".join(missing)})
        return [*self._before, _user(self._known + hint + REPLY_CLOSE.fill({}))]

    def without_blanks(self, options: GenerationOptions) -> GenerationOptions:
        """The same options, with brackets excluded where they would only be blanks."""
        return replace(options, excluded=self._excluded)

    def without_context(self) -> list[PrivateMessage]:
        """The task alone, for operators that measure what the context changes."""
        return self._alone(self._bare_task, question=self._is_question)

    def of_public(self, instruction: PublicText) -> list[PrivateMessage]:
        """The prompt of a reader who knows what was released and nothing else."""
        return self._alone(str(instruction), question=is_question(str(instruction)))

    def _alone(self, task: str, *, question: bool) -> list[PrivateMessage]:
        """The prompt of a task or question without any notes."""
        system, close = (REPLY_SYSTEM, REPLY_CLOSE) if question else (FILL_SYSTEM, FILL_CLOSE)
        return [
            PrivateMessage("system", PrivateText(system.fill({}))),
            *self._example(question=question),
            _user(_known([], task, question=question) + close.fill({})),
        ]

    def _example(self, *, question: bool) -> list[PrivateMessage]:
        return _worked_example() if self._shows_example and not question else []


def _worked_example() -> list[PrivateMessage]:
    parts = {name: template.fill({}) for name, template in FILL_EXAMPLE.items()}
    notes, task = [parts["context"]], f"{parts['instruction']}\n{parts['details']}"
    lines = select_content(notes, task, [parts["details"]])
    asked = _known(notes, task, question=False) + _asked(lines) + FILL_CLOSE.fill({})
    return [_user(asked), PrivateMessage("assistant", PrivateText(parts["text"]))]


def _known(notes: Sequence[str], task: str, *, question: bool) -> str:
    """What of a turn is known before the outline."""
    known = FILL_CONTEXT.fill({"context": "\n\n".join(notes)}) if notes else ""
    asked = REPLY_QUESTION if question else FILL_TASK
    return known + asked.fill({"instruction": task})


def _asked(lines: Sequence[str]) -> str:
    """What the text has to say, where no outline says it."""
    return FILL_CONTENT.fill({"lines": "\n".join(f"- {line}" for line in lines)}) if lines else ""


def _user(text: str) -> PrivateMessage:
    return PrivateMessage("user", PrivateText(text))
