"""Calendar files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from langchain_core.documents import Document

from cogenesis_langchain.errors import MissingDependency, UnreadableFile
from cogenesis_langchain.retrievers.text_files import lines, open_text

if TYPE_CHECKING:
    from icalendar import Component

_BEGIN, _END = "BEGIN:VEVENT", "END:VEVENT"
_SHOWN: Final = {"LOCATION": "Where", "ORGANIZER": "Organizer", "DESCRIPTION": "Notes"}


def load_calendar(path: Path) -> Iterator[Document]:
    """Read an ``.ics`` file event by event.

    Raises:
        UnreadableFile: It holds no event.
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
        raise UnreadableFile("it holds no event", remedy="export the calendar again as .ics")


def _events(file: IO[str]) -> Iterator[str]:
    """Yield the lines of each event, without the calendar around it."""
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
    title = str(event.get("SUMMARY", "Event"))
    lines = [title, f"When: {_when(event)}"]
    lines += [f"{label}: {event[name]}" for name, label in _SHOWN.items() if event.get(name)]
    people = event.get("ATTENDEE", [])
    names = [_name(person) for person in (people if isinstance(people, list) else [people])]
    if names:
        lines.append(f"With: {', '.join(names)}")
    metadata = {"kind": "activity", "title": title}
    if "DTSTART" in event:
        metadata["date"] = event.decoded("DTSTART").isoformat()
    return Document(page_content="\n".join(lines), metadata=metadata)


def _when(event: Component) -> str:
    moments = [event.decoded(name) for name in ("DTSTART", "DTEND") if name in event]
    return " to ".join(f"{moment:%A %d %B %Y}{_clock(moment)}" for moment in moments)


def _clock(moment: object) -> str:
    return f"{moment:, %H:%M}" if hasattr(moment, "hour") else ""


def _name(person: object) -> str:
    parameters = getattr(person, "params", {})
    return str(parameters.get("CN") or str(person).removeprefix("mailto:"))
