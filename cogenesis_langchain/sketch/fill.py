"""The fill: the local model writes the text from context, instruction and outline.

The prompt holds what is known early first: rules, earlier turns, the context, the task. So the
local model reads all of that while the outline is still on its way, and continues from there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from cogenesis_langchain.models.base import PrivateMessage
from cogenesis_langchain.privacy.instruction import Request
from cogenesis_langchain.privacy.text import PrivateText
from cogenesis_langchain.prompts import (
    FILL_CLOSE,
    FILL_CONTEXT,
    FILL_EXAMPLE,
    FILL_HIGHLIGHTS,
    FILL_OUTLINE,
    FILL_SYSTEM,
    FILL_TASK,
)
from cogenesis_langchain.sketch.highlights import highlights
from cogenesis_langchain.sketch.outline import Sketch

_LEFTOVER: Final = re.compile(r"\[[A-Za-z][^\[\]\n]{0,40}\]|_{3,}")


class FillPrompt:
    """The local model's prompt for one request, first without and then with the outline.

    A request with no conversation before it is preceded by an example, so that a small model sees
    how notes become a text; without it, one would rather go on with the notes.

    Args:
        request: The request, taken apart.
        context: Texts of the private context, most important first.
    """

    def __init__(self, request: Request, context: Sequence[PrivateText]) -> None:
        system = [FILL_SYSTEM.fill({})]
        system += [turn.text.reveal() for turn in request.turns if turn.role == "system"]
        self._before = [PrivateMessage("system", PrivateText("\n\n".join(system)))]
        self._before += [
            PrivateMessage(turn.role, turn.text) for turn in request.turns if turn.role != "system"
        ] or _example()
        notes = [text.reveal() for text in (*context, *request.notes, *request.results)]
        self._known = _known(notes, request.task.reveal())
        self._bare_task = _known([], request.bare_task.reveal())

    def beginning(self) -> list[PrivateMessage]:
        """What is known before the outline; the last turn grows at its end."""
        return [*self._before, _user(self._known)]

    def complete(self, sketch: Sketch | None) -> list[PrivateMessage]:
        """The whole prompt; without a sketch the local model plans by itself."""
        outline = FILL_OUTLINE.fill({"outline": str(sketch)}) if sketch else ""
        return [*self._before, _user(self._known + outline + FILL_CLOSE.fill({}))]

    def without_context(self) -> list[PrivateMessage]:
        """The task alone, for operators that measure what the context changes."""
        system = PrivateMessage("system", PrivateText(FILL_SYSTEM.fill({})))
        return [system, *_example(), _user(self._bare_task + FILL_CLOSE.fill({}))]


def _example() -> list[PrivateMessage]:
    parts = {name: template.fill({}) for name, template in FILL_EXAMPLE.items()}
    asked = _known([parts["context"]], parts["instruction"]) + FILL_CLOSE.fill({})
    return [_user(asked), PrivateMessage("assistant", PrivateText(parts["text"]))]


def _known(notes: Sequence[str], task: str) -> str:
    """What of a turn is known before the outline."""
    known = FILL_CONTEXT.fill({"context": "\n\n".join(notes)}) if notes else ""
    known += FILL_TASK.fill({"instruction": task})
    if lines := highlights(notes, task):
        known += FILL_HIGHLIGHTS.fill({"highlights": "\n".join(f"- {line}" for line in lines)})
    return known


def _user(text: str) -> PrivateMessage:
    return PrivateMessage("user", PrivateText(text))


def leftover_placeholders(text: str) -> int:
    """Count blanks such as ``[date]`` that a text was left with."""
    return len(_LEFTOVER.findall(text))
