"""How Chroma keeps a record: one text and flat metadata, in clear or sealed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, Protocol

from cogenesis_langchain.retrievers.storage.encryption import Cipher
from cogenesis_langchain.retrievers.storage.records import (
    RESERVED,
    Record,
    check_kind,
    digest,
    timestamp,
)

KIND: Final = f"{RESERVED}kind"
TIME: Final = f"{RESERVED}time"
DIGEST: Final = f"{RESERVED}digest"
SOURCE: Final = f"{RESERVED}source"
VERSION: Final = f"{RESERVED}version"
_LISTS: Final = f"{RESERVED}lists"

Stored = tuple[str, dict[str, Any]]
"""A text and metadata as Chroma keeps them."""


class RecordFormat(Protocol):
    """Turns records into what Chroma keeps, and back."""

    @property
    def key(self) -> bytes:
        """Key of the hashes that name records and sources; empty where the texts lie in clear."""
        ...

    def encode(self, record: Record) -> Stored:
        """Return what Chroma keeps of a record."""
        ...

    def decode(self, id_: str, text: str, metadata: Mapping[str, Any]) -> Record:
        """Return the record that `encode` was given."""
        ...

    def conceal(self, content: bytes) -> bytes:
        """Return bytes as a file of the store may keep them."""
        ...

    def reveal(self, concealed: bytes) -> bytes:
        """Return the bytes that `conceal` was given."""
        ...


class PlainFormat:
    """Texts and metadata in clear; other programs can read the collection."""

    key = b""

    def encode(self, record: Record) -> Stored:
        """Put the caller's metadata beside the store's own.

        Lists are kept as JSON: Chroma 1.5 leaves list metadata of a deleted collection behind and
        gives it to the next record that gets the same row.
        """
        lists = {name: value for name, value in record.metadata.items() if isinstance(value, list)}
        flat = {name: value for name, value in record.metadata.items() if name not in lists}
        kept = {_LISTS: json.dumps(lists, sort_keys=True)} if lists else {}
        return record.text, {**flat, **kept, **_own(record, self.key)}

    def decode(self, id_: str, text: str, metadata: Mapping[str, Any]) -> Record:
        """Take the two apart again."""
        theirs = {name: value for name, value in metadata.items() if not name.startswith(RESERVED)}
        theirs |= json.loads(metadata.get(_LISTS, "{}"))
        return Record(id_, text, check_kind(metadata[KIND]), theirs, metadata.get(VERSION, ""))

    def conceal(self, content: bytes) -> bytes:
        """Return them as they are."""
        return content

    def reveal(self, concealed: bytes) -> bytes:
        """Return them as they are."""
        return concealed


class EncryptedFormat:
    """Text and the caller's metadata encrypted together; kind and time stay readable to filter by.

    Args:
        cipher: Encrypts and decrypts.
    """

    def __init__(self, cipher: Cipher) -> None:
        self._cipher = cipher
        self.key = cipher.hash_key

    def encode(self, record: Record) -> Stored:
        """Seal text and metadata in one."""
        content = json.dumps([record.text, dict(record.metadata)], ensure_ascii=False)
        return self._cipher.seal_text(content), _own(record, self.key)

    def decode(self, id_: str, text: str, metadata: Mapping[str, Any]) -> Record:
        """Open it again.

        Raises:
            StoreError: It was sealed with another key or has been changed.
        """
        clear, theirs = json.loads(self._cipher.open_text(text))
        return Record(id_, clear, check_kind(metadata[KIND]), theirs, metadata.get(VERSION, ""))

    def conceal(self, content: bytes) -> bytes:
        """Seal them."""
        return self._cipher.seal(content)

    def reveal(self, concealed: bytes) -> bytes:
        """Open them."""
        return self._cipher.open(concealed)


def record_format_for(key: bytes | None) -> RecordFormat:
    """Return the record_format of a store with this key; None is in clear."""
    return PlainFormat() if key is None else EncryptedFormat(Cipher(key))


def _own(record: Record, key: bytes) -> dict[str, Any]:
    """The store's own metadata, which never holds a text."""
    own: dict[str, Any] = {KIND: record.kind, DIGEST: digest(record.text, key=key)}
    if record.source:
        own[SOURCE] = digest(record.source, key=key)
    if record.version:
        own[VERSION] = record.version
    if "date" in record.metadata:
        own[TIME] = timestamp(record.metadata["date"])
    return own
