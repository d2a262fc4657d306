"""Interface of the two places where Chroma runs: a local folder and a server."""

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
    """A local folder or a Chroma server.

    Attributes:
        location: The folder or the server's address, for error messages.
        client: The Chroma client; replaced by an erasure.
        lock: Held while records are read or changed.
    """

    location: str
    client: ClientAPI
    lock: RLock

    def check_process(self) -> None:
        """Refuse to work in a forked child process."""
        ...

    def changing(
        self, collection: chromadb.Collection, changes: int
    ) -> AbstractContextManager[None]:
        """Protect the index while up to ``changes`` records of a collection are changed."""
        ...

    def derived_index_path(self, collection: str) -> Path | None:
        """Return the file of a collection's derived index; None keeps it in memory."""
        ...

    def erasing(self, erasure: Erasure) -> AbstractContextManager[None]:
        """Erase what the caller deletes inside the block from every file."""
        ...

    def secure_files(self) -> None:
        """Restrict the files to their owner."""
        ...

    def secure_written_files(self) -> None:
        """Secure the files of indexes that Chroma has written since, if it has."""
        ...

    def close(self) -> None:
        """Close the connection; a folder closes when its last store does."""
        ...
