"""Keeps Chroma's vector index whole: Chroma saves it in place, file by file.

A process that is killed while Chroma saves leaves an index that answers wrongly, fails or crashes
the process that opens it. Chroma's database is transactional and its queue holds every change that
is not saved yet, so a copy of the index from before the save is all it takes to go back. What the
files of a whole index look like is written down, so that a damaged one is noticed before Chroma
reads it.
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
from cogenesis_langchain.retrievers.storage.chroma_files import ChromaFiles

if TYPE_CHECKING:
    from chromadb import Collection

_PIECE: Final = 1 << 20

FileStates = dict[str, list[int]]
"""Size and CRC-32 of each file of an index."""


class IndexGuard:
    """Guards the indexes of a folder.

    Args:
        folder: Chroma's persist directory.
        files: Its files.
    """

    def __init__(self, folder: Path, files: ChromaFiles) -> None:
        self._folder = folder
        self._files = files
        self._copy = folder / "index-copy"
        self._file_states = folder / "index-looks.json"

    def recover(self) -> None:
        """Undo a save that was broken off. Chroma must not be running."""
        shutil.rmtree(self._copy.with_suffix(".part"), ignore_errors=True)
        if not self._copy.exists():
            return
        index, saved, existed = json.loads((self._copy / "state.json").read_text())
        if self._files.indexes().get(index) == saved:
            self._put_back(index, existed)
        shutil.rmtree(self._copy)

    def damaged(self) -> list[str]:
        """Return the indexes whose files are not what was saved. Chroma must not be running."""
        known, found = self._read_looks(), {}
        damaged = []
        for index, saved in self._files.indexes().items():
            if saved == 0:
                continue
            looks = _file_states(self._files.index_folder(index))
            known_saved, known_looks = known.get(index, (None, None))
            if not looks or (known_saved == saved and known_looks != looks):
                damaged.append(index)
            else:
                found[index] = (saved, looks)
        self._write_looks(found)
        return damaged

    @contextmanager
    def changing(self, collection: Collection, changes: int) -> Iterator[None]:
        """Hold a copy of a collection's index while a change may make Chroma save it.

        Args:
            collection: What is about to be changed.
            changes: How many records.
        """
        index = self._files.index_of(collection.id)
        threshold = collection.configuration_json["hnsw"]["sync_threshold"]
        if self._files.unsaved(collection.id, index) + changes < threshold:
            yield
            return
        self._make_copy(index)
        yield
        self._files.wipe_unused(index)
        self.note(index)
        shutil.rmtree(self._copy)

    def wipe_unused(self) -> None:
        """Wipe what Chroma wrote of its memory into files of the indexes; see `ChromaFiles`."""
        for index, saved in self._files.indexes().items():
            if self._files.wipe_unused(index) and saved:
                self.note(index)

    def note(self, index: str) -> None:
        """Note what a whole index looks like now."""
        looks = (self._files.saved(index), _file_states(self._files.index_folder(index)))
        self._write_looks({**self._read_looks(), index: looks})

    def _make_copy(self, index: str) -> None:
        part = self._copy.with_suffix(".part")
        part.mkdir(mode=0o700)
        folder = self._files.index_folder(index)
        if existed := folder.exists():
            shutil.copytree(folder, part / index)
        (part / "state.json").write_text(json.dumps([index, self._files.saved(index), existed]))
        part.rename(self._copy)

    def _put_back(self, index: str, existed: bool) -> None:
        copied, folder = self._copy / index, self._files.index_folder(index)
        if existed and not copied.exists():
            return  # a recovery that was itself broken off had put it back already
        shutil.rmtree(folder, ignore_errors=True)
        if existed:
            copied.rename(folder)

    def _read_looks(self) -> dict[str, tuple[int, FileStates]]:
        if not self._file_states.exists():
            return {}
        try:
            return {
                name: (entry[0], entry[1])
                for name, entry in json.loads(self._file_states.read_text()).items()
            }
        except ValueError:
            raise StoreError(
                f"{self._file_states} is damaged", remedy="delete this file; it is made again"
            ) from None

    def _write_looks(self, looks: dict[str, tuple[int, FileStates]]) -> None:
        part = self._file_states.with_suffix(".part")
        part.write_text(json.dumps(looks))
        part.rename(self._file_states)


def _file_states(folder: Path) -> FileStates:
    if not folder.exists():
        return {}
    return {file.name: [file.stat().st_size, _crc(file)] for file in sorted(folder.iterdir())}


def _crc(file: Path) -> int:
    crc = 0
    with file.open("rb") as stream:
        while piece := stream.read(_PIECE):
            crc = zlib.crc32(piece, crc)
    return crc
