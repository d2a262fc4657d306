"""The input of a completion: the template, the notes, and what the request asks to be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cogenesis_langchain.models.base import PrivateMessage
from cogenesis_langchain.sketch.template import Template


@dataclass(frozen=True, slots=True)
class Task:
    """What a template is completed from.

    Attributes:
        beginning: The conversation so far; its last turn is the user's and holds notes and task.
        uninformed: The same with the general instruction alone, for comparison.
        template: The template.
        notes: Texts of the private context.
        subject: The notes that the instruction is about.
        instruction: The request without its private details.
        request: The instruction, its private details, and the earlier conversation.
        details: What the user asks to be told, one detail each.
        forbidden: What the user asks not to be told.
    """

    beginning: Sequence[PrivateMessage]
    uninformed: Sequence[PrivateMessage]
    template: Template
    notes: Sequence[str]
    subject: Sequence[str]
    instruction: str
    request: Sequence[str]
    details: Sequence[str]
    forbidden: Sequence[str] = ()
