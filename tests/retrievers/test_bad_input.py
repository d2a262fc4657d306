"""Wrong input and failures: each raises a clear error, and no data is lost."""

from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from support import store_under_limits
from support.word_embeddings import WordEmbeddings

from cogenesis_langchain.errors import StoreError
from cogenesis_langchain.retrievers.context_store import ContextStore
from cogenesis_langchain.retrievers.storage.chroma.chroma_errors import translated_errors
from cogenesis_langchain.retrievers.storage.rebuild import rebuild_store
from cogenesis_langchain.retrievers.vector_store import ContextVectorStore

SECRET = "Qzxvbnm 84413"


class Ragged(WordEmbeddings):
    """Returns a vector of another length for some texts."""

    def _embed(self, text: str) -> list[float]:
        return super()._embed(text)[: 31 if "short" in text else None]


class NotFinite(WordEmbeddings):
    def _embed(self, text: str) -> list[float]:
        return [np.nan, *super()._embed(text)[1:]] if "nan" in text else super()._embed(text)


class TooFew(WordEmbeddings):
    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return super().embed_documents(texts[:1])


class Failing(WordEmbeddings):
    def _embed(self, text: str) -> list[float]:
        if "fail" in text:
            raise RuntimeError(f"cannot embed {text!r}")
        return super()._embed(text)


@pytest.mark.parametrize(
    ("model", "text", "problem"),
    [
        (Ragged(), "short", "another length"),
        (NotFinite(), "nan", "finite"),
        (Failing(), "fail", "Failing failed"),
    ],
)
def test_the_error_names_a_failing_model_without_the_text(
    folder: Path, model: Embeddings, text: str, problem: str
) -> None:
    with ContextStore(folder, embeddings=model) as store:
        store.add("a good one")
        with pytest.raises(StoreError, match=problem) as caught:
            store.add(f"{text} {SECRET}")
        assert SECRET not in repr(caught.value) + str(caught.value)
        assert caught.value.__cause__ is None
        with pytest.raises(StoreError):
            store.search(f"{text} {SECRET}")
        assert [document.page_content for document in store.export()] == ["a good one"]


def test_a_model_that_gives_too_few_vectors_is_refused(folder: Path) -> None:
    with ContextStore(folder, embeddings=TooFew()) as store:
        with pytest.raises(StoreError, match="each text"):
            store.add_documents([Document(page_content="one"), Document(page_content="two")])
        assert list(store.export()) == []


@pytest.mark.parametrize(
    ("other", "problem"),
    [
        (WordEmbeddings(seed=1), "another embedding model"),
        (WordEmbeddings(64), "32 dimensions, not 64"),
    ],
    ids=["model", "dimensions"],
)
def test_another_embedding_model_is_refused_until_a_rebuild(
    folder: Path, other: WordEmbeddings, problem: str
) -> None:
    with ContextStore(folder, embeddings=WordEmbeddings()) as store:
        store.add("Noor has the key")
    with ContextStore(folder, embeddings=other) as store:
        for attempt in (lambda: store.search("key"), lambda: store.add("more")):
            with pytest.raises(StoreError, match=problem) as caught:
                attempt()
            assert "rebuild" in caught.value.remedy
        assert len(list(store.export())) == 1
    rebuild_store(folder, embeddings=other)
    with ContextStore(folder, embeddings=other) as store:
        assert store.search("key")[0][0].page_content == "Noor has the key"


def test_other_rounding_does_not_make_another_model(folder: Path) -> None:
    class Rounded(WordEmbeddings):
        def _embed(self, text: str) -> list[float]:
            return [round(number, 2) for number in super()._embed(text)]

    with ContextStore(folder, embeddings=WordEmbeddings()) as store:
        store.add("Noor has the key")
    with ContextStore(folder, embeddings=Rounded()) as store:
        assert len(store.search("key")) == 1


def test_ids_given_twice_are_refused_and_nothing_is_added(store: ContextStore) -> None:
    view = ContextVectorStore(store)
    with pytest.raises(StoreError, match="same id"):
        view.add_texts(["one", "two"], ids=["a", "a"])
    assert list(store.export()) == []
    assert view.add_texts(["one", "one"], ids=["a", "a"]) == ["a", "a"]
    assert len(list(store.export())) == 1


def damage(path: Path, start: int, length: int) -> None:
    content = bytearray(path.read_bytes())
    content[start : start + length] = b"\xa5" * length
    path.write_bytes(content)


@pytest.mark.slow
@pytest.mark.parametrize("start", [0, 4096, 20_000], ids=["header", "schema", "tables"])
def test_a_damaged_database_is_reported_and_a_restored_one_opens(
    folder: Path, start: int, capfd: pytest.CaptureFixture[str]
) -> None:
    """Chroma's native code panics on some of these and prints its own message."""
    with ContextStore(folder, embeddings=WordEmbeddings()) as store:
        store.add_documents(
            Document(page_content=f"{SECRET} {i} " + "at length " * 40) for i in range(40)
        )
    database = folder / "chroma.sqlite3"
    whole = database.read_bytes()
    damage(database, start, 8192)
    with (
        pytest.raises(StoreError, match="database file is damaged") as caught,
        ContextStore(folder, embeddings=WordEmbeddings()) as store,
    ):
        list(store.export())
    assert "backup" in caught.value.remedy
    assert SECRET not in repr(caught.value) + capfd.readouterr().err
    database.write_bytes(whole)
    with ContextStore(folder, embeddings=WordEmbeddings()) as store:
        assert len(list(store.export())) == 40


