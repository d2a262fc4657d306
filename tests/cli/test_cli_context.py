from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from langchain_core.documents import Document
from support.word_embeddings import WordEmbeddings

from cogenesis_langchain.cli import main
from cogenesis_langchain.retrievers.context_store import ContextStore
from cogenesis_langchain.version import __version__

SECRET = "Qzxvbnm 84413"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "cogenesis_langchain.retrievers.embeddings.LocalMiniLM", lambda **_: WordEmbeddings()
    )
    monkeypatch.setenv("COLUMNS", "160")


class Command:
    """``cogenesis context`` on a store of this test."""

    def __init__(
        self, folder: Path, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.folder = folder
        self._patch = patch
        self._capsys = capsys

    def __call__(self, *arguments: str, options: tuple[str, ...] = ()) -> tuple[int, str, str]:
        place = ("--store", str(self.folder))
        return self.without_store(*place, *options, *arguments)

    def without_store(self, *arguments: str) -> tuple[int, str, str]:
        command = ["cogenesis", "context", *arguments]
        self._patch.setattr(sys, "argv", command)
        with pytest.raises(SystemExit) as stopped:
            main()
        out, err = self._capsys.readouterr()
        return int(stopped.value.code or 0), out, err

    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self("export")[1].splitlines()]


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    return Command(tmp_path / "store", monkeypatch, capsys)


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    papers = tmp_path / "papers"
    papers.mkdir()
    (papers / "key.txt").write_text("Noor has the [bold]spare[/bold] key.")
    (papers / "code.md").write_text(f"# Safe\n\nIt opens with {SECRET}")
    return papers


@pytest.mark.slow
def test_add_list_search_show_and_stats(run: Command, papers: Path) -> None:
    assert run("add", str(papers))[:2] == (0, "2 pieces of 2 files are in the store\n")
    code, key = run.records()
    assert code["text"].endswith(SECRET)
    listed = run("list")[1]
    assert "Noor has the [bold]spare[/bold] key." in listed
    assert code["id"] in listed
    assert "Safe" not in run("search", "spare key", "--k", "1", "--type", "similarity")[1]
    assert json.loads(run("show", key["id"])[1]) == key
    assert "document" in run("stats")[1]
    assert run("list", "--kind", "history")[1].count(key["id"]) == 0


@pytest.mark.slow
def test_forget_and_purge(run: Command, papers: Path) -> None:
    run("add", str(papers))
    code, key = run.records()
    assert run("forget", code["id"])[:2] == (0, "deleted 1 records\n")
    assert run.records() == [key]
    files = [path for path in run.folder.rglob("*") if path.is_file()]
    assert [path.name for path in files if b"84413" in path.read_bytes()] == []
    assert run("purge", "--yes")[:2] == (0, "deleted 1 records\n")
    assert run.records() == []


def test_an_unreadable_file_is_reported_with_a_remedy(run: Command, papers: Path) -> None:
    (papers / "empty.pdf").touch()
    status, out, err = run("add", str(papers))
    assert status == 1
    assert "2 pieces of 2 files" in out
    assert "skipped" in err
    assert "empty.pdf" in err
    assert "save it again" in " ".join(err.split())


def test_users_are_apart_and_a_key_file_encrypts(
    run: Command, papers: Path, tmp_path: Path
) -> None:
    key = tmp_path / "key"
    assert run("new-key", str(key))[0] == 0
    run("add", str(papers), options=("--key-file", str(key), "--user", "ann"))
    assert "84413" in run("list", options=("--key-file", str(key), "--user", "ann"))[1]
    assert run.records() == []
    content = b"".join(path.read_bytes() for path in run.folder.rglob("*") if path.is_file())
    assert b"84413" not in content


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["add", "/nowhere/at/all"], "there is no"),
        (["add", "--kind", "diary", "."], "no kind"),
        (["search", SECRET, "--type", "magic"], "unknown search type"),
        (["search", SECRET, "--k", "-1"], "k is no integer from 1"),
        (["list", "--limit", "-1"], "negative"),
        (["search", SECRET, "--since", "yesterday"], "ISO 8601"),
        (["forget", "0" * 32], "no record"),
    ],
)
def test_errors_end_with_a_remedy_and_hold_no_text(
    run: Command, arguments: list[str], problem: str
) -> None:
    status, _, err = run(*arguments)
    assert status == 1
    assert problem in err
    assert "Remedy: " in err
    assert "Traceback" not in err
    assert SECRET not in err


@pytest.mark.parametrize("server", ["nonsense", "store.example:8000"])
def test_a_server_elsewhere_is_refused(run: Command, server: str) -> None:
    status, _, err = run.without_store("--server", server, "stats")
    assert status == 1
    assert "Remedy: " in err
    assert "--store" not in err


