"""A process that the kernel ends at its first network socket.

Run: ``python -m support.socketless_worker FOLDER TASK...``.

A seccomp filter is installed before the library is imported. It therefore applies to Python, native
libraries, their threads and child processes. A socket of another family than AF_UNIX ends the
process with SIGSYS, whether it is used for a connection or for a name lookup.

Only urllib3 is imported before the filter. At import it binds a socket to ::1, to find out whether
there is IPv6, and closes it.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import platform
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import urllib3  # noqa: F401

_SOCKET_CALL: Final = {"x86_64": 41, "aarch64": 198}
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _KILL_PROCESS = 0x7FFF0000, 0x80000000
_CALL_AT, _FAMILY_AT = 0, 16  # in struct seccomp_data


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("if_true", ctypes.c_uint8),
        ("if_false", ctypes.c_uint8),
        ("value", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("filter", ctypes.POINTER(_Instruction)))


def can_block_sockets() -> bool:
    """Whether this system has seccomp filters for a known system call number."""
    return sys.platform == "linux" and platform.machine() in _SOCKET_CALL


def block_sockets() -> None:
    """Make the kernel end this process at its first network socket."""
    instructions = (_Instruction * 6)(
        _Instruction(_LOAD, 0, 0, _CALL_AT),
        _Instruction(_JUMP_IF_EQUAL, 0, 2, _SOCKET_CALL[platform.machine()]),
        _Instruction(_LOAD, 0, 0, _FAMILY_AT),
        _Instruction(_JUMP_IF_EQUAL, 0, 1, socket.AF_UNIX),
        _Instruction(_RETURN, 0, 0, _ALLOW),
        _Instruction(_RETURN, 0, 0, _KILL_PROCESS),
    )
    libc = ctypes.CDLL(None, use_errno=True)
    program = _Program(len(instructions), instructions)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) or libc.prctl(
        _SECCOMP, _FILTER, ctypes.byref(program), 0, 0
    ):
        raise OSError(ctypes.get_errno(), "the seccomp filter was refused")


def store(folder: Path) -> None:
    """Use everything that a store does by itself."""
    from support.word_embeddings import WordEmbeddings

    from cogenesis_langchain.retrievers.context_store import ContextStore
    from cogenesis_langchain.retrievers.search import Search
    from cogenesis_langchain.retrievers.storage.filters import Filter
    from cogenesis_langchain.retrievers.storage.rebuild import rebuild_store

    key = bytes(range(32))
    with ContextStore(folder, embeddings=WordEmbeddings(), key=key) as opened:
        opened.add_profile({"Name": "Ana Ruiz"})
        gone = opened.add("The code is 4471.", metadata={"date": "2026-03-14"})
        for search_type in ("hybrid", "similarity", "keywords", "mmr"):
            search = Search("code 4471", 4, search_type, Filter(since="2026-01-01"))
            assert opened.search(search)
        assert len(opened.private_values())
        opened.forget([opened.update(gone, text="The code is 4472.")])
        opened.for_user("ben").add("other")
        opened.for_user("ben").purge()
    assert rebuild_store(folder, embeddings=WordEmbeddings(), key=key) == 1


def ingest(folder: Path) -> None:
    """Add files."""
    from support.word_embeddings import WordEmbeddings

    from cogenesis_langchain.retrievers.context_store import ContextStore
    from cogenesis_langchain.retrievers.loaders.ingest import add_files

    remote = "http://tracker.example/pixel.png"
    contents = {
        "note.txt": "Call Noor.",
        "note.md": f"# Noor\n\n![]({remote})",
        "page.html": f"<html><body><img src='{remote}'><p>Noor</p></body></html>",
        "mail.eml": "From: noor@mail.example\nTo: ana@mail.example\nSubject: Key\n\nIt is here.",
        "dates.ics": "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VEVENT\nUID:1\n"
        "DTSTAMP:20260314T090000Z\nDTSTART:20260314T090000Z\nSUMMARY:Noor\nEND:VEVENT\n"
        "END:VCALENDAR\n",
        "table.csv": "name,town\nNoor,Ghent\n",
        "list.json": json.dumps([{"name": "Noor", "link": remote}]),
    }
    files = [folder.with_name(name) for name in contents]
    for file, content in zip(files, contents.values(), strict=True):
        file.write_text(content)
    with ContextStore(folder, embeddings=WordEmbeddings()) as opened:
        assert [step.path for step in add_files(opened, files) if step.problem] == []
        assert sum(opened.stats().values()) >= len(files)


def retriever(folder: Path) -> None:
    """Retrieve, also asynchronously."""
    from support.word_embeddings import WordEmbeddings

    from cogenesis_langchain.retrievers.context_store import ContextStore
    from cogenesis_langchain.retrievers.private_context import PrivateContextRetriever

    with ContextStore(folder, embeddings=WordEmbeddings()) as opened:
        opened.add_profile("Vegetarian.")
        opened.add("Noor has the key.")
        found = PrivateContextRetriever(store=opened)
        assert found.invoke("who has the key?") == asyncio.run(found.ainvoke("who has the key?"))


def first_use(folder: Path) -> None:
    """Use a store without the files of its embedding model."""
    from cogenesis_langchain.errors import ModelFileMissing
    from cogenesis_langchain.retrievers.context_store import ContextStore

    os.environ["COGENESIS_HOME"] = str(folder / "empty")
    with ContextStore(folder) as opened:
        try:
            opened.add("Noor has the key.")
        except ModelFileMissing as error:
            assert "cogenesis models pull minilm" in error.remedy
            return
    raise AssertionError("no error")


def embedding(folder: Path) -> None:
    """Run the embedding model."""
    from cogenesis_langchain.retrievers.embeddings import LocalMiniLM

    assert len(LocalMiniLM().embed_query("Noor has the key.")) == 384


def commands(folder: Path) -> None:
    """Run the commands of ``cogenesis context``."""
    from typer.testing import CliRunner

    from cogenesis_langchain.cli.context import context_app

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(
            context_app, ["--store", str(folder), *arguments], catch_exceptions=False
        )
        assert result.exit_code == 0, result.output
        return result.stdout

    note = folder.with_name("note.txt")
    note.write_text("Noor has the key 4471.")
    run("add", str(note))
    record = json.loads(run("export"))
    for arguments in (["list"], ["search", "key"], ["show", record["id"]], ["stats"], ["rebuild"]):
        run(*arguments)
    run("forget", record["id"])
    run("add", str(note))
    run("purge", "--yes")


def python_socket(folder: Path) -> None:
    """A control: Python opens a socket, without connecting it."""
    socket.socket().close()


def native_socket(folder: Path) -> None:
    """A control: native code opens a socket without Python."""
    ctypes.CDLL(None).socket(socket.AF_INET6, socket.SOCK_DGRAM, 0)


def name_lookup(folder: Path) -> None:
    """A control: native code looks up a name."""
    socket.getaddrinfo("collector.example", 443)


def client_of_chroma(folder: Path) -> None:
    """A control: Chroma connects to a server on this machine."""
    import chromadb

    chromadb.HttpClient("127.0.0.1", 1)


TASKS: Final[tuple[Callable[[Path], None], ...]] = (
    store,
    ingest,
    retriever,
    first_use,
    embedding,
    commands,
    python_socket,
    native_socket,
    name_lookup,
    client_of_chroma,
)

if __name__ == "__main__":
    block_sockets()
    _, folder, *names = sys.argv
    for task in TASKS:
        if task.__name__ in names:
            sys.stdout.write(f"{task.__name__}\n")
            sys.stdout.flush()
            task(Path(folder, task.__name__))
