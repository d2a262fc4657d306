"""Direct access to the files of an embedded Chroma, where its API is not enough.

Chroma 1.5 has no API to ask which records its vector index has saved. Deleting leaves traces in its
files: the text in free pages and in the write-ahead queue, its trigrams in the full-text index
(which VACUUM keeps), list metadata and index folders of deleted collections, and the vectors. All
knowledge of Chroma's tables and file formats is in this module.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import UUID

_DATABASE: Final = "chroma.sqlite3"
_INDEX: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_VECTORS: Final = "data_level0.bin"
_LENGTHS: Final = "length.bin"
_HEADER: Final = struct.Struct("<iQQQQ")  # version, offset, capacity, elements, bytes per element
_LENGTH_BYTES: Final = 4
_BLOCK: Final = 1 << 20
_ROUNDING: Final = 1e-5
_DELETE: Final = 3  # code of a deletion in the queue
_COLLECTION_OF_TOPIC: Final = "substr(topic, -36)"

_ORPHANS: Final = (
    "DELETE FROM embeddings WHERE segment_id NOT IN (SELECT id FROM segments)",
    "DELETE FROM embedding_metadata WHERE id NOT IN (SELECT id FROM embeddings)",
    "DELETE FROM embedding_metadata_array WHERE id NOT IN (SELECT id FROM embeddings)",
    "DELETE FROM embedding_fulltext_search WHERE rowid NOT IN (SELECT id FROM embeddings)",
    "DELETE FROM embeddings_queue WHERE seq_id < (SELECT max(seq_id) FROM embeddings_queue) "
    f"AND {_COLLECTION_OF_TOPIC} NOT IN (SELECT id FROM collections)",
)


def is_written_by_chroma(path: Path) -> bool:
    """Whether a file or folder is Chroma's, by its name: the database, or a vector index."""
    return path.name.startswith(_DATABASE) or (path.is_dir() and bool(_INDEX.fullmatch(path.name)))


