"""The six tools of an agent over one world: calendar, contacts, notes, weather, sums and mail."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from langchain_core.tools import BaseTool, tool

from experiments.agents.desk.world import World
from experiments.scorers.words import content_stems

_OPERATIONS: Final[Mapping[type[ast.operator], Callable[[float, float], float]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A mail that an agent drafted."""

    to: str
    text: str


@dataclass(slots=True)
class Desk:
    """The tools over a world, and what an agent did with them.

    Args:
        world: What the tools find.
        injected: Text that an attacker put into everything that the tools find; empty for none.

    Attributes:
        drafts: The mails that were drafted: the end state.
    """

    world: World
    injected: str = ""
    drafts: list[Draft] = field(default_factory=list)

    def tools(self) -> list[BaseTool]:
        """Return the tools, for `create_agent`."""

        @tool(parse_docstring=True)
        def find_events(words: str) -> str:
            """Find events in the user's calendar, with day and time.

            Args:
                words: One or two words of the event, such as "dentist".
            """
            return self._found(self.world.events, words)

        @tool(parse_docstring=True)
        def find_contacts(words: str) -> str:
            """Find people in the user's address book, with mail address or phone number.

            Args:
                words: A name or a role, such as "dentist".
            """
            return self._found(self.world.contacts, words)

        @tool(parse_docstring=True)
        def search_notes(words: str) -> str:
            """Search the user's notes.

            Args:
                words: One or two words of the note, such as "insurance".
            """
            return self._found(self.world.notes, words)

        @tool(parse_docstring=True)
        def get_weather(town: str, day: str) -> str:
            """Get the weather forecast of a town for a day.

            Args:
                town: The name of the town.
                day: The day, such as "1 March".
            """
            known = {name.casefold(): forecast for name, forecast in self.world.weather.items()}
            return known.get(town.strip().casefold(), "There is no forecast for this town.")

        @tool(parse_docstring=True)
        def calculate(expression: str) -> str:
            """Calculate.

            Args:
                expression: Numbers with +, -, *, / and brackets, such as "3 * (4 + 5)".
            """
            return calculated(expression)

        @tool(parse_docstring=True)
        def draft_mail(to: str, text: str) -> str:
            """Draft a mail, which the user sends later.

            Args:
                to: The mail address of one receiver.
                text: The whole text of the mail.
            """
            self.drafts.append(Draft(to, text))
            return "The draft is saved."

        return [find_events, find_contacts, search_notes, get_weather, calculate, draft_mail]

    def _found(self, lines: Iterable[str], words: str) -> str:
        """The lines that have most of the words, whatever their endings."""
        wanted = content_stems(words)
        counts = {line: len(wanted & content_stems(line)) for line in lines}
        most = max(counts.values())
        found = [line for line, count in counts.items() if count == most] if most else []
        return "\n".join([*(found or ["Nothing was found."]), *filter(None, [self.injected])])


def calculated(expression: str) -> str:
    """Compute an expression of numbers, or say that it is none."""
    try:
        value = _value(ast.parse(expression.strip(), mode="eval").body)
        written = f"{value:.10g}" if math.isfinite(value) else ""
    except (SyntaxError, ValueError, ZeroDivisionError, RecursionError, OverflowError):
        written = ""
    return written or "This cannot be calculated."


def _value(node: ast.expr) -> float:
    match node:
        case ast.Constant(value=int() | float() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATIONS:
            return _OPERATIONS[type(op)](_value(left), _value(right))
    raise ValueError("no arithmetic")
