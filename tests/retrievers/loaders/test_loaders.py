"""Loaders: every format, many encodings, and files that cannot be read."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from cogenesis_langchain.errors import UnreadableFile
from cogenesis_langchain.retrievers.loaders import text as text_files
from cogenesis_langchain.retrievers.loaders.files import PIECE_CHARACTERS, load

GERMAN = "Grüße aus Köln: der Schlüssel für die Wohnung liegt bei Frau Müller, Tür 4471."
FRENCH = "Rendez-vous chez le médecin à Liège, déjà payé; l’été je n’y suis pas."
POLISH = "Klucz leży u sąsiadki, proszę dzwonić po szóstej wieczorem; żółty dom."
RUSSIAN = "Ключ от квартиры лежит у соседки Ольги, звонить после шести вечера."
CHINESE = "钥匙在邻居那里，晚上六点以后打电话。"

EVENT = """BEGIN:VEVENT\r
DTSTART;TZID=Europe/Brussels:20260314T093000\r
DTEND;TZID=Europe/Brussels:20260314T103000\r
SUMMARY:Dentist\\, check-up\r
LOCATION:Dok Noord 4\r
DESCRIPTION:Bring the\r
  old X-rays\r
ATTENDEE;CN=Noor Claes:mailto:noor@mail.example\r
BEGIN:VALARM\r
DESCRIPTION:alarm\r
END:VALARM\r
END:VEVENT\r
"""


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def texts(folder: Path, name: str, content: str | bytes) -> list[str]:
    return [piece.page_content for piece in load(written(folder, name, content))]


def pdf(path: Path, *pages: str, password: str = "") -> Path:
    writer = PdfWriter()
    font = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}
    names = {NameObject(name): NameObject(value) for name, value in font.items()}
    fonts = DictionaryObject({NameObject("/F1"): DictionaryObject(names)})
    for text in pages:
        page = writer.add_blank_page(300, 300)
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
        drawn = DecodedStreamObject()
        drawn.set_data(f"BT /F1 12 Tf 20 200 Td ({text}) Tj ET".encode())
        page[NameObject("/Contents")] = writer._add_object(drawn)
    if password:
        writer.encrypt(password, algorithm="AES-256")
    writer.write(path)
    return path


def test_markdown_is_split_at_sections(tmp_path: Path) -> None:
    sections = [
        f"## Trip {i}\n\n" + f"We met Noor at the harbour of Ghent {i}. " * 15 for i in "ab"
    ]
    first, second = texts(tmp_path, "trips.md", "\n\n".join(sections))
    assert first.startswith("## Trip a")
    assert second.startswith("## Trip b")


def test_a_long_text_is_split_without_gaps(tmp_path: Path) -> None:
    words = [f"word{i}" for i in range(3000)]
    pieces = texts(tmp_path, "long.txt", " ".join(words))
    assert max(map(len, pieces)) <= PIECE_CHARACTERS
    assert {word for piece in pieces for word in piece.split()} == set(words)


def test_blocks_end_between_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_files, "_BLOCK", 64)
    content = " ".join(f"wörd{i}" for i in range(200))
    path = written(tmp_path, "text.txt", content)
    parts = list(text_files.blocks(path))
    assert len(parts) > 10
    assert "".join(parts) == content
    assert all(part.endswith(" ") for part in parts[:-2])


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (GERMAN, "utf-8"),
        (GERMAN, "utf-8-sig"),
        (GERMAN, "utf-16"),
        (GERMAN, "utf-32"),
        (GERMAN, "latin-1"),
        (FRENCH, "cp1252"),
        (POLISH, "cp1250"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (CHINESE, "gb18030"),
    ],
)
def test_texts_of_any_encoding_are_read(tmp_path: Path, text: str, encoding: str) -> None:
    assert texts(tmp_path, "note.txt", text.encode(encoding)) == [text]


def test_the_first_non_utf8_byte_may_be_late_in_the_file(tmp_path: Path) -> None:
    early = "nothing of note here. " * 10_000
    pieces = texts(tmp_path, "note.txt", (early + GERMAN).encode("latin-1"))
    assert GERMAN[-40:] in pieces[-1]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1"])
def test_tables_and_json_of_any_encoding_are_read(tmp_path: Path, encoding: str) -> None:
    assert texts(tmp_path, "a.csv", "Name;Ort\nZoë;Köln\n".encode(encoding)) == [
        "Name: Zoë\nOrt: Köln"
    ]
    assert texts(tmp_path, "a.json", '[{"Name": "Zoë Müller"}]'.encode(encoding)) == [
        "Name: Zoë Müller"
    ]


@pytest.mark.parametrize("declared", ["latin-1", "utf-8", "x-unknown", ""])
def test_a_wrong_declared_encoding_is_corrected(tmp_path: Path, declared: str) -> None:
    content = GERMAN.encode("latin-1")
    head = f'<meta charset="{declared}">'.encode()
    assert texts(tmp_path, "a.html", b"<html>" + head + b"<p>" + content) == [GERMAN]
    header = f'From: a@mail.example\nContent-Type: text/plain; charset="{declared}"\n\n'
    [mail] = texts(tmp_path, "a.eml", header.encode() + content)
    assert mail.endswith(GERMAN)


def test_html_yields_its_text_and_title_only(tmp_path: Path) -> None:
    page = (
        "<html><head><title>My flat</title><style>p {color: red}</style></head><body>"
        "<script>track()</script><p>Noor has the <b>key</b>.</p><!-- hidden --></body></html>"
    )
    [piece] = load(written(tmp_path, "flat.html", page))
    assert piece.page_content.split() == ["My", "flat", "Noor", "has", "the", "key", "."]
    assert piece.metadata == {"title": "My flat"}


def test_a_pdf_is_read_page_by_page(tmp_path: Path) -> None:
    pieces = list(load(pdf(tmp_path / "a.pdf", "Noor has the key", "Rent is 750")))
    assert [(piece.page_content, piece.metadata) for piece in pieces] == [
        ("Noor has the key", {"page": 1}),
        ("Rent is 750", {"page": 2}),
    ]


def test_a_mail_yields_headers_body_and_date(tmp_path: Path) -> None:
    mail = (
        "From: =?utf-8?q?Zo=C3=AB?= <zoe@mail.example>\nTo: Ana <ana@mail.example>\n"
        "Date: Sat, 14 Mar 2026 09:30:00 +0100\nSubject: The key\nX-Mailer: not shown\n"
        "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n"
        "--x\nContent-Type: text/html\n\n<p>It is with <b>Noor</b></p>\n"
        "--x\nContent-Type: text/plain\nContent-Disposition: attachment\n\nattached\n--x--\n"
    )
    [piece] = load(written(tmp_path, "key.eml", mail))
    assert piece.page_content.splitlines()[:4] == [
        "From: Zoë <zoe@mail.example>",
        "To: Ana <ana@mail.example>",
        "Date: Sat, 14 Mar 2026 09:30:00 +0100",
        "Subject: The key",
    ]
    assert piece.page_content.split()[-4:] == ["It", "is", "with", "Noor"]
    assert piece.metadata == {
        "kind": "activity",
        "title": "The key",
        "date": "2026-03-14T09:30:00+01:00",
    }


def test_malformed_mails_do_not_hide_the_others_of_a_mailbox(tmp_path: Path) -> None:
    """Python's parser fails on each of the first three."""
    odd = [
        'From: "\nSubject: one',
        "To: <a@[1\nSubject: two",
        "To: a@\nSubject: three",
        "Date: yesterday-ish 99\nSubject: four",
        'Content-Type: text/plain; charset="x"\nSubject: five',
    ]
    box = "".join(
        f"From x Sat Mar 14 09:30:00 2026\n{mail}\n\nbody {i}\n\n" for i, mail in enumerate(odd)
    )
    pieces = list(load(written(tmp_path, "all.mbox", box)))
    assert [piece.metadata["title"] for piece in pieces] == ["one", "two", "three", "four", "five"]
    assert [piece.page_content[-6:] for piece in pieces] == [f"body {i}" for i in range(5)]
    assert 'From: "' in pieces[0].page_content


