from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from support.word_embeddings import WordEmbeddings

from cogenesis_langchain.errors import StoreError, UnreadableFile
from cogenesis_langchain.retrievers.context_store import ContextStore
from cogenesis_langchain.retrievers.loaders.ingest import FileProgress, add_files, find_files

pytestmark = pytest.mark.slow

PIECES_OF_LONG = 30


def long_text(word: str = "Ghent") -> str:
    """A text that is split into many pieces, each with its number."""
    return "\n\n".join(f"day {i}: " + f"walked in {word} " * 52 for i in range(PIECES_OF_LONG))


def added(store: ContextStore, *paths: Path) -> list[FileProgress]:
    """Add files and folders; return the last report on each file."""
    return [step for step in add_files(store, find_files(paths)) if step.done]


def texts(store: ContextStore) -> list[str]:
    return [document.page_content for document in store.export()]


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    papers = tmp_path / "papers"
    papers.mkdir()
    return papers


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write five pieces at once instead of five hundred."""
    monkeypatch.setattr("cogenesis_langchain.retrievers.loaders.ingest.PAGE", 5)


def test_folders_are_added_with_all_they_hold(store: ContextStore, papers: Path) -> None:
    (papers / "b" / "c").mkdir(parents=True)
    (papers / "a.txt").write_text("one")
    (papers / "b" / "c" / "d.csv").write_text("name\nNoor\n")
    (papers / ".hidden").write_text("no")
    (papers / ".git").mkdir()
    (papers / ".git" / "config").write_text("no")
    (papers / "loop").symlink_to(papers)
    (papers / "link.txt").symlink_to(papers / "a.txt")
    steps = added(store, papers)
    assert [str(step.path.relative_to(papers)) for step in steps] == [
        "a.txt",
        "link.txt",
        "b/c/d.csv",
    ]
    assert texts(store) == ["one", "name: Noor"]
    assert {document.metadata["source"] for document in store.export()} == {
        str(papers / "a.txt"),
        str(papers / "b" / "c" / "d.csv"),
    }


def test_the_store_itself_is_left_out(tmp_path: Path, papers: Path) -> None:
    (papers / "a.txt").write_text("one")
    with ContextStore(papers / "store", embeddings=WordEmbeddings()):
        found = list(find_files([papers], leave_out=(papers / "store").resolve()))
    assert found == [papers / "a.txt"]


def test_the_format_decides_the_kind_before_the_argument(store: ContextStore, papers: Path) -> None:
    (papers / "a.txt").write_text("a letter of mine")
    (papers / "b.eml").write_text("From: noor@mail.example\nSubject: Key\n\nIt is here.")
    for _ in add_files(store, find_files([papers]), kind="history"):
        pass
    assert [document.metadata["kind"] for document in store.export()] == ["history", "activity"]


def test_unreadable_files_are_reported_and_the_others_are_added(
    store: ContextStore, papers: Path
) -> None:
    (papers / "a.txt").write_text("")
    (papers / "b.pdf").write_bytes(b"%PDF-1.7\nbroken")
    (papers / "c.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    (papers / "d.jsonl").write_text('{"a": 1}\n{"a"')
    (papers / "e.txt").symlink_to(papers / "gone.txt")
    os.mkfifo(papers / "f.txt")
    (papers / "g.txt").write_text("the rest")
    steps = added(store, papers)
    problems = {step.path.name: str(step.problem) for step in steps if step.problem}
    assert list(problems) == ["a.txt", "b.pdf", "c.png", "d.jsonl", "e.txt", "f.txt"]
    assert "no text" in problems["a.txt"]
    assert "damaged" in problems["b.pdf"]
    assert "not a text" in problems["c.png"]
    assert "No such file" in problems["e.txt"]
    assert "not a regular file" in problems["f.txt"]
    assert texts(store)[-1] == "the rest"


def test_a_folder_that_cannot_be_listed_is_reported(
    store: ContextStore, papers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The refusal is simulated, because root may list every folder."""
    (papers / "closed").mkdir()
    (papers / "open.txt").write_text("the rest")
    scandir = os.scandir

    def refuse(path: str) -> object:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    steps = added(store, papers)
    assert [(step.path.name, step.problem is None) for step in steps] == [
        ("open.txt", True),
        ("closed", False),
    ]


def test_a_missing_file_is_an_error(papers: Path) -> None:
    with pytest.raises(UnreadableFile, match="there is no"):
        list(find_files([papers / "gone.txt"]))


def test_adding_again_embeds_nothing(folder: Path, papers: Path) -> None:
    (papers / "a.txt").write_text(long_text())
    embeddings = WordEmbeddings()
    with ContextStore(folder, embeddings=embeddings) as store:
        added(store, papers)
        before, embedded = texts(store), len(embeddings.embedded)
        assert len(before) == PIECES_OF_LONG
        added(store, papers)
        assert texts(store) == before
        assert len(embeddings.embedded) == embedded


