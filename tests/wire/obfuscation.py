"""Generated private values, obfuscated spellings and encodings of them.

The oracle, `letters_and_digits`, is simple and shares no code with the border's matching. It keeps
the letters and digits of a text, without case, accents, look-alikes and invisible characters.
"""

from __future__ import annotations

import base64
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

FIRST = ("Bartholomew", "Siobhán", "Jörgen", "Françoise", "Begoña", "Łucjan", "Sørine", "Thành")
LAST = ("Quistgaard", "Dálaigh", "Weißenfels", "Lefèbvre", "Ñíguez", "Wiśniewska", "Kjærholm")
SYLLABLES = ("bra", "quo", "vex", "zim", "lor", "dax", "fen", "jul", "ksi", "tho", "wyl", "gru")
STREETS = ("Fernbankgasse", "Quellbornweg", "Tarnhofstraat", "Oxlipcroft Lane")
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September")
LOOK_ALIKES = {"a": "а", "c": "с", "e": "е", "i": "і", "o": "о", "p": "р", "s": "ѕ", "x": "х"}
UNLIKE = {twin: letter for letter, twin in LOOK_ALIKES.items()}
INVISIBLE = ("\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad")
LETTERS = {"ß": "ss", "ø": "o", "æ": "ae", "ł": "l", "đ": "d"}


def letters_and_digits(text: str) -> str:
    """Return the letters and digits of a text, whatever its spelling."""
    plain = []
    for character in unicodedata.normalize("NFKD", text):
        character = UNLIKE.get(character.lower(), character).casefold()
        plain.append(LETTERS.get(character, character) if character.isalnum() else "")
    return "".join(plain)


@dataclass(frozen=True)
class Value:
    """A private value.

    Attributes:
        sentence: The sentence of the private context that contains it.
        mentions: Spellings of it in an instruction.
        fragments: Parts that reveal it, each with at least five letters or digits.
    """

    sentence: str
    mentions: Sequence[str]
    fragments: Sequence[str]


def _made_up(least: int) -> st.SearchStrategy[str]:
    parts = st.lists(st.sampled_from(SYLLABLES), min_size=least, max_size=3)
    return parts.map(lambda chosen: "".join(chosen).capitalize())


@st.composite
def names(draw: st.DrawFn) -> Value:
    first = draw(st.sampled_from(FIRST) | _made_up(2))
    last = draw(st.sampled_from(LAST) | _made_up(2))
    full = f"{first} {last}"
    whole = (full, f"{last}, {first}", f"{first[0]}. {last}", first, last, f"{last}'s house")
    return Value(f"My sister is called {full} and lives nearby.", whole, (first, last))


@st.composite
def emails(draw: st.DrawFn) -> Value:
    local, host = draw(_made_up(2)).lower(), draw(_made_up(2)).lower()
    address = f"{local}.{draw(st.integers(10, 99))}@{host}.example"
    return Value(f"Reach me at {address} any time.", (address, f"<{address}>"), (local, host))


@st.composite
def phones(draw: st.DrawFn) -> Value:
    area, rest = draw(st.sampled_from(("30", "89", "40"))), draw(st.integers(2_000_000, 9_999_999))
    number = f"+49 {area} {rest}"
    grouped = f"+49 {area} {str(rest)[:3]} {str(rest)[3:5]} {str(rest)[5:]}"
    dashed = f"+49-{area}-{str(rest)[:4]}-{str(rest)[4:]}"
    return Value(f"My mobile is {number} these days.", (number, grouped, dashed), (str(rest),))


@st.composite
def accounts(draw: st.DrawFn) -> Value:
    account = f"{draw(st.integers(10**17, 10**18 - 1))}"
    iban = f"DE{98 - int(account + '131400') % 97:02d}{account}"
    grouped = " ".join(iban[place : place + 4] for place in range(0, len(iban), 4))
    return Value(f"Rent is paid from {grouped} each month.", (iban, grouped), (account,))


@st.composite
def amounts(draw: st.DrawFn) -> Value:
    whole, cents = draw(st.integers(10_000, 99_999)), draw(st.integers(10, 99))
    english, german = f"{whole:,}.{cents}", f"{whole:,}".replace(",", ".") + f",{cents}"
    mentions = (f"{english} EUR", f"€{english}", f"{german} EUR", f"{whole}.{cents} euros")
    return Value(f"I still owe {english} EUR to the bank.", mentions, (str(whole),))


