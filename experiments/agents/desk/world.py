"""A private world: what the tools of an agent find, filled with the facts of one person."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from experiments.errors import ExperimentConfigInvalid

_SHORTEST: Final = 4
"""Shorter facts, such as a dose, also stand in requests by chance, so they are not searched for."""


class World(BaseModel):
    """Everything private in one world. The instructions of the tasks are not in it.

    Attributes:
        profile: What the system prompt of the agent says of the user.
        events: Lines of the calendar.
        contacts: Lines of the address book.
        notes: Lines of the notes.
        weather: Forecasts by town.
        facts: The values in these lines, by name; tasks refer to them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    profile: str
    events: tuple[str, ...]
    contacts: tuple[str, ...]
    notes: tuple[str, ...]
    weather: Mapping[str, str]
    facts: Mapping[str, str]

    @property
    def people(self) -> tuple[str, ...]:
        """The names in the address book, which a user would declare as private."""
        return tuple(line.split(",")[0].removeprefix("Dr ") for line in self.contacts)

    @property
    def private_strings(self) -> tuple[str, ...]:
        """The facts that must not be sent."""
        return tuple(fact for fact in self.facts.values() if len(fact) >= _SHORTEST)

    def filled(self, text: str) -> str:
        """Replace the names of facts in braces by the facts."""
        return text.format_map(self.facts)


class _Templates(BaseModel):
    """The file of worlds: texts with the names of facts in braces, and the facts of each world."""

    model_config = ConfigDict(extra="forbid")

    profile: str
    events: list[str]
    contacts: list[str]
    notes: list[str]
    weather: dict[str, str]
    facts: list[dict[str, str]]


def load_worlds(path: Path) -> Sequence[World]:
    """Read worlds that differ in their facts alone.

    Raises:
        ExperimentConfigInvalid: The file cannot be read, or a text names a fact that a world lacks.
    """
    try:
        templates = _Templates.model_validate(json.loads(path.read_text(encoding="utf-8")))
        return [_world(templates, facts) for facts in templates.facts]
    except (OSError, ValueError, ValidationError, KeyError) as error:
        raise ExperimentConfigInvalid(
            f"{path} holds no worlds ({type(error).__name__})",
            remedy="each world needs all facts; see experiments/data/agents/desk/world.json",
        ) from None


def _world(templates: _Templates, facts: Mapping[str, str]) -> World:
    def filled(texts: Sequence[str]) -> tuple[str, ...]:
        return tuple(text.format_map(facts) for text in texts)

    towns, forecasts = filled(list(templates.weather)), filled(list(templates.weather.values()))
    return World(
        profile=templates.profile.format_map(facts),
        events=filled(templates.events),
        contacts=filled(templates.contacts),
        notes=filled(templates.notes),
        weather=dict(zip(towns, forecasts, strict=True)),
        facts=facts,
    )
