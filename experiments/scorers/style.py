"""The style of a text in a few numbers that do not depend on its topic, and style distance."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from cogenesis_langchain.datasets.record import Record
from cogenesis_langchain.privacy.detectors.lexicons.word_lists import CLOSINGS, GREETINGS
from experiments.attempt import Attempt
from experiments.scorers.metric import Metric, of_text
from experiments.scorers.words import sentences, words

_CONTRACTION: Final = re.compile(r"\b[^\W\d_]+['’](?:t|re|ve|ll|d|m|s)\b", re.IGNORECASE)
_ASIDE: Final = re.compile(r"[;:()–—]|\s-\s")
_NUMBER: Final = re.compile(r"\d+(?:[.,:]\d+)*")
_FIRST_PERSON: Final = frozenset({"i", "i'm", "i've", "i'll", "i'd", "me", "my", "mine", "myself"})
_PARAGRAPH: Final = re.compile(r"\n\s*\n")

SCALES: Final = {
    "words a sentence": 15.0,
    "letters a word": 4.5,
    "contractions, of 100 words": 1.0,
    "exclamation marks, of 100 words": 0.5,
    "question marks, of 100 words": 0.5,
    "commas, of 100 words": 6.0,
    "dashes, colons, semicolons and brackets, of 100 words": 2.0,
    "numbers in figures, of 100 words": 2.0,
    "first person singular, of 100 words": 5.0,
    "words a paragraph": 60.0,
    "begins with a greeting": 1.0,
    "ends with a closing formula": 1.0,
}
"""The features, each with a typical difference between letters as its scale."""


def style_features(text: str) -> dict[str, float]:
    """Return the features of `SCALES` for a text of at least one word."""
    found = words(text)
    a_hundred = len(found) / 100
    lines = [line for line in text.splitlines() if line.strip()]
    letters = sum(letter.isalpha() for letter in text)
    paragraphs = [part for part in _PARAGRAPH.split(text) if part.strip()]
    counts = (
        len(found) / len(sentences(text)),
        letters / len(found),
        len(_CONTRACTION.findall(text)) / a_hundred,
        text.count("!") / a_hundred,
        text.count("?") / a_hundred,
        text.count(",") / a_hundred,
        len(_ASIDE.findall(text)) / a_hundred,
        len(_NUMBER.findall(text)) / a_hundred,
        sum(word.lower().replace("’", "'") in _FIRST_PERSON for word in found) / a_hundred,
        len(found) / len(paragraphs),
        float(words(lines[0])[:1] != [] and words(lines[0])[0].lower() in GREETINGS),
        float(any(_first_words(line) & CLOSINGS for line in lines[-3:])),
    )
    return dict(zip(SCALES, counts, strict=True))


def style_distance(text: str, earlier: Sequence[str]) -> float:
    """Compare the style of a text with that of earlier texts, each of at least one word.

    For a feature with value a in the text, mean b over the earlier texts and scale s, the
    difference is ``|a - b| / (|a - b| + s)``. The distance is the mean over all features: 0 for the
    same style, towards 1 for others. No single feature can outweigh all others.
    """
    own = style_features(text)
    known = [style_features(one) for one in earlier]
    total = 0.0
    for feature, scale in SCALES.items():
        usual = sum(one[feature] for one in known) / len(known)
        apart = abs(own[feature] - usual)
        total += apart / (apart + scale)
    return total / len(SCALES)


def _first_words(line: str) -> set[str]:
    return {word.lower() for word in words(line)[:2]} if len(words(line)) < 6 else set()


def _distance(record: Record, attempt: Attempt) -> float | None:
    earlier = [writing.text for writing in record.earlier_writings if words(writing.text)]
    if not earlier or not words(attempt.text):
        return None
    return style_distance(attempt.text, earlier)


STYLE_DISTANCE: Final = Metric("style distance", "0 to 1", "lower", of_text(_distance))
"""See `style_distance`, from the user's earlier texts."""
