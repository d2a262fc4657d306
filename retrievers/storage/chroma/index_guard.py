"""Protects Chroma's vector index, which Chroma saves in place, file by file.

If a process is killed while Chroma saves, the index that remains returns wrong results, fails, or
crashes the process that opens it. Chroma's database is transactional, and its queue contains every
change that is not saved yet. A copy of the index from before the save is therefore enough to
recover. Checksums of the saved index reveal a damaged one before Chroma reads it.
"""

from __future__ import annotations

import json
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cogenesis_langchain.errors import StoreError
from cogenesis_langchain.retrievers.storage.chroma.chroma_files import ChromaFiles

if TYPE_CHECKING:
    from chromadb import Collection

_BLOCK: Final = 1 << 20

Checksums = dict[str, list[int]]
"""Size and CRC-32 of each file of an index."""


class IndexGuard:
    """Guards the vector indexes of a folder.

    Args:
        folder: Chroma's persist directory.
        files: Access to its files.
    """

    def __init__(self, folder: Path, files: ChromaFiles) -> None:
        self._folder = folder
        self._files = files
        self._checksum_file = folder / "index-checksums.json"

    def recover(self) -> None:
        """Undo interrupted saves. Chroma must not be running."""
        for part in self._folder.glob("index-copy-*.part"):
            shutil.rmtree(part)
        for copy in self._folder.glob("index-copy-*"):
            self._undo(copy)
            shutil.rmtree(copy)

    def damaged(self) -> list[str]:
        """Return the indexes whose files differ from what was saved. Chroma must not be running."""
        known, found = self._read_checksums(), {}
        damaged = []
        for index, saved in self._files.indexes().items():
            if saved == 0:
                continue
            checksums = _checksums(self._files.index_folder(index))
            known_saved, known_checksums = known.get(index, (None, None))
            if not checksums or (known_saved == saved and known_checksums != checksums):
                damaged.append(index)
            else:
                found[index] = (saved, checksums)
        self._write_checksums(found)
        return damaged

    @contextmanager
    def changing(self, collection: Collection, changes: int) -> Iterator[None]:
        """Keep a copy of a collection's index while a change may make Chroma save it.

        Args:
            collection: The collection that is about to be changed.
            changes: Number of records that will be changed.
        """
        index = self._files.index_of(collection.id)
        threshold = collection.configuration_json["hnsw"]["sync_threshold"]
        if self._files.unsaved_changes(collection.id, index) + changes < threshold:
            yield
            return
        copy = self._make_copy(index)
        # Not in a ``finally``: after an error the copy stays, and the next opening recovers.
        yield
        self._files.zero_unused(index)
        self.record_checksums(index)
        shutil.rmtree(copy)

    def zero_unused(self) -> None:
        """Zero process memory that Chroma leaked into the index files; see `ChromaFiles`."""
        for index, saved in self._files.indexes().items():
            if self._files.zero_unused(index) and saved:
                self.record_checksums(index)

    def record_checksums(self, index: str) -> None:
        """Record the checksums of an index as it is now."""
        checksums = _checksums(self._files.index_folder(index))
        entry = (self._files.saved_sequence(index), checksums)
        self._write_checksums({**self._read_checksums(), index: entry})

    def _make_copy(self, index: str) -> Path:
        """Copy an index as it was saved last; a copy that an earlier error left is still that."""
        copy = self._folder / f"index-copy-{index}"
        state = [index, self._files.saved_sequence(index), self._files.index_folder(index).exists()]
        if copy.exists():
            if _state(copy)[1] == state[1]:
                return copy
            shutil.rmtree(copy)
        part = copy.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(mode=0o700)
        if state[2]:
            shutil.copytree(self._files.index_folder(index), part / index)
        (part / "state.json").write_text(json.dumps(state))
        part.rename(copy)  # atomic, so a copy under this name is complete
        return copy

    def _undo(self, copy: Path) -> None:
        """Put a copied index back, unless its save was completed."""
        index, saved, existed = _state(copy)
        # A higher sequence number means that the save was completed.
        if self._files.indexes().get(index) != saved:
            return
        copied, folder = copy / index, self._files.index_folder(index)
        if existed and not copied.exists():
            return  # an earlier recovery had restored it before it was interrupted
        shutil.rmtree(folder, ignore_errors=True)
        if existed:
            copied.rename(folder)

    def _read_checksums(self) -> dict[str, tuple[int, Checksums]]:
        if not self._checksum_file.exists():
            return {}
        try:
            return {
                name: (entry[0], entry[1])
                for name, entry in json.loads(self._checksum_file.read_text()).items()
            }
        except ValueError:
            raise StoreError(
                f"{self._checksum_file} is damaged", remedy="delete this file; it is recreated"
            ) from None

    def _write_checksums(self, checksums: dict[str, tuple[int, Checksums]]) -> None:
        part = self._checksum_file.with_suffix(".part")
        part.write_text(json.dumps(checksums))
        part.rename(self._checksum_file)


def _state(copy: Path) -> tuple[str, int, bool]:
    """A copy's index, the sequence number of its last save, and whether it had files then."""
    index, saved, existed = json.loads((copy / "state.json").read_text())
    return index, saved, existed


def _checksums(folder: Path) -> Checksums:
    if not folder.exists():
        return {}
    return {file.name: [file.stat().st_size, _crc(file)] for file in sorted(folder.iterdir())}


def _crc(file: Path) -> int:
    crc = 0
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            crc = zlib.crc32(block, crc)
    return crc