@pytest.mark.parametrize("gone", [True, False])
def test_a_missing_database_is_an_error_and_not_a_new_store(folder: Path, gone: bool) -> None:
    with ContextStore(folder, embeddings=WordEmbeddings()) as store:
        store.add("Noor has the key")
    database = folder / "chroma.sqlite3"
    database.unlink() if gone else database.write_bytes(b"")
    with pytest.raises(StoreError, match="missing or empty"):
        ContextStore(folder, embeddings=WordEmbeddings())


@pytest.mark.parametrize("name", ["index-checksums.json", "erasure.json"])
def test_the_error_names_a_damaged_state_file(folder: Path, name: str) -> None:
    with ContextStore(folder, embeddings=WordEmbeddings()) as store:
        store.add("Noor has the key")
    (folder / name).write_text("{junk")
    with pytest.raises(StoreError, match=name) as caught:
        ContextStore(folder, embeddings=WordEmbeddings())
    assert "delete this file" in caught.value.remedy
    (folder / name).unlink()
    with ContextStore(folder, embeddings=WordEmbeddings()) as store:
        assert len(store.search("key")) == 1


def test_a_path_that_is_not_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="cannot be written"):
        ContextStore(tmp_path / "file", embeddings=WordEmbeddings())


def test_a_folder_with_other_files_is_refused_and_stays_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "chroma.sqlite3").touch()  # of a store in the same folder
    script = tmp_path / "run.sh"
    script.touch(mode=0o755)
    before = tmp_path.stat().st_mode, script.stat().st_mode
    with pytest.raises(StoreError, match="holds other files") as caught:
        ContextStore(tmp_path, embeddings=WordEmbeddings())
    assert "folder of its own" in caught.value.remedy
    assert (tmp_path.stat().st_mode, script.stat().st_mode) == before
    assert sorted(one.name for one in tmp_path.iterdir()) == ["chroma.sqlite3", "run.sh"]


def test_a_store_without_its_lock_file_opens_again(folder: Path) -> None:
    with ContextStore(folder, embeddings=WordEmbeddings()) as store:
        store.add("Noor has the key")
    (folder / "store.lock").unlink()  # as a backup that leaves locks out
    (folder / "lost+found").mkdir()
    with ContextStore(folder, embeddings=WordEmbeddings()) as store:
        assert store.search("key")


def test_a_folder_that_a_chroma_server_wrote_becomes_a_store(tmp_path: Path) -> None:
    import chromadb

    client = chromadb.PersistentClient(str(tmp_path))
    client.create_collection("other").add(ids=["1"], embeddings=[1.0])
    client.close()  # type: ignore[attr-defined]  # only the concrete client has it
    with ContextStore(tmp_path, embeddings=WordEmbeddings()) as store:
        store.add("Noor has the key")
        assert store.search("key")


mounted = pytest.mark.skipif(not store_under_limits.can_mount(), reason="may not mount anything")


@pytest.mark.slow
@mounted
def test_a_full_disk_is_reported(folder: Path) -> None:
    what, remedy, kept = store_under_limits.run(folder, "full")
    assert "disk is full" in what
    assert "free some space" in remedy
    assert int(kept) > 0


@pytest.mark.slow
@mounted
@pytest.mark.parametrize("filled", [True, False])
def test_a_read_only_folder_is_reported(folder: Path, filled: bool) -> None:
    if filled:
        with ContextStore(folder, embeddings=WordEmbeddings()) as store:
            store.add("Noor has the key")
    what, remedy, kept = store_under_limits.run(folder, "read-only")
    assert "cannot be written" in what
    assert "can be written" in remedy
    assert kept == "0"


@pytest.mark.slow
@mounted
def test_control_without_a_limit_there_is_no_error(folder: Path) -> None:
    """The control: without a limit there is no error."""
    assert store_under_limits.run(folder, "plain") == []


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (OSError(errno.ENOSPC, f"No space left on device: {SECRET}"), "disk is full"),
        (OSError(errno.EROFS, f"Read-only file system: {SECRET}"), "cannot be written"),
        (ConnectionError(f"Connection refused for {SECRET}"), "does not answer"),
        (ValueError(f"something new about {SECRET}"), "ValueError"),
    ],
)
def test_chromas_own_messages_are_dropped(error: Exception, problem: str) -> None:
    with pytest.raises(StoreError, match=problem) as caught, translated_errors("place"):
        raise error
    assert SECRET not in repr(caught.value) + caught.value.remedy
    assert caught.value.__suppress_context__


def test_other_exceptions_pass_through_unchanged() -> None:
    with pytest.raises(KeyboardInterrupt), translated_errors("place"):
        raise KeyboardInterrupt
