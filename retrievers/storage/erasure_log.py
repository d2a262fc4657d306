"""An erasure that is under way, noted in the store's folder so that it is finished after a kill."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, Self

from cogenesis_langchain.errors import StoreError

_NOTE: Final = "erasure.json"


@dataclass(frozen=True, slots=True)
class Erasure:
    """What is to leave no trace.

    Attributes:
        collection: Name of the collection it is in.
        ids: Which records; None is all of it.
        vectors: Their vectors.
    """

    collection: str
    ids: Sequence[str] | None = None
    vectors: Sequence[Sequence[float]] = field(default=(), repr=False)

    @classmethod
    def noted(cls, folder: Path) -> Self | None:
        """Return the erasure that a killed process had begun, if any.

        Raises:
            StoreError: The note of it is damaged.
        """
        note = folder / _NOTE
        if not note.exists():
            return None
        try:
            return cls(**json.loads(note.read_text()))
        except (TypeError, ValueError):
            raise StoreError(
                f"{note}, which says what is being erased, is damaged",
                remedy="delete this file, then forget or purge again",
            ) from None

    def note(self, folder: Path) -> None:
        """Note that it has begun."""
        part = folder / f"{_NOTE}.part"
        part.write_text(json.dumps(asdict(self)))
        part.rename(folder / _NOTE)

    def done(self, folder: Path) -> None:
        """Take the note away."""
        (folder / _NOTE).unlink()
