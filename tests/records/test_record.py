from __future__ import annotations

import pytest
from pydantic import ValidationError
from support.record_samples import RECORD, SECRET, record

from cogenesis_langchain.datasets.occurrence import occurs
from cogenesis_langchain.datasets.record import Record


def test_context_holds_profile_log_and_writings_but_not_the_instruction_or_the_reference() -> None:
    context = record().context
    assert context == (
        f"Profile\nShort.\n{SECRET}, 44, of Lübeck.\n\n"
        "Activity log\n2026-01-02 Oven broke, 812 euros\n\n"
        "Note\nBread is out. Come Tuesday."
    )


def test_private_text_adds_the_personal_instruction() -> None:
    assert record().private_text.endswith("Come Tuesday.\n\nIt was Friday.")


def test_context_parts_leave_out_what_is_empty() -> None:
    bare = record(profile={"style": "", "facts": []}, activity_log=[])
    assert [part.title for part in bare.context_parts] == ["Note"]


def test_repr_of_a_record_and_of_its_parts_shows_nothing_private() -> None:
    one = record()
    shown = f"{one!r} {one} {one.profile!r} {one.instruction} {one.earlier_writings} {[one]}"
    assert "r1" in shown
    for private in (SECRET, "812", "Friday", "Bread", "landlord"):
        assert private not in shown


def test_records_are_frozen() -> None:
    with pytest.raises(ValidationError):
        record().id = "other"  # type: ignore[misc]


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(ValidationError, match="genre"):
        Record.model_validate(RECORD | {"genre": "letter"})


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("Hélène", "for HELENE,"),
        ("9 to 20 March", "9 to\n20 March"),
        ("10-12", "from 10–12"),
        ("it's paid", "It’s paid."),
        ("£12", "exactly £12."),
        ("(A/1)", "see (A/1)"),
        ("１２ euros", "12 euros"),
    ],
)
def test_occurs_whatever_the_typesetting(form: str, text: str) -> None:
    assert occurs(form, text)


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("9 May", "29 May"),
        ("Ann", "Anna"),
        ("£12", "£12.50"),
        ("340", "1,340"),
        ("7,488", "7,488.00"),
        ("1 April", "1 or 2 April"),
        (" ", "any text"),
        ("\u0301", "any text"),
    ],
)
def test_does_not_occur_inside_a_longer_word_or_number(form: str, text: str) -> None:
    assert not occurs(form, text)
