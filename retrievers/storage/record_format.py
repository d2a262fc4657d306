"""Format of a record in Chroma: one text and flat metadata, plain or encrypted."""

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
"""A text and metadata as Chroma stores them."""


class RecordFormat(Protocol):
    """Converts records to what Chroma stores, and back."""

    @property
    def key(self) -> bytes:
        """Key of the hashes that identify records and sources; empty if texts are not encrypted."""
        ...

    def encode(self, record: Record) -> Stored:
        """Return what Chroma stores of a record."""
        ...

    def decode(self, id_: str, text: str, metadata: Mapping[str, Any]) -> Record:
        """Return the record that `encode` was given."""
        ...

    def encode_bytes(self, content: bytes) -> bytes:
        """Return bytes as the store's other files may contain them: encrypted, if texts are."""
        ...

    def decode_bytes(self, stored: bytes) -> bytes:
        """Return the bytes that `encode_bytes` was given."""
        ...


class PlainFormat:
    """Stores texts and metadata unencrypted; other programs can read the collection."""

    key = b""

    def encode(self, record: Record) -> Stored:
        """Combine the caller's metadata with the store's own.

        Lists are stored as JSON, because of a bug in Chroma 1.5: list metadata of a deleted
        collection stays behind and appears in the next record that gets the same row.
        """
        lists = {name: value for name, value in record.metadata.items() if isinstance(value, list)}
        flat = {name: value for name, value in record.metadata.items() if name not in lists}
        encoded_lists = {_LISTS: json.dumps(lists, sort_keys=True)} if lists else {}
        return record.text, {**flat, **encoded_lists, **_store_metadata(record, self.key)}

    def decode(self, id_: str, text: str, metadata: Mapping[str, Any]) -> Record:
        """Separate the caller's metadata from the store's own."""
        user_metadata = {
            name: value for name, value in metadata.items() if not name.startswith(RESERVED)
        }
        user_metadata |= json.loads(metadata.get(_LISTS, "{}"))
        return Record(
            id_, text, check_kind(metadata[KIND]), user_metadata, metadata.get(VERSION, "")
        )

    def encode_bytes(self, content: bytes) -> bytes:
        """Return the bytes unchanged."""
        return content

    def decode_bytes(self, stored: bytes) -> bytes:
        """Return the bytes unchanged."""
        return stored


class EncryptedFormat:
    """Stores text and caller's metadata encrypted; kind and time stay readable for filters.

    Args:
        cipher: Encrypts and decrypts.
    """

    def __init__(self, cipher: Cipher) -> None:
        self._cipher = cipher
        self.key = cipher.hash_key

    def encode(self, record: Record) -> Stored:
        """Encrypt text and metadata together."""
        content = json.dumps([record.text, dict(record.metadata)], ensure_ascii=False)
        return self._cipher.encrypt_text(content), _store_metadata(record, self.key)

    def decode(self, id_: str, text: str, metadata: Mapping[str, Any]) -> Record:
        """Decrypt text and metadata.

        Raises:
            StoreError: They were encrypted with another key, or have been modified.
        """
        clear, user_metadata = json.loads(self._cipher.decrypt_text(text))
        return Record(
            id_, clear, check_kind(metadata[KIND]), user_metadata, metadata.get(VERSION, "")
        )

    def encode_bytes(self, content: bytes) -> bytes:
        """Encrypt the bytes."""
        return self._cipher.encrypt(content)

    def decode_bytes(self, stored: bytes) -> bytes:
        """Decrypt the bytes."""
        return self._cipher.decrypt(stored)


def record_format_for(key: bytes | None) -> RecordFormat:
    """Return the record format of a store with this key; None means unencrypted."""
    return PlainFormat() if key is None else EncryptedFormat(Cipher(key))


def _store_metadata(record: Record, key: bytes) -> dict[str, Any]:
    """The store's own metadata. It is never encrypted and never contains text."""
    own: dict[str, Any] = {KIND: record.kind, DIGEST: digest(record.text, key=key)}
    if record.source:
        own[SOURCE] = digest(record.source, key=key)
    if record.version:
        own[VERSION] = record.version
    if "date" in record.metadata:
        own[TIME] = timestamp(record.metadata["date"])
    return own
