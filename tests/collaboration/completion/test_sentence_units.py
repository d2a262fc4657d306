from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogenesis_langchain.collaboration.completion.units import Unit, split_units
from cogenesis_langchain.privacy.placeholders import Placeholders
from cogenesis_langchain.sketch.template import (
    Part,
    Slot,
    SlotKind,
    Template,
    Words,
    parse_template,
)

BODY = "It is a plain text of some more than fifteen words, as any such text of a letter is."
KINDS: tuple[SlotKind, ...] = ("name", "value", "phrase", "sentences")
words = st.text(st.sampled_from("aA É1 .,;:!?…。\n\t-*•'\"()ßé") | st.characters(), min_size=1)


@st.composite
def slots(draw: st.DrawFn) -> Slot:
    kind = draw(st.sampled_from(KINDS))
    return Slot(draw(words), kind, draw(st.integers(1, 6)) if kind == "sentences" else 0)


@st.composite
def templates(draw: st.DrawFn) -> Template:
    """Never two runs of words side by side, as in a parsed template."""
    parts: list[Part] = []
    for part in draw(st.lists(slots() | words, max_size=12)):
        if isinstance(part, Slot) or not (parts and isinstance(parts[-1], Words)):
            parts.append(part if isinstance(part, Slot) else Words(part))
    return Template(tuple(parts))


def joined(units: list[Unit]) -> tuple[Part, ...]:
    """Separators and parts in order, neighbouring words as one run."""
    parts: list[Part] = []
    for unit in units:
        for part in (Words(unit.separator), *unit.parts):
            if isinstance(part, Words) and parts and isinstance(parts[-1], Words):
                parts[-1] = Words(parts[-1].text + part.text)
            elif isinstance(part, Slot) or part.text:
                parts.append(part)
    return tuple(parts)


def without_end(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Parts without the white space after the last of them, which no unit needs."""
    if not parts or isinstance(parts[-1], Slot):
        return parts
    last = parts[-1].text.rstrip()
    return (*parts[:-1], Words(last)) if last else parts[:-1]


@given(templates())
def test_units_in_order_are_the_template_byte_for_byte(template: Template) -> None:
    assert without_end(joined(split_units(template))) == without_end(template.parts)


@given(templates())
def test_every_unit_has_parts_and_begins_without_white_space(template: Template) -> None:
    for unit in split_units(template):
        assert unit.parts and not unit.separator.strip()
        first = unit.parts[0]
        assert isinstance(first, Slot) or not first.text[0].isspace()


def units(text: str) -> list[str]:
    sketch = parse_template(f"{BODY}\n\n{text}\n\n[end of it]", "", Placeholders()).sketch
    assert sketch is not None
    return [str(Template(unit.parts)) for unit in split_units(sketch)][1:]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "I write. I ask [the matter]. Is it so? Yes!",
            ["I write.", "I ask [the matter].", "Is it so?", "Yes!"],
        ),
        ("Dear [name],\n\nI write.\n- one\n- two", ["Dear [name],", "I write.", "- one", "- two"]),
        ("It is [name A]. It was [name B].", ["It is [name A].", "It was [name B]."]),
        (
            "So it is. [Two sentences: what happened] I ask.",
            ["So it is.", "[Two sentences: what happened]", "I ask."],
        ),
        (
            "Ask Dr. Obi, Prof. Ek and J. Lund. Then go.",
            ["Ask Dr. Obi, Prof. Ek and J. Lund.", "Then go."],
        ),
        (
            "I live in St. Hedwig Street, No. 4. It is cold.",
            ["I live in St. Hedwig Street, No. 4.", "It is cold."],
        ),
        ("It costs 3.50 a day. Fine.", ["It costs 3.50 a day.", "Fine."]),
        ("我住在这里。天气很冷。", ["我住在这里。", "天气很冷。"]),
    ],
)
def test_a_unit_is_a_sentence_a_line_or_a_list_item(text: str, parts: list[str]) -> None:
    assert units(text) == [*parts, "[end of it]"]


@pytest.mark.parametrize(
    ("text", "announces"),
    [
        ("My points:", True),
        ("What I ask for", True),
        ("I ask you.", False),
        ("Dear all,", False),
        ("Really?", False),
        ("(see below)", True),
        ("So it is (mostly).", False),
    ],
)
def test_a_heading_or_lead_in_announces_what_follows(text: str, announces: bool) -> None:
    assert Unit((Words(text),)).announces is announces
    assert not Unit((Words(text), Slot("name", "name"))).announces


@pytest.mark.parametrize(
    ("text", "refers"),
    [
        ("This is why I write.", True),
        ("It has been so for days.", True),
        ("For this reason I ask.", True),
        ("As a result, we are cold.", True),
        ("Therefore I ask.", True),
        ("I ask you.", False),
        ("Italy is far.", False),
        ("Thistles grow here.", False),
        ("Heat is what I ask for.", False),
    ],
)
def test_a_sentence_that_refers_back_is_known_by_its_first_words(text: str, refers: bool) -> None:
    assert Unit((Words(text),)).refers_back is refers
