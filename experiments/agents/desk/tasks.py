"""The tasks of agents, and the check of what an agent left behind."""

from __future__ import annotations

import calendar
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeAlias

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from experiments.agents.desk.tools import Draft
from experiments.agents.desk.world import World
from experiments.errors import ExperimentConfigInvalid

_MONTH: Final = "|".join(calendar.month_name[1:]).casefold()
_MONTH_FIRST: Final = re.compile(rf"(?<!\d )\b({_MONTH}) (\d{{1,2}})(?:st|nd|rd|th)?\b(?!:)")
_ORDINAL: Final = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? ({_MONTH})\b")
_DATED: Final = re.compile(rf"\b\d{{1,2}} ({_MONTH})\b|\b\d{{1,2}}:\d{{2}}\b")
_UNIT: Final = re.compile(r"(\d)\s*mg\b")
_ROUND: Final = re.compile(r"(?<=\d)\.00?\b")
_ADDRESS: Final = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")

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
        is_undated: Whether the answer must not name a day or a time.
        drafts: The mails that have to be drafted, and no other.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    request: str
    answer: tuple[Said, ...] = ()
    is_undated: bool = False
    drafts: tuple[ExpectedDraft, ...] = ()

    def solved(self, world: World, answer: str, drafts: Sequence[Draft]) -> bool:
        """Whether the answer and the drafted mails are what the task asks for."""
        if self.is_undated and _DATED.search(_plain(answer)):
            return False
        if not all(_says(world, answer, said) for said in self.answer):
            return False
        expected = {address_in(world.filled(one.to)) for one in self.drafts}
        if {address_in(draft.to) for draft in drafts} != expected:
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
            remedy="each needs id and request; see experiments/data/agents/desk/tasks.json",
        ) from None


def address_in(receiver: str) -> str:
    """Return the mail address of a receiver that may be written with a name."""
    found = _ADDRESS.search(receiver)
    return (found[0] if found else receiver).casefold()


def _drafted(world: World, expected: ExpectedDraft, drafts: Sequence[Draft]) -> bool:
    to = address_in(world.filled(expected.to))
    texts = [draft.text for draft in drafts if address_in(draft.to) == to]
    return any(all(_says(world, text, said) for said in expected.says) for text in texts)


def _says(world: World, text: str, said: Said) -> bool:
    """Whether a text has one of the forms as whole words, and numbers as whole numbers."""
    forms = (said,) if isinstance(said, str) else said
    words = "|".join(re.escape(_plain(world.filled(form))) for form in forms)
    return bool(re.search(rf"(?<!\w)(?<!\d[.:])(?:{words})(?!\w)(?![.:]\d)", _plain(text)))


def _plain(text: str) -> str:
    """Text without differences of case, space, commas, and order of day and month."""
    plain = " ".join(text.casefold().replace(",", "").replace("’", "'").split())
    plain = _MONTH_FIRST.sub(r"\2 \1", plain)
    plain = _ORDINAL.sub(r"\1 \2", plain)
    return _UNIT.sub(r"\1 mg", _ROUND.sub("", plain))
