"""Making a user's vectors again from the texts: for another embedding model, or after damage."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from langchain_core.embeddings import Embeddings

from cogenesis_langchain.retrievers.local_embeddings import LocalEmbeddings
from cogenesis_langchain.retrievers.storage.collection import PAGE, UserCollection, collection_name
from cogenesis_langchain.retrievers.storage.embedded import REBUILT, StoreFolder
from cogenesis_langchain.retrievers.storage.record_format import record_format_for

RebuildProgress = Callable[[int, int], None]
"""Called with how many records are done, and of how many."""


def rebuild(
    path: str | Path,
    user: str = "default",
    embeddings: Embeddings | None = None,
    *,
    key: bytes | None = None,
    trusted_hosts: Collection[str] = (),
    progress: RebuildProgress = lambda done, total: None,
) -> int:
    """Embed every record of a user again, into a new collection that then replaces the old one.

    If it is broken off, the old collection is still there.

    Args:
        path: The store's folder; no process may have it open.
        user: Whose records.
        embeddings: The embedding model from now on; None is `LocalMiniLM`.
        key: The store's key, if it is encrypted.
        trusted_hosts: See `ContextStore`.
        progress: Called after each page.

    Returns:
        How many records there are.

    Raises:
        StoreError: The folder is in use, cannot be written, or its texts cannot be read.
        UntrustedLocalModel: ``embeddings`` is a client of a host that is not trusted.
    """
    model = LocalEmbeddings(embeddings, trusted_hosts)
    record_format = record_format_for(key)
    folder = StoreFolder.open(Path(path), discard_damaged=True)
    try:
        with folder.lock:
            old = UserCollection(folder, collection_name(user), record_format)
            new = UserCollection(folder, old.name + REBUILT, record_format)
            total = old.count()
            for offset in range(0, total, PAGE):
                records = old.select(limit=PAGE, offset=offset)
                new.write(records, model.documents([record.text for record in records]), {})
                progress(offset + len(records), total)
            new.fingerprint = model.fingerprint()
            old.drop()
            new.rename(old.name)
            folder.tidy()
    finally:
        folder.close()
    return total
