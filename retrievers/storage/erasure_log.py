"""Log of an erasure in progress, in the store's folder, so that it is finished after a kill."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, Self

from cogenesis_langchain.errors import StoreError

_LOG: Final = "erasure.json"


@dataclass(frozen=True, slots=True)
class Erasure:
    """An erasure in progress.

    Attributes:
        collection: Name of the collection.
        ids: Ids of the records to erase; None erases the whole collection.
        vectors: Vectors of the records.
    """

    collection: str
    ids: Sequence[str] | None = None
    vectors: Sequence[Sequence[float]] = field(default=(), repr=False)

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """Return the erasure that a killed process had begun, if any.

        Raises:
            StoreError: The log file is damaged.
        """
        log = folder / _LOG
        if not log.exists():
            return None
        try:
            return cls(**json.loads(log.read_text()))
        except (TypeError, ValueError):
            raise StoreError(
                f"{log}, the log of an erasure in progress, is damaged",
                remedy="delete this file, then forget or purge again",
            ) from None

    def save(self, folder: Path) -> None:
        """Write the log file, before anything is deleted."""
        part = folder / f"{_LOG}.part"
        part.write_text(json.dumps(asdict(self)))
        part.rename(folder / _LOG)

    def remove(self, folder: Path) -> None:
        """Delete the log file, once the erasure is complete."""
        (folder / _LOG).unlink()
