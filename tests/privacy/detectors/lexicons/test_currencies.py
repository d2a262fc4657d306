from __future__ import annotations

import pytest

from cogenesis_langchain.privacy.detectors.lexicons.currencies import (
    LONGEST_BEFORE,
    currency_patterns,
)


@pytest.mark.parametrize(
    "written", ["$", "US$", "€", "£ ", "USD ", "zł", "Kč ", "Rs. ", "Ksh ", "₹"]
)
def test_a_currency_before_a_number(written: str) -> None:
    match = currency_patterns().before.search(written)
    assert match is not None and match[0] == written
    assert len(written) <= LONGEST_BEFORE


@pytest.mark.parametrize(
    "written",
    ["€", " euros", " Franken", " zlotys", " руб.", " rupees", "元", "-dollar", " JPY"],
)
def test_a_currency_after_a_number(written: str) -> None:
    match = currency_patterns().after.match(written)
    assert match is not None and match[0] == written


@pytest.mark.parametrize("written", ["the ", "ALL ", "TOP ", "page ", "§"])
def test_what_is_no_currency_before_a_number(written: str) -> None:
    assert currency_patterns().before.search(written) is None


@pytest.mark.parametrize("written", [" real", " mark", " words", " eurosceptics", " months"])
def test_what_is_no_currency_after_a_number(written: str) -> None:
    assert currency_patterns().after.match(written) is None