def test_a_calendar_is_read_event_by_event(tmp_path: Path) -> None:
    day = "BEGIN:VEVENT\nDTSTART;VALUE=DATE:20260401\nSUMMARY:Trip\nEND:VEVENT\n"
    broken = "BEGIN:VEVENT\nDTSTART:soon\nSUMMARY:Some day\nEND:VEVENT\n"
    calendar = f"BEGIN:VCALENDAR\nVERSION:2.0\n{EVENT}{broken}{day}END:VCALENDAR\n"
    dentist, some_day, trip = load(written(tmp_path, "a.ics", calendar))
    assert dentist.page_content.splitlines() == [
        "Dentist, check-up",
        "When: Saturday 14 March 2026, 09:30 to Saturday 14 March 2026, 10:30",
        "Where: Dok Noord 4",
        "Notes: Bring the old X-rays",
        "With: Noor Claes",
    ]
    assert dentist.metadata["date"] == "2026-03-14T09:30:00+01:00"
    assert (some_day.page_content, some_day.metadata.get("date")) == ("Some day", None)
    assert (trip.page_content, trip.metadata["date"]) == (
        "Trip\nWhen: Wednesday 01 April 2026",
        "2026-04-01",
    )


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ("name,town\nNoor,Ghent\n", ["name: Noor\ntown: Ghent"]),
        ("name\nNoor\nAna\n", ["name: Noor", "name: Ana"]),
        (
            'a,b\n"x","has, comma, ""quotes""\nand a line"\n',
            ['a: x\nb: has, comma, "quotes"\nand a line'],
        ),
        ("a,a,b\n1,2,3,4\n\n5\n", ["a: 1\na: 2\nb: 3\n4", "a: 5"]),
    ],
)
def test_a_table_is_read_row_by_row(tmp_path: Path, content: str, rows: list[str]) -> None:
    assert texts(tmp_path, "a.csv", content) == rows


