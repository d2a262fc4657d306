"""The tasks of agents, and the check of what an agent left behind."""

from __future__ import annotations

import calendar
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeAlias

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from experiments.agents.tools import Draft
from experiments.agents.world import World
from experiments.errors import ExperimentConfigInvalid

_MONTH: Final = "|".join(calendar.month_name[1:]).casefold()
_MONTH_FIRST: Final = re.compile(rf"(?<!\d )\b({_MONTH}) (\d{{1,2}})(?:st|nd|rd|th)?\b(?!:)")
_ORDINAL: Final = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? ({_MONTH})\b")

Said: TypeAlias = str | tuple[str, ...]
"""Words that have to be said; of several forms, one is enough."""


class ExpectedDraft(BaseModel):
    """A mail that has to be drafted; its texts may name facts of the world in braces."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    to: str
    says: tuple[Said, ...]


class AgentTask(BaseModel):
    """A task, and the end state that it has to lead to.

    Attributes:
        id: Its name.
        request: What the user asks.
        answer: What the answer has to say.
        answer_lacks: What it must not say.
        drafts: The mails that have to be drafted, and no other.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    request: str
    answer: tuple[Said, ...] = ()
    answer_lacks: tuple[str, ...] = ()
    drafts: tuple[ExpectedDraft, ...] = ()

    def solved(self, world: World, answer: str, drafts: Sequence[Draft]) -> bool:
        """Whether the answer and the drafted mails are what the task asks for."""
        if any(_says(world, answer, lacking) for lacking in self.answer_lacks):
            return False
        if not all(_says(world, answer, said) for said in self.answer):
            return False
        if {draft.to for draft in drafts} != {world.filled(one.to) for one in self.drafts}:
            return False
        return all(_drafted(world, one, drafts) for one in self.drafts)


def load_tasks(path: Path) -> list[AgentTask]:
    """Read tasks from a JSON list.

    Raises:
        ExperimentConfigInvalid: The file cannot be read, or is not of that form.
    """
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
        return TypeAdapter(list[AgentTask]).validate_python(written)
    except (OSError, ValueError, ValidationError) as error:
        raise ExperimentConfigInvalid(
            f"{path} holds no tasks of agents ({type(error).__name__})",
            remedy="each needs id and request; experiments/data/agents/tasks.json is an example",
        ) from None


def _drafted(world: World, expected: ExpectedDraft, drafts: Sequence[Draft]) -> bool:
    to = world.filled(expected.to)
    texts = [draft.text for draft in drafts if draft.to == to]
    return any(all(_says(world, text, said) for said in expected.says) for text in texts)


def _says(world: World, text: str, said: Said) -> bool:
    forms = (said,) if isinstance(said, str) else said
    return any(_plain(world.filled(form)) in _plain(text) for form in forms)


def _plain(text: str) -> str:
    """Text without differences of case, space, commas in numbers, and order of day and month."""
    plain = " ".join(text.casefold().replace(",", "").split())
    return _ORDINAL.sub(r"\1 \2", _MONTH_FIRST.sub(r"\2 \1", plain))
