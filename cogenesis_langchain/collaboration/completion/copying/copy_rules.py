"""Copy rules: names, numbers and dates of a slot have to stand in the notes or the request.

A small model that has to fill in a detail invents one where the notes hold none. So a word that
carries a fact (it holds a digit, spells a number, or has a capital that its sentence does not
explain) is allowed only if the sources hold it, and two such words side by side only if the
sources hold them side by side. A number counts the things that it counts in the sources. Dates may
be written in another form than in the sources: what counts is the day that they name. All other
words are free.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Final

from cogenesis_langchain.collaboration.completion.copying.counted_things import (
    NUMBER_WORDS,
    CountedThings,
)
from cogenesis_langchain.collaboration.completion.copying.parts_of_months import parts_of_months
from cogenesis_langchain.collaboration.completion.copying.small_numbers import small_numbers
from cogenesis_langchain.privacy.detectors.lexicons.words import is_everyday, languages_of
from cogenesis_langchain.privacy.detectors.names import find_names
from cogenesis_langchain.privacy.detectors.quantities.dates import find_dates, find_times
from cogenesis_langchain.privacy.detectors.quantities.number_words import find_number_words
from cogenesis_langchain.privacy.detectors.quantities.numbers import find_numbers, values_of

WORD: Final = re.compile(r"[^\W_]+(?:[.,:'’/\-][^\W_]+)*")
_DIGITS: Final = re.compile(r"\d+")
_NUMBER: Final = re.compile(r"\d(?:[\d.,\s]*\d)?")
_TIME_STAMP: Final = re.compile(r"^\W*(\d{4}-\d{2}-\d{2})\b", re.MULTILINE)
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_PART: Final = re.compile(r"[.,:'’/\-]")
_DATE: Final = re.compile(r"date (?:(\d{4}|\*)-)?(\d{1,2})-(\d{1,2})")
_SENTENCE_START: Final = re.compile(r"(?:^|[.!?:…。！？]['\"”’)]*\s|\n\s*|[-*•–]\s)['\"“‘(]*$")
_POSSESSIVE: Final = re.compile(r"['’]s?$")
_TITLES: Final = frozenset({"mr", "mrs", "ms", "dr", "prof", "miss", "sir", "madam"})
_PRONOUN: Final = re.compile(r"I(?:['’]\w+)?$")
_DOLLARS: Final = "AUD|BBD|BMD|BSD|BZD|CAD|FJD|GYD|HKD|JMD|NZD|SGD|TTD|TWD|USD|XCD"
_SIGNS: Final = {
    "$": re.compile(rf"\$|\b(?:(?i:dollars?|bucks|pesos?)|{_DOLLARS})\b"),
    "€": re.compile(r"€|\beuros?\b|\bEUR\b", re.I),
    "£": re.compile(r"£|\b(?:pounds?|quid|gbp)\b", re.I),
    "¥": re.compile(r"[¥円元]|\b(?:yen|yuan|jpy|cny|rmb)\b", re.I),
    "₹": re.compile(r"₹|\b(?:rupees?|rs|inr)\b", re.I),
}
"""Currency signs, and what in the sources lets a slot write them; other signs are copied."""
_ORDINAL_ENDINGS: Final = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}


class CopyRules:
    """Knows which words may be copied.

    Args:
        sources: The notes and the request.
    """

    def __init__(self, sources: Iterable[str]) -> None:
        text = "\n".join(sources)
        self._words: set[str] = set()
        self._names: set[str] = set()
        self._pairs: set[tuple[str, str]] = set()
        self._numbers: set[str] = set()
        self._languages = languages_of(text)
        self._counted = CountedThings(text, tuple(self._languages))
        self._signs = {sign for sign in text if unicodedata.category(sign) == "Sc"}
        self._signs |= {sign for sign, named in _SIGNS.items() if named.search(text)}
        self._stamps = frozenset(_TIME_STAMP.findall(text))
        found = list(WORD.finditer(text))
        for word in found:
            forms = set(_forms(word[0]))
            self._words |= forms
            if self._looks_like_name(word[0], text[max(0, word.start() - 4) : word.start()]):
                self._names |= forms
        for left, right in pairwise(found):
            if len(text[left.end() : right.start()]) <= 2:
                self._pairs |= {(a, b) for a in _forms(left[0]) for b in _forms(right[0])}
        self._numbers |= {_plain(number) for number in _NUMBER.findall(text)}
        self._numbers |= set(_DIGITS.findall(text))
        self._numbers |= {str(value) for word, value in NUMBER_WORDS.items() if word in self._words}
        self._add_dates(text)
        self._dates = set().union(*_date_forms(text))
        self._values = {value for number in find_numbers(text) for value in values_of(number)}
        self._parts_of_months = parts_of_months(text)
        self._small_numbers = small_numbers(text, with_units=True) | {
            str(value) for word, value in NUMBER_WORDS.items() if word in self._words
        }
        self._times = {form for time in find_times(text) for form in time.canonical_forms}

    def may_begin(self, word: str) -> bool:
        """Whether an unfinished word can still become an allowed one; exact for digits only."""
        if not word[:1].isdigit():
            return True
        start = word.casefold()
        known = (*self._words, *self._numbers)
        return any(one.startswith(start) or one.startswith(_plain(start)) for one in known)

    def admits_signs(self, text: str) -> bool:
        """Whether the sources name the currency of every currency sign in a text."""
        return all(sign in self._signs for sign in text if unicodedata.category(sign) == "Sc")

    def goes_on(self, start: str) -> bool:
        """Whether a word of the sources begins so and is longer: "9.53" after "9."."""
        return any(word.startswith(start) and word != start for word in self._words)

    def admits(self, before: str, text: str) -> bool:
        """Whether the last word of a text is free, or copied.

        Args:
            before: What stands before the text.
            text: The text, up to the end of a word.
        """
        words = list(WORD.finditer(text))
        if not words:
            return True
        last = words[-1]
        if not self._admits_word(last[0], starts_sentence(before + text[: last.start()])):
            return False
        if len(words) == 1:
            return True
        left = words[-2]
        if text[left.end() : last.start()] != " ":
            return True
        if self._stand_together(left[0], last[0]):
            return True
        facts = [self._is_fact(word[0], before + text[: word.start()]) for word in (left, last)]
        return not all(facts) and self._counted.admits(left[0], last[0])

    def admits_all(self, before: str, text: str) -> bool:
        """Whether every word of a text is free, or copied; see `admits`."""
        return all(self.admits(before, text[: word.end()]) for word in WORD.finditer(text))

    def admits_values(self, before: str, text: str) -> bool:
        """Whether the sources hold every date, time, currency and number in words of a text.

        "The end of March" is a date, too. A small number by itself stands by itself there. Each
        word of "two million" may stand there although the number does not.

        Args:
            before: The template's words before the text. A date may begin in them, and their own
                numbers ("a thousand thanks") are no facts.
            text: The text.
        """
        if not self.admits_signs(text):
            return False
        whole = before + text
        dates = [forms for forms in _date_forms(whole) if any(map(_DATE.fullmatch, forms))]
        numbers = _numbers_in_words(whole) - _numbers_in_words(before)
        return (
            all(forms & self._dates for forms in dates)
            and all(time.canonical_forms & self._times for time in find_times(whole))
            and numbers <= self._values
            and parts_of_months(whole) <= self._parts_of_months
            and small_numbers(whole) - small_numbers(before) <= self._small_numbers
        )

    def admits_template_words(self, text: str) -> bool:
        """Whether the sources hold every number and name in a sentence of the template.

        A weak cloud model invents some although it was told not to. Single digits may stand.
        """
        numbers = (_plain(number) for number in _NUMBER.findall(text))
        if not all(number in self._numbers for number in numbers if len(number) > 1):
            return False
        people = (text[span.start : span.end] for span in find_names(text) if span.kind == "NAME")
        # One word with a capital is often no name: "Reweaving the shawl", "Mit Grüßen".
        return all(self.admits_all(" ", name) for name in people if " " in name)

    def copies(self, before: str, text: str) -> bool:
        """Whether a text holds a number or a name; see `admits`."""
        return any(
            word[0].casefold() in NUMBER_WORDS
            or self._is_fact(word[0], before + text[: word.start()])
            for word in WORD.finditer(text)
        )

    def is_name(self, word: str) -> bool:
        """Whether a word stands in the sources with a capital."""
        return not _PRONOUN.match(word) and bool(self._names.intersection(_forms(word)))

    def names_after(self, word: str) -> set[str]:
        """The names that stand right after a word in the sources, in lower case."""
        forms = set(_forms(word))
        return {right for left, right in self._pairs if left in forms and right in self._names}

    def begins_name(self, start: str) -> bool:
        """Whether a word that begins so stands in the sources with a capital."""
        return any(name.startswith(start.casefold()) for name in self._names)

    def _looks_like_name(self, word: str, before: str) -> bool:
        if not word[0].isupper() or _PRONOUN.match(word):
            return False
        return not (starts_sentence(before) and is_everyday(word, *self._languages))

    def _admits_word(self, word: str, starts_sentence: bool) -> bool:
        if word in self._stamps:
            return False  # the date before an entry of a log; a text writes it out
        if word.casefold() in NUMBER_WORDS or _DIGITS.search(word):
            return self._admits_number(word.casefold())
        if not word[0].isupper() or _PRONOUN.match(word) or word.casefold() in _TITLES:
            return True
        whole, bare, *parts = _forms(word)
        if whole in self._words or bare in self._words or self._words.issuperset(parts):
            return True
        return starts_sentence and is_everyday(word, *self._languages)

    def _admits_number(self, word: str) -> bool:
        if word in self._words:
            return True
        if word in NUMBER_WORDS:
            return str(NUMBER_WORDS[word]) in self._numbers
        return all(_plain(number) in self._numbers for number in _NUMBER.findall(word))

    def _is_fact(self, word: str, before: str) -> bool:
        if _DIGITS.search(word):
            return True
        capital = word[0].isupper() and not _PRONOUN.match(word)
        return capital and word.casefold() not in _TITLES and not starts_sentence(before)

    def _stand_together(self, left: str, right: str) -> bool:
        # A number and its currency may change places: "EUR 240" for "240 EUR".
        either_order = any(_CURRENCY.fullmatch(word) for word in (left, right))
        return any(
            (a, b) in self._pairs or (either_order and (b, a) in self._pairs)
            for a in _forms(left)
            for b in _forms(right)
        )

    def _add_dates(self, text: str) -> None:
        """Let a date be written in words, in any order: 2026-03-14 as 14 March or March 14th."""
        from babel.dates import get_day_names, get_month_names

        forms = set().union(*_date_forms(text))
        for year, month, day in (found.groups() for found in map(_DATE.fullmatch, forms) if found):
            days = (day, f"{day}{_ORDINAL_ENDINGS.get(int(day), 'th')}")
            years = {year} if year and year != "*" else set()
            self._words |= {*days, *years}
            self._numbers |= {day, *years}
            self._words |= {form for one in years for form in _numeric_dates(one, month, day)}
            for language in self._languages:
                name = get_month_names("wide", locale=language)[int(month)].casefold()
                followers = {name, *years}
                if years and (weekday := _weekday(int(year), int(month), int(day))) is not None:
                    followers.add(get_day_names("wide", locale=language)[weekday].casefold())
                self._words |= followers
                for written in days:
                    self._pairs |= {
                        pair for one in followers for pair in ((one, written), (written, one))
                    }
                self._pairs |= {(one, other) for one in followers for other in followers}


def _numbers_in_words(text: str) -> set[Decimal]:
    return {value.normalize() for _, _, value in find_number_words(text)}


def _date_forms(text: str) -> list[frozenset[str]]:
    """The canonical and the lookup forms of each date in a text."""
    return [date.canonical_forms | date.lookup_forms for date in find_dates(text)]


def _numeric_dates(year: str, month: str, day: str) -> Iterator[str]:
    """A date in figures: 2026-03-14 as 14.03.2026, 14/3/2026 or 3/14/2026."""
    yield f"{year}-{month:0>2}-{day:0>2}"
    for d, m in ((day, month), (f"{day:0>2}", f"{month:0>2}")):
        yield from (f"{d}.{m}.{year}", f"{d}/{m}/{year}", f"{m}/{d}/{year}")


def _weekday(year: int, month: int, day: int) -> int | None:
    """Monday is 0; None for a day that no calendar has."""
    try:
        return datetime.date(year, month, day).weekday()
    except ValueError:
        return None


def starts_sentence(before: str) -> bool:
    """Whether the word after a text is the first of a sentence."""
    return not before.strip() or bool(_SENTENCE_START.search(before))


def _forms(word: str) -> Iterator[str]:
    """A word without its case, also without a possessive ending, and the parts of the latter."""
    plain = word.casefold().replace("’", "'")
    bare = _POSSESSIVE.sub("", plain)
    yield plain
    yield bare
    yield from (part for part in _PART.split(bare) if part)


def _plain(number: str) -> str:
    return re.sub(r"[.,\s]", "", number)
