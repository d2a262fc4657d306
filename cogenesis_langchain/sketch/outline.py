"""The outline: short numbered points in the order of the text.

The paper asks for 8-15 points of 3-5 words (CoGenesis, section 3.2). A point that is a little
longer serves as well, so up to `MAX_POINT_WORDS` are accepted. Where both answers have another
number of points, the first one with `USABLE_POINTS` is used: a brief outline helps more than none.

A point is words and nothing else: letters, digits, spaces, hyphens, apostrophes and commas. Links,
markup, blanks and control tokens need other characters, and cost their point. An order in plain
words cannot be told from a point; the local model reads it as a topic of the text, and nothing in
an outline is executed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from cogenesis_langchain.models.base import CloudTextModel, PublicMessage
from cogenesis_langchain.privacy.border import EgressPermit
from cogenesis_langchain.privacy.placeholders import Placeholders
from cogenesis_langchain.privacy.text import PublicText
from cogenesis_langchain.prompts import (
    OUTLINE_EXAMPLES,
    OUTLINE_FAULTS,
    OUTLINE_REQUEST,
    OUTLINE_RETRY,
    OUTLINE_SYSTEM,
)
from cogenesis_langchain.sketch.attempts import Fault, Parsed, request_twice
from cogenesis_langchain.sketch.sanitiser import strip_invisible

MIN_POINTS: Final = 8
MAX_POINTS: Final = 15
USABLE_POINTS: Final = range(5, 21)
MAX_POINT_WORDS: Final = 8
MAX_POINT_CHARACTERS: Final = 80
MAX_CHARACTERS: Final = 4000

_POINT: Final = re.compile(r"^\s*(?:\d{1,2}\s*[.):]|[-*•–])\s*(?P<text>\S.*)$")
_EMPHASIS: Final = re.compile(r"(\*\*|__|`)(.+?)\1")
_BRACKETS: Final = re.compile(r"\[[^\]\n]*\]")
_PUNCTUATION: Final = frozenset(" -\u2010'\u2019,\u060c\u3001\uff0c")
"""Space, hyphens, apostrophes and the commas of other scripts."""


@dataclass(frozen=True, slots=True)
class Outline:
    """An outline to write from.

    Attributes:
        points: Short points, without numbers, emphasis and repetitions.
    """

    points: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join(f"{number}. {point}" for number, point in enumerate(self.points, 1))


def request_outline(
    cloud: CloudTextModel,
    instruction: PublicText,
    permit: EgressPermit,
    placeholders: Placeholders,
) -> Outline:
    """Ask the cloud model for an outline, once more if the first one fails its checks.

    Args:
        cloud: The cloud model.
        instruction: The general instruction.
        permit: The border's permission.
        placeholders: Placeholders of private values in the instruction; their originals are
            restored in the outline.

    Raises:
        SketchInvalid: Neither answer is of use.
        CloudError: The cloud model failed.
        PrivacyViolation: Something added private text to the request; nothing was sent.
    """
    parse = partial(parse_outline, placeholders=placeholders)
    prompt = partial(_prompt, instruction)
    return request_twice(cloud, permit, prompt, parse, kind="outline", words=OUTLINE_FAULTS)


def parse_outline(text: str, placeholders: Placeholders) -> Parsed[Outline]:
    """Read an outline out of a cloud model's answer.

    Args:
        text: The answer.
        placeholders: Placeholders of the request; the points hold their originals.
    """
    if len(text) > MAX_CHARACTERS:
        return Parsed(None, "length")
    lines = [line for line in strip_invisible(text).splitlines() if line.strip()]
    matches = [match for line in lines if (match := _POINT.match(line))]
    if len(matches) * 2 < len(lines):
        return Parsed(None, "prose")
    found: dict[str, str] = {}
    for match in matches:
        point = _EMPHASIS.sub(r"\2", match["text"]).strip().rstrip(".:;,")
        found.setdefault(point.casefold(), point)
    points = [point for point in found.values() if is_plain(_without_known(point, placeholders))]
    fault: Fault | None = None
    if not MIN_POINTS <= len(points) <= MAX_POINTS:
        fault = "count" if len(points) == len(found) else "words"
        if len(points) not in USABLE_POINTS:
            return Parsed(None, fault)
    return Parsed(Outline(tuple(map(placeholders.restore, points))), fault)


def is_plain(point: str) -> bool:
    """Whether a point is a few words without any sign that means something to a program."""
    return (
        0 < len(point.split()) <= MAX_POINT_WORDS
        and len(point) <= MAX_POINT_CHARACTERS
        and all(
            character in _PUNCTUATION
            or unicodedata.category(character)[0] in "LM"
            or unicodedata.category(character) == "Nd"
            for character in point
        )
    )


def _without_known(text: str, placeholders: Placeholders) -> str:
    """The text with a plain word in the place of each placeholder that stands for something."""

    def word(found: re.Match[str]) -> str:
        return found[0] if placeholders.restore(found[0]) == found[0] else "it"

    return _BRACKETS.sub(word, text)


def _prompt(instruction: PublicText, faults: Sequence[Fault]) -> list[PublicMessage]:
    messages = [PublicMessage("system", PublicText.compose(OUTLINE_SYSTEM))]
    for example, outline in OUTLINE_EXAMPLES:
        asked = {"instruction": PublicText.compose(example)}
        messages.append(PublicMessage("user", PublicText.compose(OUTLINE_REQUEST, asked)))
        messages.append(PublicMessage("assistant", PublicText.compose(outline)))
    if faults:
        fault = PublicText.compose(OUTLINE_FAULTS[faults[-1]])
        request = PublicText.compose(OUTLINE_RETRY, {"instruction": instruction, "fault": fault})
    else:
        request = PublicText.compose(OUTLINE_REQUEST, {"instruction": instruction})
    return [*messages, PublicMessage("user", request)]
