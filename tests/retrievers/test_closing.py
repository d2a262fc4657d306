"""Closing a store: once, twice, another user's store, and use afterwards."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock, Timeout
from support.word_embeddings import WordEmbeddings

from cogenesis_langchain.errors import StoreError
from cogenesis_langchain.retrievers.context_store import ContextStore
from cogenesis_langchain.retrievers.private_context import PrivateContextRetriever
from cogenesis_langchain.retrievers.search import Search

USES: dict[str, Callable[[ContextStore], object]] = {
    "search": lambda store: store.search("key"),
    "keywords": lambda store: store.search(Search("key 4471", search_type="keywords")),
    "get": lambda store: store.get(["a"]),
    "list": lambda store: store.list_documents(),
    "export": lambda store: list(store.export()),
    "stats": lambda store: store.stats(),
    "private_values": lambda store: store.private_values(),
    "add": lambda store: store.add("more"),
    "add_profile": lambda store: store.add_profile({"Name": "Ana"}),
    "add_files": lambda store: store.add_files(Path(__file__)),
    "update": lambda store: store.update("a", text="more"),
    "delete": lambda store: store.delete(["a"]),
    "forget": lambda store: store.forget(["a"]),
    "purge": lambda store: store.purge(),
    "for_user": lambda store: store.for_user("other"),
    "retriever": lambda store: PrivateContextRetriever(store=store).invoke("key"),
}


def opened(folder: Path, user: str = "default", key: bytes | None = None) -> ContextStore:
    return ContextStore(folder, user, WordEmbeddings(), key=key)


def locked(folder: Path) -> bool:
    """Whether the folder is open; the lock knows no owner, so this process may ask itself."""
    lock = FileLock(folder / "store.lock", blocking=False)
    try:
        lock.acquire()
    except Timeout:
        return True
    lock.release()
    return False


def test_closing_a_store_twice_leaves_other_stores_of_the_folder_open(folder: Path) -> None:
    one, other = opened(folder), opened(folder, "other")
    with one:
        one.close()
    other.add("still here")
    assert other.stats()["document"] == 1
    assert locked(folder)
    other.close()
    assert not locked(folder)


@pytest.mark.parametrize("user", ["bob", "default"], ids=["another", "its own"])
def test_closing_a_users_store_leaves_its_parent_and_its_siblings_open(
    store: ContextStore, user: str
) -> None:
    sibling = store.for_user(user)
    with store.for_user(user) as closed:
        closed.add("Noor has the key")
    store.add("the parent goes on")
    assert sibling.search("key")[0][0].page_content == "Noor has the key"
    assert "Noor has the key" in [one.page_content for one in store.for_user(user).export()]
    with pytest.raises(StoreError, match="closed"):
        closed.search("key")


def test_closing_the_store_that_opened_the_folder_closes_every_users_store(folder: Path) -> None:
    with opened(folder) as store:
        bob = store.for_user("bob")
        carl = bob.for_user("carl")
        bob.close()
        carl.add("one")
    for closed in (store, bob, carl):
        with pytest.raises(StoreError, match="closed"):
            closed.stats()
    with pytest.raises(StoreError, match="closed"):
        store.for_user("dora")
    assert not locked(folder)


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("shared", [True, False], ids=["folder open", "folder closed"])
def test_every_use_of_a_closed_store_is_refused_with_a_remedy(
    folder: Path, use: str, shared: bool
) -> None:
    store, other = opened(folder), opened(folder, "other") if shared else None
    store.add("Noor has the key")
    store.close()
    with pytest.raises(StoreError, match="closed") as caught:
        USES[use](store)
    assert "open it again" in caught.value.remedy
    if other:
        other.close()


def test_a_store_that_is_closed_while_another_thread_adds_raises_a_store_error(
    folder: Path,
) -> None:
    class Waiting(WordEmbeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            if "slow" in texts:
                begun.set()
                assert closed.wait(30)
            return super().embed_documents(texts)

    begun, closed = threading.Event(), threading.Event()
    problems: list[Exception] = []
    store = ContextStore(folder, embeddings=Waiting())

    def add() -> None:
        try:
            store.add("slow")
        except Exception as problem:
            problems.append(problem)

    thread = threading.Thread(target=add)
    thread.start()
    assert begun.wait(30)
    store.close()
    closed.set()
    thread.join()
    assert [type(problem) for problem in problems] == [StoreError]
    with opened(folder) as store:
        assert list(store.export()) == []


def test_a_store_that_does_not_open_releases_the_folder(folder: Path) -> None:
    with opened(folder) as store:
        store.add("one")
        with pytest.raises(StoreError, match="not encrypted"):
            opened(folder, key=bytes(32))
        with pytest.raises(StoreError, match="not encrypted"):
            opened(folder, key=bytes(32))
    assert not locked(folder)