def test_options_of_the_store_may_stand_after_the_command(
    run: Command, papers: Path, tmp_path: Path
) -> None:
    other = str(tmp_path / "other")
    assert run("add", str(papers / "key.txt"), "--store", other, "--user=noor")[0] == 0
    assert run.records() == []
    assert "spare" in run("list", "--user", "noor", "--store", other)[1]
    assert "nothing found" in run("list", "--store", other)[1], "of the default user"
    code, _, error = run("search", "--", "--user")
    assert code == 0 and not error, "after -- it is a query"


def test_what_is_not_there_is_said(run: Command, papers: Path) -> None:
    assert run("list")[1] == "nothing found\n"
    code, out, error = run("show", "nope")
    assert code == 1 and not out and "no record has the id nope" in error
    run("add", str(papers))
    known = run.records()[0]["id"]
    code, out, error = run("show", known, "nope")
    assert code == 1 and known in out and "nope" in error
    assert run("search", "spare", "--kind", "profile")[1] == "nothing found\n"


def test_a_list_names_the_file_of_each_record(run: Command, papers: Path) -> None:
    run("add", str(papers))
    listed = run("list")[1]
    assert "source" in listed and "key.txt" in listed and "code.md" in listed


def test_the_version_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["cogenesis", "--version"])
    with pytest.raises(SystemExit):
        main()
    assert capsys.readouterr().out == f"cogenesis-langchain {__version__}\n"


ODD = "\x1b]0;title\x07 \x9b2J \u202eabc [red]red[/red]"


def test_nothing_that_is_stored_reaches_the_terminal_as_a_command(
    run: Command, tmp_path: Path
) -> None:
    metadata = {"source": f"/papers/{ODD}", "note": ODD}
    with ContextStore(run.folder, embeddings=WordEmbeddings()) as store:
        store.add_documents([Document(id="[red]doc", page_content=ODD, metadata=metadata)])
        store.add_documents([Document(id="\x1b[2Jid", page_content="x")])
    odd = tmp_path / "\x1b]0;\x07[red].pdf"
    odd.touch()
    printed = [run("list"), run("search", "red"), run("show", "[red]doc"), run("add", str(odd))]
    for _, out, err in printed:
        assert all(char.isprintable() or char == "\n" for char in out + err)
    assert "[red]doc" in printed[0][1] and r"\x1b[2Jid" in printed[0][1]
    assert "[red]red[/red]" in printed[1][1]
    assert json.loads(printed[2][1])["text"] == ODD, "JSON that a program reads is unchanged"
    assert "skipped" in printed[3][2] and "[red].pdf" in printed[3][2]


def test_an_export_holds_every_record_whole(run: Command) -> None:
    kept = [
        Document(
            id="a", page_content="one", metadata={"text": "a caption", "id": 7, "kind": "history"}
        ),
        Document(id="b", page_content="Zoë \ud800 नमस्ते", metadata={"tags": ["x", "y"]}),
    ]
    with ContextStore(run.folder, embeddings=WordEmbeddings()) as store:
        store.add_documents(kept)
        before = list(store.export())
    read = [
        Document(id=line["id"], page_content=line["text"], metadata=line["metadata"])
        for line in run.records()
    ]
    assert read == before
    assert read[0].page_content == "one" and read[0].metadata["text"] == "a caption"


def test_an_id_that_is_given_twice_is_counted_once(run: Command, papers: Path) -> None:
    run("add", str(papers))
    code, _ = run.records()
    assert len(run("show", code["id"], code["id"])[1].splitlines()) == 1
    assert run("forget", code["id"], code["id"])[:2] == (0, "deleted 1 records\n")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["stats", "--store", "s", "--server", "127.0.0.1:9"], "--store and --server"),
        (["stats", "--key-file", "k", "--keyring"], "--key-file and --keyring"),
        (["rebuild", "--server", "127.0.0.1:9"], "cannot rebuild"),
        (["rebuild", "--store", "typo"], "no context store in the folder typo"),
        (["rebuild", "--store", "papers"], "no context store in the folder papers"),
    ],
)
def test_options_that_would_be_ignored_are_refused_and_nothing_is_created(
    run: Command,
    papers: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    problem: str,
) -> None:
    monkeypatch.chdir(papers.parent)
    monkeypatch.setenv("XDG_DATA_HOME", str(papers.parent / "data"))
    status, _, err = run.without_store(*arguments)
    assert (status, problem in err, "Remedy: " in err) == (1, True, True), err
    assert list(papers.parent.iterdir()) == [papers]
    assert sorted(path.name for path in papers.iterdir()) == ["code.md", "key.txt"]


def test_rebuild_counts_the_records_of_a_store(run: Command, papers: Path) -> None:
    run("add", str(papers))
    assert run("rebuild")[:2] == (0, "rebuilt 2 records\n")


def test_write_checks_its_folder_before_any_work(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("began to work")

    monkeypatch.setattr(sys.modules["cogenesis_langchain.cli.write"], "_fetch", never)
    gone = str(tmp_path / "gone")
    store = ["--store", str(tmp_path / "s")]
    monkeypatch.setattr(sys, "argv", ["cogenesis", "write", "A poem.", "--context", gone, *store])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 1
    assert "there is no file or folder" in capsys.readouterr().err
