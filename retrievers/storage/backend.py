"""Where the collections of a store are kept."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from cogenesis_langchain.retrievers.storage.erasure_log import Erasure

if TYPE_CHECKING:
    from threading import RLock

    import chromadb
    from chromadb.api import ClientAPI


class Backend(Protocol):
    """Where Chroma runs: a folder of this process, or a server."""

    where: str
    client: ClientAPI
    lock: RLock

    def check(self) -> None:
        """Refuse to go on where it cannot be used."""
        ...

    def changing(
        self, collection: chromadb.Collection, changes: int
    ) -> AbstractContextManager[None]:
        """Guard a change of so many records."""
        ...

    def derived_index(self, collection: str) -> Path | None:
        """Return the file of what is derived from a collection; None is in memory."""
        ...

    def erasing(self, erasure: Erasure) -> AbstractContextManager[None]:
        """Erase from every file what the caller deletes meanwhile."""
        ...

    def restrict(self) -> None:
        """Let nobody but the owner read the files."""
        ...

    def close(self) -> None:
        """Let go of it; the last one to do so closes it."""
        ...
