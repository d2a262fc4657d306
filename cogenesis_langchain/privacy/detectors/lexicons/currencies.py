"""How currencies are written: signs, codes, abbreviations, words.

Signs, codes and names are those of the Unicode locale data, as Babel keeps them. They are read at
first use, once a process.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Final, NamedTuple

from cogenesis_langchain.privacy.detectors.lexicons.words import LANGUAGES, zipf
from cogenesis_langchain.privacy.detectors.spans import any_of
from cogenesis_langchain.privacy.matching.normalisation import normalise

LONGEST_BEFORE: Final = 6
"""The most characters of a currency before a number, a blank included."""

_LETTERS_BEFORE_SIGN: Final = r"(?:US|A|C|S|R|HK|NZ|CA|AU|GH)?"
_SHORT: Final = r"zł|Kč|kr\.?|R|Rs\.?|Fr\.?|Ft"
_NO_CODES: Final = frozenset({"ALL", "TOP"})  # words of headlines
_OTHER_CODES: Final = frozenset({"RMB"})
_COMMONEST: Final = 4.2  # zipf; "won", "real" and "mark" are rather something else
_ADJECTIVE_LAST: Final = ("fr", "es", "it", "pt", "vi")
_ABBREVIATING: Final = ("cs", "en_KE", "en_UG", "hu", "id", "pl", "sw")
_IN_BRACKETS: Final = re.compile(r"\s*\(.*")
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
    from babel import Locale

    codes = set(Locale("en").currencies) - _NO_CODES | _OTHER_CODES
    signs = rf"{_LETTERS_BEFORE_SIGN}[{_signs()}]"
    short = rf"{signs}|(?<![^\W_])(?:{_SHORT}|{any_of(codes)})"
    words = rf"(?i:{_WORDS}|{any_of(_names())})"
    return CurrencyPatterns(
        before=re.compile(rf"(?:{short}|(?<![^\W_])(?:{any_of(_abbreviations())}))\s?\Z"),
        after=re.compile(rf"[\s-]?(?:(?:{short}|{words})(?![^\W_])|{_CJK})"),
    )


def _names() -> set[str]:
    """What currencies are called, one and many, also without accents, where it is no other word."""
    from babel import Locale
    from babel.numbers import get_currency_name

    names: set[str] = set()
    for code in Locale("en").currencies.keys() & Locale("fr").currencies.keys():
        for count in (1, 2):
            names.add(_without_year(get_currency_name(code, count, "en")).split()[-1])
            names.update(
                _without_year(get_currency_name(code, count, language)).split()[0]
                for language in _ADJECTIVE_LAST
            )
    forms = {form for name in names for form in (name.lower(), normalise(name))}
    return {form for form in forms if form.isalpha() and zipf(form, *LANGUAGES) < _COMMONEST}


def _without_year(name: str) -> str:
    return _IN_BRACKETS.sub("", name) or name


def _abbreviations() -> set[str]:
    """Signs made of letters, as they are written at home; capitals alone are a code."""
    from babel import Locale

    signs = {
        sign.rstrip(".")
        for home in _ABBREVIATING
        for sign in Locale.parse(home).currency_symbols.values()
    }
    return {sign for sign in signs if sign.isalpha() and len(sign) > 1 and not sign.isupper()}


def _signs() -> str:
    """Every sign that Unicode has for a currency."""
    return "".join(
        re.escape(chr(code))
        for code in range(_LAST_SIGN)
        if unicodedata.category(chr(code)) == "Sc"
    )