class ChromaFiles:
    """Chroma's database and index folders; they need not exist yet.

    Args:
        folder: Chroma's persist directory.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._zeroed: dict[Path, int] = {}

    def database_exists(self) -> bool:
        """Whether there is a database that has been written to."""
        database = self._folder / _DATABASE
        return database.exists() and database.stat().st_size > 0

    def indexes(self) -> dict[str, int]:
        """Return each vector index and the sequence number up to which it is saved."""
        if not self.database_exists():
            return {}
        with self._database() as database:
            tables = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'segments'")
            if not tables.fetchone():
                return {}
            rows = database.execute(
                "SELECT id, coalesce(seq_id, 0) FROM segments LEFT JOIN max_seq_id "
                "ON segment_id = id WHERE scope = 'VECTOR'"
            )
            return dict(rows.fetchall())

    def index_of(self, collection: UUID) -> str:
        """Return the id of a collection's vector index."""
        with self._database() as database:
            row = database.execute(
                "SELECT id FROM segments WHERE scope = 'VECTOR' AND collection = ?",
                (str(collection),),
            ).fetchone()
        return str(row[0])

    def saved_sequence(self, index: str) -> int:
        """Return the sequence number up to which an index is saved."""
        with self._database() as database:
            row = database.execute(
                "SELECT seq_id FROM max_seq_id WHERE segment_id = ?", (index,)
            ).fetchone()
        return int(row[0]) if row else 0

    def unsaved_changes(self, collection: UUID, index: str) -> int:
        """Return the number of queued changes of a collection that its saved index lacks."""
        with self._database() as database:
            row = database.execute(
                f"SELECT count(*) FROM embeddings_queue WHERE {_COLLECTION_OF_TOPIC} = ? "
                "AND seq_id > coalesce((SELECT seq_id FROM max_seq_id WHERE segment_id = ?), 0)",
                (str(collection), index),
            ).fetchone()
        return int(row[0])

    def index_folder(self, index: str) -> Path:
        """Return the folder of an index."""
        return self._folder / index

    def discard_index(self, index: str) -> None:
        """Delete a saved index; Chroma starts a new one. Chroma must not be running."""
        shutil.rmtree(self.index_folder(index), ignore_errors=True)
        with self._database() as database:
            database.execute("DELETE FROM max_seq_id WHERE segment_id = ?", (index,))

    def erase_deleted(self, forgotten: Sequence[str] = ()) -> None:
        """Remove every trace of deleted records. Chroma must not be running.

        Args:
            forgotten: Ids of records deleted from collections that still exist.
        """
        with self._database() as database:
            database.execute("BEGIN IMMEDIATE")
            # The queue's last row stays in any case: Chroma numbers new changes after it, and a
            # number below an index's saved one would be skipped.
            for statement in _ORPHANS:
                database.execute(statement)
            database.executemany(
                f"DELETE FROM embeddings_queue WHERE id = ? AND operation != {_DELETE} "
                "AND seq_id < (SELECT max(seq_id) FROM embeddings_queue)",
                [(id_,) for id_ in forgotten],
            )
            # VACUUM copies the full-text index as it is, with the deleted texts' trigrams.
            database.execute(
                "INSERT INTO embedding_fulltext_search (embedding_fulltext_search) "
                "VALUES ('rebuild')"
            )
            database.execute("COMMIT")
            database.execute("VACUUM")
        known = self.indexes()
        for entry in self._folder.iterdir():
            if entry.is_dir() and _is_uuid(entry.name) and entry.name not in known:
                shutil.rmtree(entry)

    def zero_unused(self, index: str) -> bool:
        """Zero the part of an index's files that is reserved for elements not added yet.

        Chroma allocates this space without clearing it and saves it as it is. It then contains
        whatever the process had in memory before, such as decrypted texts or texts of other users.

        Returns:
            Whether anything but zeros was found.
        """
        folder = self.index_folder(index)
        header = folder / "header.bin"
        if not header.exists():
            return False
        with header.open("rb") as file:
            _, _, _, elements, size = _HEADER.unpack(file.read(_HEADER.size))
        vectors, lengths = folder / _VECTORS, folder / _LENGTHS
        found = [
            self._zero(vectors, elements * size),
            self._zero(lengths, elements * _LENGTH_BYTES),
        ]
        return any(found)

    def were_written(self) -> bool:
        """Whether Chroma has written files of an index since `zero_unused`."""
        files = (*self._folder.glob(f"*/{_VECTORS}"), *self._folder.glob(f"*/{_LENGTHS}"))
        return any(self._zeroed.get(file) != file.stat().st_mtime_ns for file in files)

    def _zero(self, file: Path, start: int) -> bool:
        # Skip a file that has not been written since it was last scanned.
        if self._zeroed.get(file) == file.stat().st_mtime_ns:
            return False
        found = False
        with file.open("r+b") as stream:
            stream.seek(start)
            while block := stream.read(_BLOCK):
                if block.strip(b"\0"):
                    found = True
                    stream.seek(-len(block), os.SEEK_CUR)
                    stream.write(bytes(len(block)))
        self._zeroed[file] = file.stat().st_mtime_ns
        return found

    def overwrite_vectors(self, index: str, vectors: Sequence[Sequence[float]]) -> None:
        """Zero the vectors of deleted records. Chroma must not be running.

        The HNSW graph keeps the vector of a deleted record as a node to search through. A node of
        zeros still works as one.

        Args:
            index: The index that contained them.
            vectors: The vectors, of any length; the index stores them normalised.
        """
        import numpy as np

        file = self.index_folder(index) / _VECTORS
        if not file.exists():
            return
        saved = np.memmap(file, dtype=np.float32, mode="r+")
        for vector in vectors:
            wanted = np.asarray(vector, dtype=np.float32)
            wanted /= np.linalg.norm(wanted)
            # Find candidates by the first number, then compare the whole vector.
            starts = np.flatnonzero(np.abs(saved - wanted[0]) < _ROUNDING)
            for start in starts[starts <= len(saved) - len(wanted)]:
                place = saved[start : start + len(wanted)]
                if np.allclose(place, wanted, rtol=0, atol=_ROUNDING):
                    place[:] = 0
        saved.flush()

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        database = sqlite3.connect(self._folder / _DATABASE, timeout=30, isolation_level=None)
        try:
            yield database
        finally:
            database.close()


def _is_uuid(name: str) -> bool:
    try:
        UUID(name)
    except ValueError:
        return False
    return True
