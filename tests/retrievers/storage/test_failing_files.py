"""Files that are locked, or cannot be written to their end."""

from __future__ import annotations

import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from support.word_embeddings import WordEmbeddings

from cogenesis_langchain.errors import StoreError
from cogenesis_langchain.retrievers.context_store import ContextStore
from cogenesis_langchain.retrievers.search import Search
from cogenesis_langchain.retrievers.storage.encryption import new_key_file, read_key_file
from cogenesis_langchain.whole_file import whole_file

SECRET = "Qzxvbnm 84413"


@contextmanager
def full_disk() -> Iterator[None]:
    """No file may grow beyond a few bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """The file as a database browser holds it that is about to write."""
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite does not wait for a lock."""
    connect = sqlite3.connect

    def at_once(*args: object, **how: object) -> sqlite3.Connection:
        return connect(*args, **{**how, "timeout": 0})  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(sqlite3, "connect", at_once)


@pytest.mark.usefixtures("impatient")
def test_a_locked_index_file_is_reported_and_loses_nothing(folder: Path) -> None:
    with ContextStore(folder, embeddings=WordEmbeddings()) as store:
        store.add(f"the first {SECRET}")
        [index] = folder.glob("context-*.sqlite3")
        before = index.stat().st_ino
        with locked(index):
            for attempt in (
                lambda: store.add(f"the second {SECRET}"),
                lambda: store.search(Search("84413", search_type="keywords")),
                lambda: store.private_values(),
                lambda: store.delete(["a"]),
            ):
                with pytest.raises(StoreError, match="locked") as caught:
                    attempt()
                assert "84413" not in repr(caught.value)
                assert "try again" in caught.value.remedy
                assert caught.value.__suppress_context__
        store.add(f"the second {SECRET}")
        assert len(store.search(Search("84413", search_type="keywords"))) == 2
    with locked(index), pytest.raises(StoreError, match="locked"):
        ContextStore(folder, embeddings=WordEmbeddings())
    assert index.stat().st_ino == before, "a locked file is not a damaged one"
    with ContextStore(folder, embeddings=WordEmbeddings()) as store:
        assert len(store.search(Search("84413", search_type="keywords"))) == 2


def test_a_key_file_that_cannot_be_written_does_not_remain(tmp_path: Path) -> None:
    path = tmp_path / "key"
    with full_disk(), pytest.raises(StoreError, match="cannot be written"):
        new_key_file(path)
    assert not path.exists()
    key = new_key_file(path)
    with full_disk(), pytest.raises(StoreError, match="cannot be written"):
        new_key_file(path)
    assert read_key_file(path) == key, "a key that was there stays"


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_nothing_remains_of_a_file_after_an_error(
    tmp_path: Path, error: type[BaseException]
) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(error), whole_file(path) as partial:
        partial.write_text("ne")
        raise error
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(error), whole_file(tmp_path / "other"):
        raise error
    with whole_file(path) as partial:
        partial.write_text("new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.slow
def test_after_a_kill_nothing_half_written_has_the_name_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    code = (
        "import os, signal, sys, pathlib\n"
        "from cogenesis_langchain.whole_file import whole_file\n"
        "with whole_file(pathlib.Path(sys.argv[1])) as partial:\n"
        "    partial.write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    run = subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert run.returncode == -signal.SIGKILL
    assert not path.exists()
