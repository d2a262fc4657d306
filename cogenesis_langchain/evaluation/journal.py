"""A journal: results as JSON Lines, each on the disk before the next is begun.

A process killed at any moment leaves at most an unfinished last line. It is passed over when the
journal is opened and cut off by the next `append`, so a reader never changes the file. What was
acknowledged stays.

A key may be written again, as when an attempt that failed is made anew: the last line of a key
counts.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Generic, Protocol, Self, TypeVar

from pydantic import ValidationError

from cogenesis_langchain.errors import ResultsUnusable


class Line(Protocol):
    """A line of a journal: a pydantic model that knows what it is about."""

    @property
    def key(self) -> tuple[str, ...]:
        """What the line is about."""
        ...

    @classmethod
    def model_validate_json(cls, json_data: str | bytes, /) -> Self:
        """Read a line."""
        ...

    def model_dump_json(self) -> str:
        """Write a line."""
        ...


LineT = TypeVar("LineT", bound=Line)


class Journal(Generic[LineT]):
    """The lines of one file, read once when it is opened; `append` may be called by many threads.

    Args:
        path: The file; created, with its folder, by the first `append`.
        kind: The class of its lines.

    Raises:
        ResultsUnusable: The file cannot be read, or a line before its end is damaged.
    """

    def __init__(self, path: Path, kind: type[LineT]) -> None:
        self.path = path
        self._lock = threading.Lock()
        data = _read(path)
        self._end = data.rfind(b"\n") + 1
        self._lines: dict[tuple[str, ...], LineT] = {}
        for number, raw in enumerate(data[: self._end].split(b"\n")[:-1], start=1):
            line = _decode(raw, kind, path, number)
            self._lines[line.key] = line

    def lines(self) -> list[LineT]:
        """Return the last line of each key, in the order in which the keys first came."""
        with self._lock:
            return list(self._lines.values())

    def keys(self) -> set[tuple[str, ...]]:
        """Return what the journal has lines about."""
        with self._lock:
            return set(self._lines)

    def append(self, line: LineT) -> None:
        """Add a line; it is on the disk when this returns.

        Raises:
            ResultsUnusable: It is not.
        """
        data = line.model_dump_json().encode() + b"\n"
        with self._lock:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                _write_at(self.path, self._end, data)
            except OSError as error:
                raise ResultsUnusable(
                    f"{self.path} cannot be written: {error.strerror or error}",
                    remedy="free some space, make its folder writable, or choose another folder; "
                    "then start the run again, which goes on where it stopped",
                ) from None
            self._end += len(data)
            self._lines[line.key] = line


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise ResultsUnusable(
            f"{path} cannot be read: {error.strerror or error}",
            remedy="check the folder and its permissions",
        ) from None


def _decode(raw: bytes, kind: type[LineT], path: Path, number: int) -> LineT:
    try:
        return kind.model_validate_json(raw)
    except ValidationError as error:
        places = {".".join(map(str, problem["loc"])) for problem in error.errors()}
        where = ", ".join(sorted(filter(None, places)))
        raise ResultsUnusable(
            f"{path}, line {number}, is no {kind.__name__}" + (f" (see {where})" if where else ""),
            remedy="restore the file, or delete that line; the next run writes it anew",
        ) from None


def _write_at(path: Path, end: int, data: bytes) -> None:
    """Put a line behind the last whole one, over whatever an interrupted append left there."""
    with path.open("r+b" if path.exists() else "xb") as file:
        file.truncate(end)
        file.seek(end)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
