"""Loader for iCalendar files."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from langchain_core.documents import Document

from cogenesis_langchain.errors import MissingDependency, UnreadableFile
from cogenesis_langchain.retrievers.loaders.text import lines, open_text

if TYPE_CHECKING:
    from icalendar import Component

_BEGIN, _END = "BEGIN:VEVENT", "END:VEVENT"
_SHOWN: Final = {"LOCATION": "Where", "ORGANIZER": "Organizer", "DESCRIPTION": "Notes"}


def load_calendar(path: Path) -> Iterator[Document]:
    """Load an ``.ics`` file event by event.

    Raises:
        UnreadableFile: The file contains no event.
    """
    try:
        from icalendar import Event
    except ImportError:
        raise MissingDependency("icalendar", extra="chroma") from None
    found = False
    with open_text(path) as file:
        for block in _events(file):
            found = True
            yield _document(Event.from_ical(block))
    if not found:
        raise UnreadableFile(
            "the file contains no event", remedy="export the calendar again as .ics"
        )


def _events(file: IO[str]) -> Iterator[str]:
    """Yield the lines of each event, without the surrounding calendar.

    Parsing events one by one keeps a large calendar out of memory, and a broken event from hiding
    the others.
    """
    event: list[str] = []
    for line in lines(file):
        mark = line.strip().upper()
        if mark == _BEGIN:
            event = [line]
        elif event:
            event.append(line)
            if mark == _END:
                yield "".join(event)
                event = []


def _document(event: Component) -> Document:
    title = ", ".join(map(str, _all(event, "SUMMARY"))) or "Event"
    start, end = _start_or_end(event, "DTSTART"), _start_or_end(event, "DTEND")
    text_lines = [title]
    if start:
        text_lines.append(f"When: {' to '.join(_format(when) for when in (start, end) if when)}")
    for name, label in _SHOWN.items():
        text_lines += [f"{label}: {value}" for value in _all(event, name) if value]
    if people := _all(event, "ATTENDEE"):
        text_lines.append(f"With: {', '.join(map(_name, people))}")
    metadata = {"kind": "activity", "title": title}
    if start:
        metadata["date"] = start.isoformat()
    return Document(page_content="\n".join(text_lines), metadata=metadata)


def _all(event: Component, name: str) -> list[object]:
    """Return all values of a property, which may occur any number of times in an event."""
    value = event.get(name, [])
    return value if isinstance(value, list) else [value]


def _start_or_end(event: Component, name: str) -> date | None:
    """Return a date or a time; None if the value is not a valid one."""
    from icalendar import vDDDTypes

    times = [value.dt for value in _all(event, name) if isinstance(value, vDDDTypes)]
    return next((when for when in times if isinstance(when, date)), None)


def _format(when: date) -> str:
    return f"{when:%A %d %B %Y, %H:%M}" if isinstance(when, datetime) else f"{when:%A %d %B %Y}"


def _name(person: object) -> str:
    parameters = getattr(person, "params", {})
    return str(parameters.get("CN") or str(person).removeprefix("mailto:"))