def test_a_changed_file_replaces_its_old_records(store: ContextStore, papers: Path) -> None:
    file, other = papers / "a.txt", papers / "b.txt"
    file.write_text(long_text("Ghent"))
    other.write_text("the other")
    added(store, papers)
    file.write_text("Only this is left.")
    added(store, papers)
    assert sorted(texts(store)) == ["Only this is left.", "the other"]


@pytest.mark.usefixtures("small_pages")
def test_an_old_version_stays_until_the_new_one_is_complete(
    store: ContextStore, papers: Path
) -> None:
    file = papers / "a.jsonl"
    file.write_text('{"a": "old"}\n')
    added(store, papers)
    file.write_text("\n".join(f'{{"a": {i}}}' for i in range(12)) + "\n{broken")
    [step] = added(store, papers)
    assert step.problem
    assert "a: old" in texts(store)
    file.write_text("\n".join(f'{{"a": {i}}}' for i in range(13)))
    added(store, papers)
    assert sorted(texts(store)) == sorted(f"a: {i}" for i in range(13))


class Stopping(WordEmbeddings):
    """Stops in the middle, by an error of its own or by Ctrl-C."""

    def __init__(self, after: int, interrupt: bool) -> None:
        super().__init__()
        self.after = after
        self.interrupt = interrupt

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        if len(self.embedded) + len(texts) > self.after:
            if self.interrupt:
                signal.raise_signal(signal.SIGINT)
            raise RuntimeError(f"cannot embed {texts[0]}")
        return super().embed_documents(texts)


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("interrupt", [True, False], ids=["ctrl-c", "error"])
def test_an_interrupted_run_continues_without_gaps_or_duplicates(
    folder: Path, papers: Path, interrupt: bool
) -> None:
    (papers / "a.txt").write_text("before")
    (papers / "b.txt").write_text(long_text())
    stop: type[BaseException] = KeyboardInterrupt if interrupt else StoreError
    with (
        ContextStore(folder, embeddings=Stopping(18, interrupt)) as store,
        pytest.raises(stop) as caught,
    ):
        added(store, papers)
    assert "walked" not in str(caught.value)
    with ContextStore(folder, embeddings=(embeddings := WordEmbeddings())) as store:
        kept = len(texts(store))
        assert 5 < kept < PIECES_OF_LONG
        added(store, papers)
        found = texts(store)
        assert found[0] == "before"
        assert [text.split(":")[0] for text in found[1:]] == [
            f"day {i}" for i in range(PIECES_OF_LONG)
        ]
        assert len([text for text in embeddings.embedded if text.startswith("day")]) == (
            PIECES_OF_LONG + 1 - kept
        )


def test_progress_is_reported_page_by_page(
    store: ContextStore, papers: Path, small_pages: None
) -> None:
    (papers / "a.txt").write_text(long_text())
    steps = list(add_files(store, find_files([papers])))
    assert [step.pieces for step in steps] == [*range(5, PIECES_OF_LONG + 1, 5), PIECES_OF_LONG]
    assert [step.done for step in steps] == [False] * (len(steps) - 1) + [True]


# ContextStore.add_files


def test_a_store_adds_files_and_says_what_became_of_them(store: ContextStore, papers: Path) -> None:
    (papers / "a.txt").write_text("one")
    (papers / "b.bin").write_bytes(b"\x00\xff" * 100)
    steps: list[FileProgress] = []
    report = store.add_files(papers, progress=steps.append)
    assert (report.files, report.pieces) == (1, 1)
    assert [(path.name, problem.what) for path, problem in report.problems] == [
        ("b.bin", "the file is not a text file")
    ]
    assert {step.path.name for step in steps} == {"a.txt", "b.bin"}
    assert store.add_files(str(papers / "a.txt")).pieces == 1
    assert texts(store) == ["one"], "adding it again changes nothing"
    with pytest.raises(UnreadableFile, match="no file or folder"):
        store.add_files(papers / "gone")


def test_the_name_of_a_file_can_decide_the_kind(store: ContextStore, papers: Path) -> None:
    (papers / "profile.md").write_text("# Noor\n\nBorn in Ghent.")
    (papers / "activity_log.txt").write_text("2026-03-14 08:00 walked\n\nsang 20\n")
    (papers / "catalog.csv").write_text("name,when\nNoor,2026-03-15\nAda,soon\n")
    store.add_files(papers)
    found = [
        (document.metadata["kind"], document.metadata.get("date"), document.page_content)
        for document in store.export()
    ]
    assert sorted(found, key=str) == sorted(
        [
            ("profile", None, "# Noor\n\nBorn in Ghent."),
            ("activity", "2026-03-14", "2026-03-14 08:00 walked"),
            ("activity", None, "sang 20"),
            ("document", "2026-03-15", "name: Noor\nwhen: 2026-03-15"),
            ("document", None, "name: Ada\nwhen: soon"),
        ],
        key=str,
    )


def test_a_store_inside_an_added_folder_is_left_out(papers: Path) -> None:
    (papers / "a.txt").write_text("one")
    with ContextStore(papers / "store", embeddings=WordEmbeddings()) as inside:
        assert inside.add_files(papers).files == 1