@pytest.mark.parametrize(
    ("content", "items"),
    [
        ([{"a": 1, "b": [1, 2]}, "x"], ["a: 1\nb: 1, 2", "x"]),
        (
            {"a": {"b": [{"c": "x"}, {"c": "y"}]}, "d": None, "e": True},
            ["a.b.c: x\na.b.c: y", "e: True"],
        ),
        ("Noor", ["Noor"]),
    ],
)
def test_json_is_read_item_by_item(tmp_path: Path, content: object, items: list[str]) -> None:
    assert texts(tmp_path, "a.json", json.dumps(content)) == items


def test_json_lines_are_read_line_by_line(tmp_path: Path) -> None:
    assert texts(tmp_path, "a.jsonl", '{"a": 1}\n\n{"a": 2}\n') == ["a: 1", "a: 2"]


JUNK = random.Random(0).randbytes(300)


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("empty.txt", b"", "no text"),
        ("space.txt", b" \n\n ", "no text"),
        ("photo.txt", b"\x89PNG\r\n\x1a\n" + JUNK, "not a text"),
        ("packed.txt", gzip.compress(JUNK).replace(b"\0", b"\1"), "not a text"),
        ("note.docx", b"PK\x03\x04" + JUNK, "not a text"),
        ("photo.csv", JUNK, "not a text"),
        ("photo.json", JUNK, "not a text"),
        ("photo.ics", JUNK, "not a text"),
        ("wide.txt", GERMAN.encode("utf-16-le"), "not a text"),
        ("half.pdf", b"%PDF-1.7\n1 0 obj\n<<", "damaged"),
        ("empty.pdf", b"", "damaged"),
        ("half.json", b'[{"a": 1}, {"a"', "damaged"),
        ("deep.jsonl", b"[" * 100_000, "damaged"),
        ("half.jsonl", b'{"a": 1}\n{"a"\n', "damaged"),
        ("none.eml", b"just a text\n", "not a mail"),
        ("none.mbox", b"just a text\n", "no mail"),
        ("none.ics", b"BEGIN:VCALENDAR\nEND:VCALENDAR\n", "no event"),
        ("header.csv", b"name,town\n", "no text"),
    ],
)
def test_an_unreadable_file_raises_a_specific_error(
    tmp_path: Path, name: str, content: bytes, problem: str
) -> None:
    with pytest.raises(UnreadableFile, match=problem) as caught:
        list(load(written(tmp_path, name, content)))
    assert caught.value.remedy
    assert caught.value.__cause__ is None


def test_a_damaged_or_encrypted_pdf_raises_a_specific_error(tmp_path: Path) -> None:
    whole = pdf(tmp_path / "whole.pdf", "Noor has the key", "Rent is 750").read_bytes()
    with pytest.raises(UnreadableFile, match=r"damaged|no text"):
        list(load(written(tmp_path, "cut.pdf", whole[: len(whole) // 3])))
    locked = pdf(tmp_path / "locked.pdf", "Noor has the key", password="4471")
    assert PdfReader(locked).decrypt("4471")
    with pytest.raises(UnreadableFile, match="password"):
        list(load(locked))
