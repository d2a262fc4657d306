from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogenesis_langchain.privacy.matching.value_set import Hit, ValueSet
from cogenesis_langchain.privacy.placeholders import Placeholders
from cogenesis_langchain.privacy.values import PrivateValue

NAMES = [PrivateValue("NAME", name) for name in ("Anna", "Bo", "NAME_1", "1", "[")]
VALUES = ValueSet.from_texts([], declared=NAMES)

PIECES = (
    "Anna", "Bo", "[NAME_1]", "[NAME_", "[name 2]", "NAME_1", "1", "]", "[", "_", " ", "\n",
    "[TEXT_1]", "[ NAME-3 ]", "[NAME\\_1]", "é", "[NAME_01]", "[NAME_1", "[[NAME_1]]",
)  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES)).map("".join)


def test_one_value_has_one_placeholder() -> None:
    placeholders = Placeholders()
    first = placeholders.mask("Anna met Bo and Anna", VALUES.find("Anna met Bo and Anna"))
    assert first == "[NAME_1] met [NAME_2] and [NAME_1]"
    assert placeholders.mask("Bo", VALUES.find("Bo")) == "[NAME_2]"
    assert placeholders.restore("[NAME_2] likes [NAME_1]") == "Bo likes Anna"


def test_kinds_are_counted_apart() -> None:
    placeholders = Placeholders()
    hits = [
        Hit(0, 1, PrivateValue("NAME", "a")),
        Hit(2, 3, PrivateValue("DATE", "b")),
    ]
    assert placeholders.mask("a b", hits) == "[NAME_1] [DATE_1]"


@pytest.mark.parametrize(
    "written", ["[NAME_1]", "[name_1]", "[Name 1]", "[NAME\\_1]", "[ NAME_1 ]"]
)
def test_a_placeholder_is_restored_as_models_write_it(written: str) -> None:
    placeholders = Placeholders()
    placeholders.mask("Anna", VALUES.find("Anna"))
    assert placeholders.restore(f"Dear {written},") == "Dear Anna,"


def test_an_unknown_placeholder_stays() -> None:
    assert Placeholders().restore("[NAME_7] and [date]") == "[NAME_7] and [date]"


@given(st.lists(TEXTS, max_size=4))
def test_restoring_a_masked_text_gives_the_text(texts: list[str]) -> None:
    placeholders = Placeholders()
    masked = [placeholders.mask(text, VALUES.find(text)) for text in texts]
    assert [placeholders.restore(text) for text in masked] == texts


@given(st.text(max_size=80))
def test_restoring_any_text_without_hits_gives_the_text(text: str) -> None:
    placeholders = Placeholders()
    placeholders.mask("Anna", VALUES.find("Anna"))
    assert placeholders.restore(placeholders.mask(text, ())) == text


def test_threads_agree_on_placeholders() -> None:
    placeholders = Placeholders()
    names = [f"name{n}" for n in range(50)]
    masked: list[list[str]] = []

    def mask_all() -> None:
        masked.append(
            [placeholders.mask(n, [Hit(0, len(n), PrivateValue("NAME", n))]) for n in names]
        )

    threads = [threading.Thread(target=mask_all) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(result == masked[0] for result in masked)
    assert len(set(masked[0])) == 50


def test_values_are_not_printed() -> None:
    placeholders = Placeholders()
    placeholders.mask("Anna", VALUES.find("Anna"))
    assert "Anna" not in repr(placeholders)
