"""Detector for the strict treatment of instructions: names, places, organisations, conditions.

The usual detectors of private texts hide too much of an instruction: German nouns, rare words and
the first words of sentences. So here a name must be more certain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from cogenesis_langchain.privacy.detectors.lexicons.word_lists import (
    INSTRUCTION_WORDS,
    PLACE_PREPOSITIONS,
)
from cogenesis_langchain.privacy.detectors.lexicons.words import (
    LANGUAGES,
    is_compound,
    is_known_name,
    is_surname,
    languages_of,
    zipf,
)
from cogenesis_langchain.privacy.detectors.names import find_names
from cogenesis_langchain.privacy.detectors.spans import Span
from cogenesis_langchain.privacy.detectors.terms import find_terms

_WORD: Final = re.compile(r"[^\W\d_]+")
_OPENING: Final = re.compile(r"(?:\A|[.!?:;\n])[\s\"“„'‘(]*\Z")
_BEFORE: Final = re.compile(r"([^\W\d_]+)\s\Z")
_REACH: Final = 24
_RARE_NOUN: Final = 3.5  # Zipf frequency: "in Husum", but not "in Ruhe"


def find_in_any_instruction(text: str) -> Iterator[Span]:
    """Find names, places, organisations, conditions and matters of special categories.

    Args:
        text: An instruction.

    Yields:
        Spans. Conditions count in a paragraph about a person, so that "Explain diabetes" has none.
    """
    yield from find_terms(text)
    german = "de" in languages_of(text)
    for span in find_names(text):
        if span.kind != "TERM" and _is_certain(text, span, german=german):
            yield span


def _is_certain(text: str, span: Span, *, german: bool) -> bool:
    """Return whether a candidate is a name and no noun, imperative or word of instructions."""
    words = _WORD.findall(text[span.start : span.end])
    if any(is_known_name(word) or is_surname(word) for word in words):
        return True
    opens = _OPENING.search(text, max(0, span.start - _REACH), span.start)
    if len(words) == 1 and (opens or words[0].lower() in INSTRUCTION_WORDS):
        return False
    if not german:
        return True
    before = _BEFORE.search(text, max(0, span.start - _REACH), span.start)
    in_a_place = before is not None and before[1].lower() in PLACE_PREPOSITIONS
    return any(
        word[0].isupper()
        and zipf(word, *LANGUAGES) <= (_RARE_NOUN if in_a_place else 0)
        and not is_compound(word.lower())
        for word in words
    )
