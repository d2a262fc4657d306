"""A store whose process is killed at any moment loses no reported change and stays consistent.

By default a few kills. ``pytest tests/retrievers --hypothesis-profile=thorough`` kills twenty times
at random moments while adding, on one folder, and twenty times while purging.
"""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
from chromadb import Collection
from support.kill_worker import (
    after,
    check_whole,
    index_copies,
    kill,
    open_store,
    some_moment,
    while_saving,
)
from support.store_worker import RandomEmbeddings, batch
from support.thorough import THOROUGH

from cogenesis_langchain.errors import StoreError
from cogenesis_langchain.retrievers.storage.chroma.index_guard import IndexGuard
from cogenesis_langchain.retrievers.storage.rebuild import rebuild_store

pytestmark = pytest.mark.slow

KEPT = "kept"
KILLS = 20 if THOROUGH else 2
_drawn = random.Random(1)
RANDOM_MOMENTS = [_drawn.uniform(0, 0.4) for _ in range(18 if THOROUGH else 0)]


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with records of two users, whose indexes are saved after every hundred changes."""
    folder = tmp_path_factory.mktemp("filled")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cogenesis_langchain.retrievers.storage.chroma.collection.SAVE_EVERY", 100)
        with open_store(folder) as store:
            for number in range(6):
                store.add_documents(batch(KEPT, number))
            store.for_user("ben").add_documents(batch("bens", 0))
    return folder


@pytest.fixture
def filled(once: Path, folder: Path) -> Path:
    """A copy of the filled folder."""
    shutil.copytree(once, folder)
    return folder


def test_kills_while_adding_lose_nothing(filled: Path) -> None:
    """The kills follow each other on the same folder."""
    reported = {KEPT: [str(number) for number in range(6)]}
    for number in range(KILLS):
        run = f"run{number}of"
        reported[run] = kill(filled, "ingest", run, some_moment(number))
        with open_store(filled) as store:
            for name, batches in reported.items():
                check_whole(store, name, batches)
    with open_store(filled) as store:
        store.add_documents(batch("later", 0))
        assert check_whole(store, "later", ["0"]) == 40
    with open_store(filled, "ben") as store:
        assert check_whole(store, "bens", ["0"]) == 40


@pytest.mark.parametrize("seconds", [0.0, 0.08, *RANDOM_MOMENTS])
def test_a_kill_while_purging_is_completed_or_undone(filled: Path, seconds: float) -> None:
    kill(filled, "purge", KEPT, after(seconds))
    with open_store(filled) as store:
        assert check_whole(store, KEPT, []) in (0, 240)
        assert traces(filled) == (sum(store.stats().values()) > 0)
        store.purge()
        assert not traces(filled)
        assert check_whole(store.for_user("ben"), "bens", ["0"]) == 40


def traces(folder: Path) -> bool:
    """Whether any byte of the purged user's records is in the folder."""
    files = (path.read_bytes() for path in folder.rglob("*") if path.is_file())
    return any(b"kept batch" in content for content in files)


@pytest.mark.parametrize("seconds", [0.03])
def test_a_kill_while_forgetting_is_completed_or_undone(filled: Path, seconds: float) -> None:
    kill(filled, "forget", "batch3", after(seconds))
    with open_store(filled) as store:
        assert check_whole(store, "batch3", []) in (0, 40)
        rest = [str(number) for number in range(6) if number != 3]
        assert check_whole(store, KEPT, rest) in (200, 240)


@pytest.mark.parametrize("place", ["upsert", "record_checksums"])
def test_after_an_error_while_saving_the_next_changes_are_saved(
    filled: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """A user's Ctrl-C in a notebook: the process and the open store go on."""
    monkeypatch.setattr("cogenesis_langchain.retrievers.storage.chroma.collection.SAVE_EVERY", 100)
    owner = {"upsert": Collection, "record_checksums": IndexGuard}[place]
    real = getattr(owner, place)

    def interrupt(*args: object, **more: object) -> object:
        if index_copies(filled):
            raise KeyboardInterrupt
        return real(*args, **more)

    with open_store(filled) as store:
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(owner, place, interrupt)
            for number in range(6, 10):
                store.add_documents(batch(KEPT, number))
        assert index_copies(filled)
        for number in range(6, 12):
            store.add_documents(batch(KEPT, number))
        check_whole(store, KEPT, [str(number) for number in range(12)])
        assert not index_copies(filled)
    with open_store(filled) as store:
        check_whole(store, KEPT, [str(number) for number in range(12)])


def test_control_without_the_copy_an_interrupted_save_is_detected_and_rebuilt(filled: Path) -> None:
    """The control: the same kill, with the guard's copy deleted before the next opening."""
    kill(filled, "ingest", "run", while_saving(0.0))
    [copy] = index_copies(filled)
    [index] = [path for path in copy.iterdir() if path.is_dir()]
    shutil.rmtree(copy)
    data = filled / index.name / "data_level0.bin"
    data.write_bytes(data.read_bytes()[:-1000])
    with pytest.raises(StoreError, match="damaged vector index"):
        open_store(filled)
    total = rebuild_store(filled, "ann", RandomEmbeddings())
    with open_store(filled) as store:
        assert check_whole(store, KEPT, [str(number) for number in range(6)]) == 240
        assert sum(store.stats().values()) == total
    with open_store(filled, "ben") as store:
        assert check_whole(store, "bens", ["0"]) == 40


def test_an_interrupted_rebuild_keeps_the_old_records(filled: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuild_store(filled, "ann", RandomEmbeddings(), progress=stop)
    with open_store(filled) as store:
        assert check_whole(store, KEPT, [str(number) for number in range(6)]) == 240
