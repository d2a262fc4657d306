"""How currencies are written: signs, codes, abbreviations, words.

Signs are Unicode's, codes and English names those of ISO 4217 as Faker keeps them. They are read at
first use, once a process.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Final, NamedTuple

from cogenesis_langchain.privacy.detectors.spans import any_of
from cogenesis_langchain.privacy.detectors.words import zipf
from cogenesis_langchain.privacy.folding import fold

LONGEST_BEFORE: Final = 6
"""The most characters of a currency before a number, a blank included."""

_LETTERS_BEFORE_SIGN: Final = r"(?:US|A|C|S|R|HK|NZ|CA|AU|GH)?"
_SHORT: Final = r"zł|Kč|kr\.?|R|Rs\.?|Fr\.?|Ft"
_NO_CODES: Final = frozenset({"ALL", "TOP"})  # words of headlines
_OTHER_CODES: Final = frozenset({"RMB"})
_COMMONEST: Final = 4.4  # zipf; "won", "real" and "mark" are rather something else
# What everybody calls them, and what other languages do.
_WORDS: Final = (
    r"euros?|dollars?|bucks|pounds? sterling|pounds|quid|pence|cents?|francs?|franken"
    r"|rubles?|roubles?|reais|kroner|kronor|kronen|kronur|zlot(?:y|ys|ych)|lei|руб(?:лей|ля|ль)?\.?"
    r"|грн\.?"
)
_LAST_SIGN: Final = 0x3000  # those beyond are full-width forms of signs before
_CJK: Final = "[元円圆圓원]"  # nothing parts them from the next word


class CurrencyPatterns(NamedTuple):
    """A currency that ends just before a number, and one that begins just after it."""

    before: re.Pattern[str]
    after: re.Pattern[str]


@cache
def currency_patterns() -> CurrencyPatterns:
    """The patterns for all currencies."""
    from faker.providers.currency import Provider

    codes = {code for code, _ in Provider.currencies} - _NO_CODES | _OTHER_CODES
    abbreviations = {sign for sign in Provider.currency_symbols.values() if _is_abbreviation(sign)}
    names = {name.split()[-1].lower() for _, name in Provider.currencies}
    words = {form for name in names for form in (name, fold(name)) if zipf(form, "en") < _COMMONEST}
    signs = rf"{_LETTERS_BEFORE_SIGN}[{_signs()}]"
    short = rf"{signs}|(?<![^\W_])(?:{_SHORT}|{any_of(codes)})"
    return CurrencyPatterns(
        before=re.compile(rf"(?:{short}|(?<![^\W_])(?:{any_of(abbreviations)}))\s?\Z"),
        after=re.compile(
            rf"[\s-]?(?:(?:{short}|(?i:{_WORDS}|(?:{any_of(words)})(?:e?s)?))(?![^\W_])|{_CJK})"
        ),
    )


def _signs() -> str:
    """Every sign that Unicode has for a currency."""
    return "".join(
        re.escape(chr(code))
        for code in range(_LAST_SIGN)
        if unicodedata.category(chr(code)) == "Sc"
    )


def _is_abbreviation(sign: str) -> bool:
    """Whether a sign is made of letters, and not of one or of capitals alone, like a code."""
    return len(sign) > 1 and sign.isascii() and sign.isalpha() and not sign.islower()
