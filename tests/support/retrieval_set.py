"""The labelled retrieval set: personal snippets of twenty invented people, and questions.

There is one file per person. A snippet is a line ``number kind [date] text``. A question is a line
``? question | numbers of the relevant snippets``; it uses other words than the snippets. A line
with ``!`` instead of ``?`` asks by a name or a number.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from langchain_core.documents import Document

FOLDER = Path(__file__).parents[1] / "data" / "retrieval"


@dataclass(frozen=True)
class Question:
    """A question, the ids of the relevant snippets, and whether it contains a name or number."""

    text: str
    relevant: frozenset[str]
    by_name: bool


@dataclass(frozen=True)
class Person:
    """A person's snippets, and questions about them."""

    name: str
    snippets: list[Document]
    questions: list[Question]


def people() -> list[Person]:
    """Read the whole set."""
    return [_person(path) for path in sorted(FOLDER.glob("*.txt"))]


def _person(path: Path) -> Person:
    lines = path.read_text(encoding="utf-8").splitlines()
    snippets = [_snippet(path.stem, line) for line in lines if line[0].isdigit()]
    questions = [_question(path.stem, line) for line in lines if line[0] in "?!"]
    return Person(lines[0].removeprefix("# "), snippets, questions)


def _snippet(person: str, line: str) -> Document:
    number, kind, text = line.split(" ", 2)
    metadata = {"kind": kind, "person": person}
    first, _, rest = text.partition(" ")
    if kind == "activity":
        metadata["date"], text = date.fromisoformat(first).isoformat(), rest
    return Document(id=f"{person}-{number}", page_content=text, metadata=metadata)


def _question(person: str, line: str) -> Question:
    text, _, numbers = line[2:].rpartition(" | ")
    relevant = frozenset(f"{person}-{number}" for number in numbers.split())
    return Question(text, relevant, by_name=line[0] == "!")
