"""The fill: the local model writes the text from context, instruction and outline.

The prompt holds what is known early first: rules, earlier turns, the context. So the local model
reads all of that while the outline is still on its way, and continues from there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from cogenesis_langchain.models.base import PrivateMessage
from cogenesis_langchain.privacy.instruction import Request
from cogenesis_langchain.privacy.text import PrivateText
from cogenesis_langchain.prompts import (
    FILL_CONTEXT,
    FILL_SYSTEM,
    FILL_TASK,
    LOCAL_TASK,
)
from cogenesis_langchain.sketch.outline import Sketch

_LEFTOVER: Final = re.compile(r"\[[A-Za-z][^\[\]\n]{0,40}\]|_{3,}")


class FillPrompt:
    """The local model's prompt for one request, first without and then with the outline.

    Args:
        request: The request, taken apart.
        context: Texts of the private context, most important first.
    """

    def __init__(self, request: Request, context: Sequence[PrivateText]) -> None:
        system = [FILL_SYSTEM.fill({})]
        system += [turn.text.reveal() for turn in request.turns if turn.role == "system"]
        self._turns = [PrivateMessage("system", PrivateText("\n\n".join(system)))]
        self._turns += [
            PrivateMessage(turn.role, turn.text) for turn in request.turns if turn.role != "system"
        ]
        notes = [text.reveal() for text in (*context, *request.notes, *request.results)]
        self._notes = FILL_CONTEXT.fill({"context": "\n\n".join(notes)}) if notes else ""
        self._instruction = request.task.reveal()

    def beginning(self) -> list[PrivateMessage]:
        """What is known before the outline; the last turn grows at its end."""
        return [*self._turns, PrivateMessage("user", PrivateText(self._notes))]

    def complete(self, sketch: Sketch | None) -> list[PrivateMessage]:
        """The whole prompt; without a sketch the local model plans by itself."""
        fields = {"instruction": self._instruction}
        task = (
            LOCAL_TASK.fill(fields)
            if sketch is None
            else FILL_TASK.fill(fields | {"outline": str(sketch)})
        )
        return [*self._turns, PrivateMessage("user", PrivateText(self._notes + task))]

    def without_context(self) -> list[PrivateMessage]:
        """The task alone, for operators that measure what the context changes."""
        task = LOCAL_TASK.fill({"instruction": self._instruction})
        return [
            PrivateMessage("system", PrivateText(FILL_SYSTEM.fill({}))),
            PrivateMessage("user", PrivateText(task)),
        ]


def leftover_placeholders(text: str) -> int:
    """Count blanks such as ``[date]`` that a text was left with."""
    return len(_LEFTOVER.findall(text))
