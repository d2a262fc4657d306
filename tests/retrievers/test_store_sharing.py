"""One store used by several users, processes, handles and threads."""

from __future__ import annotations

import multiprocessing
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from support.word_embeddings import WordEmbeddings

from cogenesis_langchain.errors import StoreError
from cogenesis_langchain.retrievers.context_store import ContextStore

pytestmark = pytest.mark.slow

OPEN_IT = (
    "import sys\n"
    "from langchain_core.embeddings import DeterministicFakeEmbedding\n"
    "from cogenesis_langchain.errors import StoreError\n"
    "from cogenesis_langchain.retrievers.context_store import ContextStore\n"
    "try:\n"
    "    ContextStore(sys.argv[1], embeddings=DeterministicFakeEmbedding(size=8))\n"
    "except StoreError as error:\n"
    "    print(error.what, '|', error.remedy)\n"
)


def texts(store: ContextStore) -> list[str]:
    return [document.page_content for document in store.export()]


def test_users_do_not_see_each_other(store: ContextStore) -> None:
    other = store.for_user("other user/with: odd name")
    store.add("mine alone 4471")
    other.add("theirs alone 4471")
    assert texts(store) == ["mine alone 4471"]
    assert texts(other) == ["theirs alone 4471"]
    assert {document.page_content for document, _ in store.search("alone 4471")} == {
        "mine alone 4471"
    }


def test_only_the_owner_can_read_the_files(store: ContextStore, folder: Path) -> None:
    store.add("private")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    entries = list(folder.rglob("*"))
    assert len(entries) > 3
    for entry in entries:
        assert stat.S_IMODE(entry.stat().st_mode) == (0o700 if entry.is_dir() else 0o600), entry


def test_a_second_process_gets_a_clear_error(store: ContextStore, folder: Path) -> None:
    run = [sys.executable, "-c", OPEN_IT, str(folder)]
    refused = subprocess.run(run, capture_output=True, text=True, check=True)
    assert "open in another process" in refused.stdout
    assert "chroma run" in refused.stdout
    store.add("still whole")
    assert texts(store) == ["still whole"]


def test_another_process_can_open_a_closed_store(folder: Path) -> None:
    ContextStore(folder, embeddings=WordEmbeddings()).close()
    run = [sys.executable, "-c", OPEN_IT, str(folder)]
    assert subprocess.run(run, capture_output=True, text=True, check=True).stdout == ""


def test_a_store_can_be_opened_twice_in_one_process(store: ContextStore, folder: Path) -> None:
    with ContextStore(folder, embeddings=WordEmbeddings()) as again:
        again.add("from the second")
        assert texts(store) == ["from the second"]
        assert store.search("second")[0][0].page_content == "from the second"
    store.add("the first goes on")


@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_a_forked_child_is_refused(store: ContextStore) -> None:
    store.add("before the fork")
    fork = multiprocessing.get_context("fork")
    here, there = fork.Pipe()

    def ask() -> None:
        try:
            store.add("in the child")
        except StoreError as error:
            there.send(str(error))
        os._exit(0)

    child = fork.Process(target=ask)
    child.start()
    answered = here.poll(30)
    child.kill()
    child.join()
    assert answered
    assert "before this process was forked" in here.recv()


def test_threads_can_share_a_store(store: ContextStore) -> None:
    problems: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for i in range(10):
                store.add(f"thread {number} wrote {i}")
                store.search(f"thread {number}")
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert len(set(texts(store))) == 60
    assert len(store.private_values()) == len(store.private_values())
