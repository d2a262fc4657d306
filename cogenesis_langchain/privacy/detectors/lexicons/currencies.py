"""Currencies: patterns for their signs, codes, abbreviations and names.

The data come from the Unicode locale data in Babel and are loaded at first use.
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
"""Most characters of a currency before a number, a space included."""

_LETTERS_BEFORE_SIGN: Final = r"(?:US|A|C|S|R|HK|NZ|CA|AU|GH)?"
_SHORT: Final = r"zł|Kč|kr\.?|R|Rs\.?|Fr\.?|Ft"
_NO_CODES: Final = frozenset({"ALL", "TOP"})  # words of headlines
_OTHER_CODES: Final = frozenset({"RMB"})
_MAX_ZIPF: Final = 4.2  # more common names are mostly other words: "won", "real", "mark"
_ADJECTIVE_LAST: Final = ("fr", "es", "it", "pt", "vi")
_ABBREVIATING: Final = ("cs", "en_KE", "en_UG", "hu", "id", "pl", "sw")
_IN_BRACKETS: Final = re.compile(r"\s*\(.*")
# Everyday names of currencies, and names in languages that Babel does not cover below.
_WORDS: Final = (
    r"euros?|dollars?|bucks|pounds? sterling|pounds|quid|pence|cents?|francs?|franken"
    r"|rubles?|roubles?|reais|kroner|kronor|kronen|kronur|zlot(?:y|ys|ych)|lei|руб(?:лей|ля|ль)?\.?"
    r"|грн\.?"
)
_LAST_SIGN: Final = 0x3000  # later code points are full-width forms of earlier ones
_CJK: Final = "[元円圆圓원]"  # the next word may follow without a space


class CurrencyPatterns(NamedTuple):
    """Patterns for a currency directly before a number, and directly after one."""

    before: re.Pattern[str]
    after: re.Pattern[str]


@cache
def currency_patterns() -> CurrencyPatterns:
    """Compile the patterns for all currencies."""
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
    """Return the names of currencies, singular and plural, that are not also everyday words."""
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
    return {form for form in forms if form.isalpha() and zipf(form, *LANGUAGES) < _MAX_ZIPF}


def _without_year(name: str) -> str:
    return _IN_BRACKETS.sub("", name) or name


def _abbreviations() -> set[str]:
    """Return local abbreviations such as "Ksh". All-capital ones are codes, which are known."""
    from babel import Locale

    signs = {
        sign.rstrip(".")
        for locale in _ABBREVIATING
        for sign in Locale.parse(locale).currency_symbols.values()
    }
    return {sign for sign in signs if sign.isalpha() and len(sign) > 1 and not sign.isupper()}


def _signs() -> str:
    """Return all currency signs of Unicode, escaped for a character class."""
    return "".join(
        re.escape(chr(code))
        for code in range(_LAST_SIGN)
        if unicodedata.category(chr(code)) == "Sc"
    )
