"""The time of detection and matching grows in proportion to the length of the text."""

from __future__ import annotations

import time

import pytest
from support.thorough import THOROUGH

from cogenesis_langchain.privacy.matching.value_set import ValueSet

LONG = 1_000_000 if THOROUGH else 200_000
TEXTS = {
    "digits": "7",
    "hyphens": "-",
    "digits and hyphens": "1-",
    "capitals": "A",
    "capitalised words": "Ab ",
    "brackets": "[(",
    "spaces": " ",
    "commas": ",",
    "underscores": "a_",
    "base64": "aB3x",
    "escapes": "\\u0041",
    "line breaks": "\n",
    "combining marks": "e\u0301",
}
"""Units that were repeated in texts on which the patterns took quadratic time."""


def seconds(unit: str, length: int) -> float:
    """Processor time to collect the values of a text and to search it, as text and as payload.

    The shorter of two runs: the first one may load word lists.
    """
    text = (unit * length)[:length]
    known = ValueSet.from_texts(["Anna Keller was born on 3 May 1970 and owes $1,234.50."])

    def once() -> float:
        start = time.process_time()
        ValueSet.from_texts([text])
        known.find(text)
        known.find_in_payload(text.encode())
        return time.process_time() - start

    return min(once(), once())


@pytest.mark.slow
@pytest.mark.parametrize("unit", TEXTS.values(), ids=TEXTS)
def test_four_times_the_text_takes_about_four_times_as_long(unit: str) -> None:
    small, large = seconds(unit, 2_000), seconds(unit, 8_000)
    assert large < 8 * small + 0.1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["digits", "hyphens", "capitals", "brackets", "spaces"])
def test_a_long_text_takes_time_in_proportion(name: str) -> None:
    """200 kB, and a megabyte with ``--hypothesis-profile=thorough``."""
    small, large = seconds(TEXTS[name], LONG // 10), seconds(TEXTS[name], LONG)
    assert large < 20 * small + 0.5