@st.composite
def dates(draw: st.DrawFn) -> Value:
    day, month, year = (
        draw(st.integers(13, 28)),
        draw(st.integers(1, 9)),
        draw(st.integers(1950, 2019)),
    )
    name = MONTHS[month - 1]
    mentions = (
        f"{day} {name} {year}",
        f"{name} {day}, {year}",
        f"{day}/{month:02d}/{year}",
        f"{day}.{month:02d}.{year}",
        f"{year}-{month:02d}-{day}",
    )
    return Value(f"The operation was on {day} {name} {year} in Kiel.", mentions, mentions)


@st.composite
def addresses(draw: st.DrawFn) -> Value:
    street = f"{draw(st.integers(11, 199))} {draw(st.sampled_from(STREETS))}"
    return Value(f"We moved to {street} last year.", (street, street.split()[1]), (street[3:],))


@st.composite
def phrases(draw: st.DrawFn) -> Value:
    words = [draw(_made_up(2)).lower() for _ in range(8)]
    whole = " ".join(words)
    start = draw(st.integers(0, 3))
    copied = " ".join(words[start : start + 5])
    return Value(f"She wrote: {whole}.", (whole, copied), (copied,))


values = st.one_of(
    names(), names(), emails(), phones(), accounts(), amounts(), dates(), addresses(), phrases()
)


# Forms


def _scattered(text: str, marks: Sequence[str]) -> str:
    return "".join(
        letter + (marks[place % len(marks)] if place % 3 == 1 else "")
        for place, letter in enumerate(text)
    )


def _without_accents(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def _wide(text: str) -> str:
    return "".join(chr(ord(x) + 0xFEE0) if "!" <= x <= "~" else x for x in text)


def _look_alike(text: str) -> str:
    return "".join(LOOK_ALIKES.get(letter, letter) for letter in text)


def _split(text: str) -> str:
    """Split a word over two lines with a hyphen."""
    middle = max(2, len(text) // 2)
    return f"{text[:middle]}-\n{text[middle:]}" if text[middle - 1 : middle + 1].isalpha() else text


def _lines(text: str) -> str:
    return text.replace(" ", "\n")


FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "upper": str.upper,
    "lower": str.lower,
    "without accents": _without_accents,
    "decomposed": lambda text: unicodedata.normalize("NFD", text),
    "full width": _wide,
    "look-alikes": _look_alike,
    "zero width": lambda text: _scattered(text, INVISIBLE[:2]),
    "soft hyphens": lambda text: _scattered(text, INVISIBLE[-1:]),
    "hyphenated": _split,
    "over lines": _lines,
    "wide gaps": lambda text: text.replace(" ", " \u00a0\t "),
    "spaced": " ".join,
    "bold": lambda text: f"**{text}**",
    "quoted": lambda text: f"\u201c{text}\u201d",
}


ENCODINGS: dict[str, Callable[[str], str]] = {
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 in a sentence": lambda text: base64.b64encode(
        f"it is {text}, you see".encode()
    ).decode(),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "percent": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "HTML": lambda text: "".join(f"&#{ord(letter)};" for letter in text),
    "HTML, hexadecimal": lambda text: "".join(f"&#x{ord(letter):x};" for letter in text),
    "JSON": lambda text: "".join(f"\\u{ord(letter):04x}" for letter in text),
}


@dataclass(frozen=True)
class Case:
    """A private context, an instruction that reveals some of it, and the revealed fragments."""

    context: str
    instruction: str
    fragments: frozenset[str]


INSTRUCTIONS = (
    "Write a short note about {}.",
    "please draft a polite letter that mentions {} twice",
    "A toast, with {} in the first line!",
)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    context = draw(st.lists(values, min_size=2, max_size=4))
    mentions: list[str] = []
    fragments: set[str] = set()
    for value in context[: draw(st.integers(1, 2))]:
        mention = draw(st.sampled_from(value.mentions))
        for _ in range(draw(st.integers(1, 2))):
            mention = FORMS[draw(st.sampled_from(sorted(FORMS)))](mention)
        mentions.append(mention)
        plain = letters_and_digits(mention)
        fragments.update(part for part in map(letters_and_digits, value.fragments) if part in plain)
    instruction = draw(st.sampled_from(INSTRUCTIONS)).format(" and ".join(mentions))
    return Case("\n".join(value.sentence for value in context), instruction, frozenset(fragments))


@st.composite
def encoded_cases(draw: st.DrawFn) -> Case:
    """Generate an instruction with an encoded value. The only fragment is its encoded form."""
    value = draw(values)
    encoded = ENCODINGS[draw(st.sampled_from(sorted(ENCODINGS)))](value.mentions[0])
    instruction = draw(st.sampled_from(INSTRUCTIONS)).format(encoded)
    return Case(value.sentence, instruction, frozenset([letters_and_digits(encoded)]))
