"""What the store holds: records, their kinds, their names and their metadata.

A record's id is the hash of its content, so adding the same thing twice changes nothing.
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
"""Metadata names that start like this belong to the store."""

Scalar: TypeAlias = str | int | float | bool
Metadata: TypeAlias = Mapping[str, Scalar | list[Scalar]]


Ranked: TypeAlias = tuple[str, float]
"""The id of a record that was found, and its score."""


@dataclass(frozen=True, slots=True)
class Record:
    """One text of a user's private context.

    Attributes:
        id: Name within the user's collection.
        text: The text.
        kind: What it is.
        metadata: The caller's own; ``date`` (ISO 8601) and ``source`` have a meaning.
        version: Which version of its source it was read from; "" if it was not read from a file.
    """

    id: str
    text: str = field(repr=False)
    kind: Kind = "document"
    metadata: Metadata = field(repr=False, default_factory=dict)
    version: str = ""

    @property
    def source(self) -> str:
        """Where it was read from, or ""."""
        return str(self.metadata.get("source", ""))

    def document(self) -> Document:
        """Return the record as LangChain knows it, with its kind in the metadata."""
        return Document(
            id=self.id, page_content=self.text, metadata={**self.metadata, "kind": self.kind}
        )


def make_record(
    document: Document, kind: Kind = "document", *, key: bytes = b"", version: str = ""
) -> Record:
    """Make a record of a LangChain document.

    Args:
        document: Its own id is kept if it has one.
        kind: What it is, unless its metadata says it.
        key: Makes the id a keyed hash, which tells nothing about the text.
        version: See `Record`.

    Raises:
        StoreError: Its text is empty, or its metadata cannot be kept.
    """
    kind = check_kind(document.metadata.get("kind", kind))
    metadata = clean_metadata(document.metadata)
    text = clean_text(document.page_content)
    name = document.id or digest(kind, str(metadata.get("source", "")), text, key=key)
    return Record(name, text, kind, metadata, version)


def fact_record(name: str, fact: str, *, key: bytes = b"") -> Record:
    """Make a record of a fact of the profile, named by the fact's name.

    Args:
        name: What the fact is about.
        fact: The fact.
        key: See `make_record`.

    Raises:
        StoreError: It is empty.
    """
    return Record(digest("profile", name, key=key), clean_text(f"{name}: {fact}"), "profile")


def unique(records: Iterable[Record]) -> list[Record]:
    """Return each record once.

    Raises:
        StoreError: Two with different texts have the same id.
    """
    found: dict[str, Record] = {}
    for record in records:
        if found.setdefault(record.id, record).text != record.text:
            raise StoreError(
                "two different documents have the same id",
                remedy="give each its own, or none, to name them by their content",
            )
    return list(found.values())


def digest(*parts: str, key: bytes = b"") -> str:
    """Hash texts to 32 hexadecimal digits; equal parts give equal digests."""
    hasher = hashlib.blake2b(digest_size=16, key=key)
    for part in parts:
        encoded = part.encode("utf-8", "replace")
        hasher.update(len(encoded).to_bytes(8, "big") + encoded)
    return hasher.hexdigest()


def clean_text(text: str) -> str:
    """Replace what neither SQLite nor a tokenizer takes: lone surrogates and NUL.

    Raises:
        StoreError: Nothing but white space is left.
    """
    cleaned = text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")
    if not cleaned.strip():
        raise StoreError("the text is empty", remedy="add a text that holds something")
    return cleaned


def check_kind(kind: str) -> Kind:
    """Return the kind.

    Raises:
        StoreError: There is no such kind.
    """
    for known in KINDS:
        if kind == known:
            return known
    raise StoreError(f"there is no kind {kind!r}", remedy=f"use one of {', '.join(KINDS)}")


def clean_metadata(metadata: Mapping[str, object]) -> Metadata:
    """Check a caller's metadata; entries that are None are left out, and so is the kind.

    Raises:
        StoreError: A name is reserved, a value cannot be kept, or the date is not one.
    """
    cleaned = {
        name: _clean_value(name, value)
        for name, value in metadata.items()
        if value is not None and name != "kind"
    }
    if "date" in cleaned:
        timestamp(cleaned["date"])
    return cleaned


def _clean_value(name: str, value: object) -> Scalar | list[Scalar]:
    if name.startswith(RESERVED):
        raise StoreError(
            f"the metadata name {name!r} is reserved", remedy=f"don't start it with {RESERVED!r}"
        )
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")
    if _fits(value):
        return value
    if isinstance(value, (list, tuple)):
        scalars = [item for item in value if isinstance(item, str) or _fits(item)]
        if len(scalars) == len(value) > 0 and len({type(item) for item in scalars}) == 1:
            return scalars
    raise StoreError(
        f"the metadata {name!r} cannot be kept: it is a {type(value).__name__}",
        remedy="use text, finite numbers, booleans, dates, or a list of values of one type",
    )


def _fits(value: object) -> TypeGuard[int | float | bool]:
    """Whether a number is one that SQLite keeps as it is."""
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    return isinstance(value, float) and math.isfinite(value)


def timestamp(moment: object) -> float:
    """Seconds since 1970 of a date, a datetime or an ISO 8601 text; without a zone it is UTC.

    Raises:
        StoreError: It is none of these.
    """
    if isinstance(moment, date) and not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day)
    try:
        parsed = moment if isinstance(moment, datetime) else datetime.fromisoformat(str(moment))
    except ValueError:
        raise StoreError(
            "a date is not in ISO 8601", remedy="write it as 2026-03-14 or 2026-03-14T09:30"
        ) from None
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
