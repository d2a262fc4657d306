"""A process that is killed at any moment loses nothing it had reported, and leaves nothing half."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from killed import Moment, after, check_whole, kill, open_store, while_saving
from store_worker import RandomEmbeddings, batch

from cogenesis_langchain.errors import StoreError
from cogenesis_langchain.retrievers.rebuild import rebuild

KEPT = "kept"


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with records of two users, whose indexes are saved after every hundred changes."""
    folder = tmp_path_factory.mktemp("filled")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cogenesis_langchain.retrievers.collection.SAVE_EVERY", 100)
        with open_store(folder) as store:
            for number in range(6):
                store.add_documents(batch(KEPT, number))
            store.for_user("ben").add_documents(batch("bens", 0))
    return folder


@pytest.fixture
def filled(once: Path, folder: Path) -> Path:
    """A copy of it."""
    shutil.copytree(once, folder)
    return folder


@pytest.mark.parametrize(
    "moment", [after(0.2), while_saving(0.0), while_saving(0.01)], ids=["any", "save", "later"]
)
def test_a_kill_while_adding_loses_nothing(filled: Path, moment: Moment) -> None:
    reported = kill(filled, "ingest", "run", moment)
    with open_store(filled) as store:
        check_whole(store, KEPT, [str(number) for number in range(6)])
        check_whole(store, "run", reported)
        store.add_documents(batch("later", 0))
        assert check_whole(store, "later", ["0"]) == 40
    with open_store(filled, "ben") as store:
        assert check_whole(store, "bens", ["0"]) == 40


@pytest.mark.parametrize("seconds", [0.0, 0.08])
def test_a_kill_while_purging_leaves_nothing_half(filled: Path, seconds: float) -> None:
    kill(filled, "purge", KEPT, after(seconds))
    with open_store(filled) as store:
        assert check_whole(store, KEPT, []) in (0, 240)
        content = b"".join(path.read_bytes() for path in filled.rglob("*") if path.is_file())
        assert (b"kept batch" in content) == (sum(store.stats().values()) > 0)
        assert check_whole(store.for_user("ben"), "bens", ["0"]) == 40


@pytest.mark.parametrize("seconds", [0.03])
def test_a_kill_while_forgetting_leaves_nothing_half(filled: Path, seconds: float) -> None:
    kill(filled, "forget", "batch3", after(seconds))
    with open_store(filled) as store:
        assert check_whole(store, "batch3", []) in (0, 40)
        rest = [str(number) for number in range(6) if number != 3]
        assert check_whole(store, KEPT, rest) in (200, 240)


def test_without_the_copy_a_broken_save_is_noticed_and_rebuilt(filled: Path) -> None:
    """The control: the same kill, with the guard's copy taken away before the next opening."""
    kill(filled, "ingest", "run", while_saving(0.0))
    [index] = [path for path in (filled / "index-copy").iterdir() if path.is_dir()]
    shutil.rmtree(filled / "index-copy")
    data = filled / index.name / "data_level0.bin"
    data.write_bytes(data.read_bytes()[:-1000])
    with pytest.raises(StoreError, match="damaged vector index"):
        open_store(filled)
    total = rebuild(filled, "ann", RandomEmbeddings())
    with open_store(filled) as store:
        assert check_whole(store, KEPT, [str(number) for number in range(6)]) == 240
        assert sum(store.stats().values()) == total
    with open_store(filled, "ben") as store:
        assert check_whole(store, "bens", ["0"]) == 40


def test_a_rebuild_that_was_broken_off_leaves_the_old_records(filled: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuild(filled, "ann", RandomEmbeddings(), progress=stop)
    with open_store(filled) as store:
        assert check_whole(store, KEPT, [str(number) for number in range(6)]) == 240
