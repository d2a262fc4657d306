"""What the store holds: records, how they are named, and how Chroma keeps them.

A record's id is the hash of its content, so adding the same thing twice changes nothing. Chroma
gets a record as one text and flat metadata; names that start with ``cogenesis_`` belong to the
store.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final, Literal, TypeAlias, get_args

from langchain_core.documents import Document

from cogenesis_langchain.errors import StoreError

Kind = Literal["profile", "history", "activity", "document"]
"""profile: facts about the user. history: what the user wrote. activity: appointments, purchases,
messages received. document: everything else."""

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

Scalar: TypeAlias = str | int | float | bool
Metadata: TypeAlias = Mapping[str, Scalar | list[Scalar]]

RESERVED: Final = "cogenesis_"
KIND: Final = f"{RESERVED}kind"
TIME: Final = f"{RESERVED}time"
SOURCE: Final = f"{RESERVED}source"
VERSION: Final = f"{RESERVED}version"


@dataclass(frozen=True, slots=True)
class Record:
    """One text of a user's private context.

    Attributes:
        id: Name within the user's collection.
        text: The text.
        kind: What it is.
        metadata: The caller's own metadata; ``date`` (ISO 8601) and ``source`` have a meaning.
        version: Which version of its source it was read from; "" if it has no source.
    """

    id: str
    text: str = field(repr=False)
    kind: Kind
    metadata: Metadata = field(repr=False, default_factory=dict)
    version: str = ""

    def document(self) -> Document:
        """Return the record as LangChain knows it, with its kind in the metadata."""
        return Document(
            id=self.id, page_content=self.text, metadata={**self.metadata, "kind": self.kind}
        )


def content_id(kind: Kind, source: str, text: str) -> str:
    """Name a record by its content: the same text of the same source has the same id."""
    content = "\0".join((kind, source, text))
    return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()


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
    """Check a caller's metadata; entries that are None are left out.

    Raises:
        StoreError: A name is reserved or a value is neither a scalar nor a list of scalars.
    """
    cleaned: dict[str, Scalar | list[Scalar]] = {}
    for name, value in metadata.items():
        if value is None or name == "kind":
            continue
        if name.startswith(RESERVED):
            raise StoreError(
                f"the metadata name {name!r} is reserved", remedy=f"don't start it with {RESERVED}"
            )
        if isinstance(value, (date, datetime)):
            cleaned[name] = value.isoformat()
        elif isinstance(value, (str, int, float, bool)):
            cleaned[name] = value
        elif isinstance(value, (list, tuple)) and all(isinstance(v, Scalar) for v in value):
            cleaned[name] = list(value)
        else:
            raise StoreError(
                f"the metadata {name!r} is a {type(value).__name__}",
                remedy="use text, numbers, booleans, dates or lists of these",
            )
    if "date" in cleaned:
        timestamp(cleaned["date"])
    return cleaned


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
