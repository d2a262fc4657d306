"""Records of a context store: kinds, ids and metadata.

The id of a record is the hash of its kind, source and text, so adding the same text twice changes
nothing. A profile fact's id is the hash of its name, and a document may bring an id of its own.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final, Literal, TypeAlias, TypeGuard, get_args

from langchain_core.documents import Document

from cogenesis_langchain.errors import StoreError

Kind = Literal["profile", "history", "activity", "document"]
"""profile: facts about the user. history: what the user wrote. activity: appointments, purchases,
messages received. document: everything else."""

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

RESERVED: Final = "cogenesis_"
"""Prefix of the store's own metadata names."""

Scalar: TypeAlias = str | int | float | bool
Metadata: TypeAlias = Mapping[str, Scalar | list[Scalar]]


Ranked: TypeAlias = tuple[str, float]
"""A record's id and its score."""


@dataclass(frozen=True, slots=True)
class Record:
    """One text of a user's private context.

    Attributes:
        id: Unique within the user's collection.
        text: The text.
        kind: The kind of record.
        metadata: The caller's metadata; ``date`` (ISO 8601) and ``source`` have a meaning for the
            store.
        version: Version of the source that it was read from; "" if it was not read from a file.
    """

    id: str
    text: str = field(repr=False)
    kind: Kind = "document"
    metadata: Metadata = field(repr=False, default_factory=dict)
    version: str = ""

    @property
    def source(self) -> str:
        """The source that the record was read from, or ""."""
        return str(self.metadata.get("source", ""))

    def document(self) -> Document:
        """Return the record as a LangChain document, with its kind in the metadata."""
        return Document(
            id=self.id, page_content=self.text, metadata={**self.metadata, "kind": self.kind}
        )


def make_record(
    document: Document, kind: Kind = "document", *, key: bytes = b"", version: str = ""
) -> Record:
    """Make a record from a LangChain document.

    Args:
        document: The document; its own id is kept if it has one.
        kind: The kind, unless the metadata has one.
        key: Makes the id a keyed hash, which reveals nothing about the text.
        version: See `Record`.

    Raises:
        StoreError: The text is empty, or the metadata cannot be stored.
    """
    kind = check_kind(document.metadata.get("kind", kind))
    metadata = clean_metadata(document.metadata)
    text = clean_text(document.page_content)
    name = document.id or digest(kind, str(metadata.get("source", "")), text, key=key)
    return Record(name, text, kind, metadata, version)


def fact_record(name: str, fact: str, *, key: bytes = b"") -> Record:
    """Make a record from a profile fact. Its id depends only on the fact's name.

    Args:
        name: Name of the fact.
        fact: The fact.
        key: See `make_record`.

    Raises:
        StoreError: The fact is empty, or one of the two is not text.
    """
    for part in (name, fact):
        _check_text(part, "a profile fact or its name")
    return Record(digest("profile", name, key=key), clean_text(f"{name}: {fact}"), "profile")


def text_document(
    text: str, metadata: Mapping[str, object] | None = None, id: str | None = None
) -> Document:
    """Make a LangChain document. The error of `Document` itself would show a wrong text.

    Args:
        text: The text.
        metadata: Its metadata.
        id: Its id; None lets `make_record` derive one.

    Raises:
        StoreError: The text is no string, or the metadata no dictionary.
    """
    _check_text(text, "the text")
    if not isinstance(metadata, Mapping | None):
        raise StoreError(
            f"the metadata is a {type(metadata).__name__}", remedy='pass {"name": value}'
        )
    return Document(id=id, page_content=text, metadata=dict(metadata or {}))


def _check_text(value: object, what: str) -> None:
    if not isinstance(value, str):
        raise StoreError(f"{what} is a {type(value).__name__}", remedy="pass a string")


def unique(records: Iterable[Record]) -> list[Record]:
    """Return each record once.

    Raises:
        StoreError: Two records with different texts have the same id.
    """
    found: dict[str, Record] = {}
    for record in records:
        if found.setdefault(record.id, record).text != record.text:
            raise StoreError(
                "two different documents have the same id",
                remedy="give each its own id, or none to use the hash of the content",
            )
    return list(found.values())


def digest(*parts: str, key: bytes = b"") -> str:
    """Hash texts to 32 hexadecimal digits; equal texts give equal digests."""
    hasher = hashlib.blake2b(digest_size=16, key=key)
    for part in parts:
        encoded = part.encode("utf-8", "replace")
        # The length keeps ("ab", "c") and ("a", "bc") apart.
        hasher.update(len(encoded).to_bytes(8, "big") + encoded)
    return hasher.hexdigest()


def clean_text(text: str) -> str:
    """Replace characters that SQLite or the tokenizer rejects: lone surrogates and NUL.

    Raises:
        StoreError: The text is empty or white space.
    """
    cleaned = _encodable(text)
    if not cleaned.strip():
        raise StoreError("the text is empty", remedy="add a text that is not just white space")
    return cleaned


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")


def check_kind(kind: str) -> Kind:
    """Return the kind if it is valid.

    Raises:
        StoreError: There is no such kind.
    """
    for known in KINDS:
        if kind == known:
            return known
    raise StoreError(f"there is no kind {kind!r}", remedy=f"use one of {', '.join(KINDS)}")


def clean_metadata(metadata: Mapping[str, object]) -> Metadata:
    """Check a caller's metadata; None values and the kind are dropped.

    Raises:
        StoreError: A name is reserved, a value cannot be stored, or the date is not valid.
    """
    cleaned = {
        name: _clean_value(name, value)
        for name, value in metadata.items()
        if value is not None and name != "kind"
    }
    if "date" in cleaned:
        timestamp(cleaned["date"])  # fails if it is not ISO 8601
    return cleaned


def _clean_value(name: str, value: object) -> Scalar | list[Scalar]:
    _check_text(name, "a metadata name")
    if name.startswith(RESERVED):
        raise StoreError(
            f"the metadata name {name!r} is reserved",
            remedy=f"use a name that does not start with {RESERVED!r}",
        )
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return _encodable(value)
    if _is_storable_number(value):
        return value
    if isinstance(value, (list, tuple)):
        scalars = [item for item in value if isinstance(item, str) or _is_storable_number(item)]
        if len(scalars) == len(value) > 0 and len({type(item) for item in scalars}) == 1:
            return scalars
    raise StoreError(
        f"the metadata {name!r} cannot be stored: it is a {type(value).__name__}",
        remedy="use text, finite numbers, booleans, dates, or a list of values of one type",
    )


def _is_storable_number(value: object) -> TypeGuard[int | float | bool]:
    """Whether the value is a number that SQLite stores exactly."""
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    return isinstance(value, float) and math.isfinite(value)


def timestamp(value: object) -> float:
    """Seconds since 1970 of a date, a datetime or an ISO 8601 string; UTC if it has no zone.

    Raises:
        StoreError: The value is none of these.
    """
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    try:
        parsed = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        raise StoreError(
            "a date is not in ISO 8601", remedy="write it as 2026-03-14 or 2026-03-14T09:30"
        ) from None
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()


def is_plain_date(value: object) -> bool:
    """Whether a value that `timestamp` accepts is a day without a time."""
    if isinstance(value, date):
        return not isinstance(value, datetime)
    try:
        date.fromisoformat(str(value))
    except ValueError:
        return False
    return True
