"""An odd part of a file, or an odd file among others, loses nothing of the rest."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

import pytest
from langchain_core.documents import Document

from cogenesis_langchain.errors import UnreadableFile
from cogenesis_langchain.retrievers.context_store import ContextStore
from cogenesis_langchain.retrievers.loaders import ingest, mail
from cogenesis_langchain.retrievers.loaders.files import load


def texts(store: ContextStore) -> list[str]:
    return [document.page_content for document in store.export()]


def mbox(path: Path, *mails: str) -> Path:
    start = "From x Sat Mar 14 09:30:00 2026\n"
    path.write_text("".join(f"{start}{mail}\n\nbody {i}\n\n" for i, mail in enumerate(mails)))
    return path


@pytest.mark.parametrize(
    "date", ["2026-02-30", "2026-13-01", "0000-01-01", "2026-02-30 09:30", "٢٠٢٦-٠٣-١٤"]
)
def test_a_date_that_is_none_is_kept_as_text(
    store: ContextStore, tmp_path: Path, date: str
) -> None:
    (tmp_path / "a.csv").write_text(f"name,when\nNoor,{date}\n")
    (tmp_path / "b_log.txt").write_text(f"{date} ran\n2026-03-14 walked\n")
    (tmp_path / "c.txt").write_text("the rest")
    report = store.add_files(*(tmp_path / name for name in ("a.csv", "b_log.txt", "c.txt")))
    assert report.problems == ()
    found = {one.page_content: one.metadata.get("date") for one in store.export()}
    assert found == {
        f"name: Noor\nwhen: {date}": None,
        f"{date} ran": None,
        "2026-03-14 walked": "2026-03-14",
        "the rest": None,
    }


def test_the_first_cell_with_a_date_of_the_calendar_dates_the_row(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("due,paid\n2026-02-30,2026-03-02 10:00\n")
    [row] = load(tmp_path / "a.csv")
    assert row.metadata["date"] == "2026-03-02"


def test_a_part_that_cannot_be_stored_is_a_problem_of_its_file_alone(
    store: ContextStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [tmp_path / name for name in ("a.txt", "b.txt")]
    for file in files:
        file.write_text(file.name)

    def parts(path: Path) -> list[Document]:
        dates = ["soon", "2026-03-14"] if path.name == "a.txt" else ["2026-03-15"]
        return [Document(page_content=f"{path.name} {d}", metadata={"date": d}) for d in dates]

    monkeypatch.setattr(ingest, "load", parts)
    report = store.add_files(*files)
    assert [(path.name, problem.what) for path, problem in report.problems] == [
        ("a.txt", "a part of the file cannot be stored: a date is not in ISO 8601")
    ]
    assert texts(store) == ["a.txt 2026-03-14", "b.txt 2026-03-15"]


@pytest.mark.parametrize("charset", ["undefined", "idna", "a\0b", "hex", "utf-7"])
def test_a_mail_of_an_unusable_charset_is_read_like_the_others(
    store: ContextStore, tmp_path: Path, charset: str
) -> None:
    odd = f'Subject: two\nContent-Type: text/plain; charset="{charset}"'
    report = store.add_files(mbox(tmp_path / "a.mbox", "Subject: one", odd, "Subject: three"))
    assert report.problems == ()
    assert [text.splitlines()[-1] for text in texts(store)] == ["body 0", "body 1", "body 2"]


def test_a_date_header_of_an_impossible_zone_is_no_date(tmp_path: Path) -> None:
    odd = "Subject: one\nDate: Mon, 1 Jan 2026 00:00:00 +99999999999999"
    [mail_] = load(mbox(tmp_path / "a.mbox", odd))
    assert "date" not in mail_.metadata


def test_mails_that_cannot_be_read_are_counted_and_the_others_are_stored(
    store: ContextStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bug of the parser is simulated, because Python mends those that are known."""
    body = mail._body

    def fail(message: EmailMessage) -> str:
        if message["Subject"] == "two":
            raise AttributeError("a bug of the parser")
        return body(message)

    monkeypatch.setattr(mail, "_body", fail)
    box = mbox(tmp_path / "a.mbox", "Subject: one", "Subject: two", "Subject: three")
    [(_, problem)] = store.add_files(box).problems
    assert problem.what == "1 of its 3 mails cannot be read"
    assert [text.splitlines()[0] for text in texts(store)] == ["Subject: one", "Subject: three"]


def test_what_was_read_before_the_damage_is_stored(store: ContextStore, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"a": 1}\n{"a": 2}\n{"a"')
    [(_, problem)] = store.add_files(tmp_path / "a.jsonl").problems
    assert "damaged" in problem.what
    assert texts(store) == ["a: 1", "a: 2"]


def test_adding_a_file_does_not_change_the_documents_it_was_read_from(
    store: ContextStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = Document(page_content="one", metadata={"page": 1})
    monkeypatch.setattr(ingest, "load", lambda path: iter([document]))
    (tmp_path / "a.txt").write_text("one")
    store.add_files(tmp_path / "a.txt")
    assert document.metadata == {"page": 1}
    assert not hasattr(store, "replace_source"), "a plain call of a generator does nothing"


def test_a_missing_file_is_told_before_any_is_added(store: ContextStore, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one")
    for gone in (tmp_path / "gone.txt", "~no such user/a.txt"):
        with pytest.raises(UnreadableFile, match="no file or folder"):
            store.add_files(tmp_path / "a.txt", gone)
    assert texts(store) == []


def test_a_tilde_is_the_home_folder(
    store: ContextStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.txt").write_text("one")
    assert store.add_files("~/a.txt").files == 1


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("log.txt", "activity"),
        ("Activity_Log.txt", "activity"),
        ("my-log", "activity"),
        ("my log.txt", "activity"),
        ("server.log.txt", "activity"),
        ("blog.txt", None),
        ("catalog.txt", None),
        ("dialog.md", None),
        ("log of July.txt", None),
    ],
)
def test_a_log_is_a_file_whose_name_ends_in_the_word(
    tmp_path: Path, name: str, kind: str | None
) -> None:
    (tmp_path / name).write_text("walked")
    [piece] = load(tmp_path / name)
    assert piece.metadata.get("kind") == kind


def test_a_long_cell_of_a_table_is_read(tmp_path: Path) -> None:
    long = "word " * 40_000
    (tmp_path / "a.csv").write_text(f"name,note\nNoor,{long}\nAda,short\n")
    pieces = [piece.page_content for piece in load(tmp_path / "a.csv")]
    assert sum(piece.count("word") for piece in pieces) >= 40_000
    assert pieces[-1] == "name: Ada\nnote: short"
