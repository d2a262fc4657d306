"""The derived index of a user's records: keyword index and private values.

Everything in it can be recomputed from the records. ``revision`` is the revision of the collection
that it was derived from. Where it differs from the collection's own, the two are compared and the
index is updated. Words are stored as short hashes in sorted order, so the file contains no readable
text.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from cogenesis_langchain.privacy.matching.value_set import ValueRow, ValueSet
from cogenesis_langchain.retrievers.storage.record_format import RecordFormat
from cogenesis_langchain.retrievers.storage.records import Ranked, Record, digest
from cogenesis_langchain.search_terms import term_hasher, terms

_log: Final = logging.getLogger(__name__)

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entries (
    row INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, digest TEXT NOT NULL, private BLOB NOT NULL
);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(body, tokenize = 'ascii');
CREATE VIRTUAL TABLE IF NOT EXISTS frequencies USING fts5vocab('words', 'row');
"""
_DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
"""Primary codes of the errors of a damaged file; SQLITE_ERROR is that of a damaged word index."""

_MAX_FREQUENCY: Final = 0.1
"""In a large store, words in more than this share of the records are not searched for: they hardly
change the ranking, and take the most time."""
_LARGE: Final = 5_000  # number of records


class DerivedIndex:
    """Keyword index and private values of one user's records.

    Not thread-safe: the caller holds the store's lock, and translates SQLite's errors.

    Args:
        path: The file; None keeps the index in memory.
        record_format: Supplies the key for hashes, and encrypts the private values if the store is
            encrypted.
    """

    def __init__(self, path: Path | None, record_format: RecordFormat) -> None:
        self._record_format = record_format
        self._hashed = term_hasher(record_format.key)
        try:
            self._database = _open_database(path)
        except sqlite3.DatabaseError as error:
            if path is None or error.sqlite_errorcode & 0xFF not in _DAMAGED:
                raise  # a whole file that is locked, or cannot be read or written
            _log.warning("the index file %s is damaged; it is rebuilt from the records", path)
            path.unlink()
            self._database = _open_database(path)

    @property
    def revision(self) -> str:
        """Revision of the collection that the index was derived from; "" if none."""
        row = self._row("SELECT value FROM state WHERE name = 'revision'")
        return str(row[0]) if row else ""

    @revision.setter
    def revision(self, revision: str) -> None:
        self._database.execute("INSERT OR REPLACE INTO state VALUES ('revision', ?)", (revision,))

    def digests(self) -> Mapping[str, str]:
        """Return the digest of each indexed record by id."""
        return dict(self._database.execute("SELECT id, digest FROM entries"))

    def put(self, records: Sequence[Record]) -> ValueSet:
        """Add records, or replace those with the same id.

        Returns:
            Their private values.
        """
        values = [
            ValueSet.from_texts([record.text, *_texts_in_metadata(record)]) for record in records
        ]
        bodies = [" ".join(sorted(map(self._hashed, terms(record.text)))) for record in records]
        with self._transaction():
            for record, private, body in zip(records, values, bodies, strict=True):
                self._delete(record.id)
                text_digest = digest(record.text, key=self._record_format.key)
                cursor = self._database.execute(
                    "INSERT INTO entries (id, digest, private) VALUES (?, ?, ?)",
                    (
                        record.id,
                        text_digest,
                        self._record_format.encode_bytes(serialize_values(private)),
                    ),
                )
                self._database.execute(
                    "INSERT INTO words (rowid, body) VALUES (?, ?)", (cursor.lastrowid, body)
                )
        return ValueSet.from_rows(row for private in values for row in private.to_rows())

    def remove(self, ids: Iterable[str]) -> None:
        """Remove records; unknown ids are ignored."""
        with self._transaction():
            for id_ in ids:
                self._delete(id_)

    def search(self, words: Iterable[str], limit: int) -> list[Ranked]:
        """Find records by words.

        Args:
            words: Words, as returned by `terms`.
            limit: Maximum number of records.

        Returns:
            Ids and BM25 scores (k1 = 1.2, b = 0.75), best first.
        """
        wanted = self._selective(sorted({self._hashed(word) for word in words}))
        if not wanted:
            return []
        return self._database.execute(
            "SELECT id, -rank FROM words JOIN entries ON row = words.rowid "
            "WHERE words MATCH ? ORDER BY rank LIMIT ?",
            (" OR ".join(wanted), limit),
        ).fetchall()

    def private_values(self) -> ValueSet:
        """Return the private values of all records together."""
        rows = self._database.execute("SELECT private FROM entries")
        return ValueSet.from_rows(
            value
            for (stored,) in rows
            for value in deserialize_values(self._record_format.decode_bytes(stored))
        )

    def erase_deleted(self) -> None:
        """Remove every trace of removed records from the file."""
        self._database.execute("INSERT INTO words (words) VALUES ('rebuild')")
        self._database.execute("VACUUM")

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _selective(self, hashes: Sequence[str]) -> list[str]:
        """Drop words that no record contains and, in a large store, very frequent ones."""
        found = {term: count for term in hashes if (count := self._frequency(term))}
        total = self._row("SELECT count(*) FROM entries")[0]
        if total < _LARGE:
            return list(found)
        selective = [term for term, count in found.items() if count <= _MAX_FREQUENCY * total]
        return selective or list(found)

    def _frequency(self, hashed: str) -> int:
        row = self._row("SELECT doc FROM frequencies WHERE term = ?", hashed)
        return int(row[0]) if row else 0

    def _delete(self, id_: str) -> None:
        row = self._row("SELECT row FROM entries WHERE id = ?", id_)
        if row:
            self._database.execute("DELETE FROM entries WHERE row = ?", row)
            self._database.execute("DELETE FROM words WHERE rowid = ?", row)

    def _row(self, sql: str, *values: object) -> tuple[Any, ...]:
        row: tuple[Any, ...] | None = self._database.execute(sql, values).fetchone()
        return row or ()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._database:  # commits, or rolls back
            self._database.execute("BEGIN IMMEDIATE")
            yield


def _open_database(path: Path | None) -> sqlite3.Connection:
    database = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
    try:
        database.executescript(_SCHEMA)
        database.execute("SELECT count(*) FROM words").fetchone()
    except sqlite3.DatabaseError:
        database.close()
        raise
    return database


_DIGEST_BYTES: Final = 8
_SEPARATOR: Final = b"\n"


def serialize_values(values: ValueSet) -> bytes:
    """Serialise a value set: one line of JSON, then the raw digests of the phrases.

    Phrases are most of a set and are kept as digests only, so this is much smaller than JSON alone.
    """
    rows = list(values.to_rows())
    texts = [row for row in rows if row[0] != "phrase"]
    digests = b"".join(bytes.fromhex(text) for origin, _, text in rows if origin == "phrase")
    return json.dumps(texts).encode() + _SEPARATOR + digests


def deserialize_values(serialized: bytes) -> Iterator[ValueRow]:
    """Read the output of `serialize_values`."""
    texts, _, digests = serialized.partition(_SEPARATOR)
    yield from (tuple(row) for row in json.loads(texts))
    for start in range(0, len(digests), _DIGEST_BYTES):
        yield "phrase", "PHRASE", digests[start : start + _DIGEST_BYTES].hex()


def _texts_in_metadata(record: Record) -> Iterator[str]:
    for value in record.metadata.values():
        items = value if isinstance(value, list) else [value]
        yield from (item for item in items if isinstance(item, str))
