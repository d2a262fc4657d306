"""What is derived from a user's records and kept beside them: word index and private values.

Everything here can be made again from the records. ``revision`` says which state of the collection
it was made from; where it differs from the collection's own, the two are compared and made equal.
Words are kept as short hashes and in no order, so the file holds no readable text.
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
from cogenesis_langchain.terms import term_hasher, terms

_log: Final = logging.getLogger(__name__)

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entries (
    row INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, digest TEXT NOT NULL, private BLOB NOT NULL
);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(body, tokenize = 'ascii');
CREATE VIRTUAL TABLE IF NOT EXISTS frequencies USING fts5vocab('words', 'row');
"""
_COMMON_SHARE: Final = 0.1  # a word in more records than this tells little and costs most
_LARGE: Final = 5_000  # records from where on that cost is felt


class DerivedIndex:
    """Word index and private values of one user's records.

    Not safe for several threads at once: the caller holds the store's lock.

    Args:
        path: Its file; None keeps it in memory.
        record_format: Hashes words and conceals private values as the store conceals its texts.
    """

    def __init__(self, path: Path | None, record_format: RecordFormat) -> None:
        self._record_format = record_format
        self._hashed = term_hasher(record_format.key)
        try:
            self._database = _opened(path)
        except sqlite3.DatabaseError:
            if path is None:
                raise
            _log.warning("the index file %s is damaged; it is made again from the records", path)
            path.unlink()
            self._database = _opened(path)

    @property
    def revision(self) -> str:
        """The state of the collection that this was made from; "" if none."""
        row = self._one("SELECT value FROM state WHERE name = 'revision'")
        return str(row[0]) if row else ""

    @revision.setter
    def revision(self, revision: str) -> None:
        self._database.execute("INSERT OR REPLACE INTO state VALUES ('revision', ?)", (revision,))

    def digests(self) -> Mapping[str, str]:
        """Return the digest of each record that is known, by its id."""
        return dict(self._database.execute("SELECT id, digest FROM entries"))

    def put(self, records: Sequence[Record]) -> ValueSet:
        """Add records, or replace those of the same id.

        Returns:
            Their private values.
        """
        values = [ValueSet.from_texts([record.text]) for record in records]
        bodies = [" ".join(sorted(map(self._hashed, terms(record.text)))) for record in records]
        with self._transaction():
            for record, private, body in zip(records, values, bodies, strict=True):
                self._delete(record.id)
                text_digest = digest(record.text, key=self._record_format.key)
                cursor = self._database.execute(
                    "INSERT INTO entries (id, digest, private) VALUES (?, ?, ?)",
                    (record.id, text_digest, self._record_format.conceal(pack(private))),
                )
                self._database.execute(
                    "INSERT INTO words (rowid, body) VALUES (?, ?)", (cursor.lastrowid, body)
                )
        return ValueSet.from_rows(row for private in values for row in private.to_rows())

    def remove(self, ids: Iterable[str]) -> None:
        """Take records out; those that are not there do not matter."""
        with self._transaction():
            for id_ in ids:
                self._delete(id_)

    def search(self, words: Iterable[str], limit: int) -> list[Ranked]:
        """Find records by words.

        Args:
            words: As `terms` gives them.
            limit: How many at most.

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
        """Return the private values of every record together."""
        rows = self._database.execute("SELECT private FROM entries")
        return ValueSet.from_rows(
            value for (packed,) in rows for value in unpack(self._record_format.reveal(packed))
        )

    def erase_deleted(self) -> None:
        """Make sure that nothing of what was removed is left in the file."""
        self._database.execute("INSERT INTO words (words) VALUES ('rebuild')")
        self._database.execute("VACUUM")

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _selective(self, hashes: Sequence[str]) -> list[str]:
        """Leave out words that no record has, and in a large store words that many have."""
        found = {term: count for term in hashes if (count := self._frequency(term))}
        total = self._one("SELECT count(*) FROM entries")[0]
        if total < _LARGE:
            return list(found)
        selective = [term for term, count in found.items() if count <= _COMMON_SHARE * total]
        return selective or list(found)

    def _frequency(self, hashed: str) -> int:
        row = self._one("SELECT doc FROM frequencies WHERE term = ?", hashed)
        return int(row[0]) if row else 0

    def _delete(self, id_: str) -> None:
        row = self._one("SELECT row FROM entries WHERE id = ?", id_)
        if row:
            self._database.execute("DELETE FROM entries WHERE row = ?", row)
            self._database.execute("DELETE FROM words WHERE rowid = ?", row)

    def _one(self, sql: str, *values: object) -> tuple[Any, ...]:
        row: tuple[Any, ...] | None = self._database.execute(sql, values).fetchone()
        return row or ()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._database:  # commits, or rolls back
            self._database.execute("BEGIN IMMEDIATE")
            yield


def _opened(path: Path | None) -> sqlite3.Connection:
    database = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
    try:
        database.executescript(_SCHEMA)
        database.execute("SELECT count(*) FROM words").fetchone()
    except sqlite3.DatabaseError:
        database.close()
        raise
    return database


_DIGEST_BYTES: Final = 8
_END_OF_TEXTS: Final = b"\n"


def pack(values: ValueSet) -> bytes:
    """Write a set's rows: the values as one line of JSON, then the phrases' digests as they are."""
    rows = list(values.to_rows())
    texts = [row for row in rows if row[0] != "phrase"]
    digests = b"".join(bytes.fromhex(text) for origin, _, text in rows if origin == "phrase")
    return json.dumps(texts).encode() + _END_OF_TEXTS + digests


def unpack(packed: bytes) -> Iterator[ValueRow]:
    """Read the rows that `pack` wrote."""
    texts, _, digests = packed.partition(_END_OF_TEXTS)
    yield from (tuple(row) for row in json.loads(texts))
    for start in range(0, len(digests), _DIGEST_BYTES):
        yield "phrase", "PHRASE", digests[start : start + _DIGEST_BYTES].hex()
