"""The outline: short numbered points in the order of the text.

The paper asks for 8-15 points of 3-5 words (CoGenesis, section 3.2). A point that is a little
longer serves as well, so up to `MAX_POINT_WORDS` are accepted. Where both answers have another
number of points, the first one with `USABLE_POINTS` is used: a brief outline helps more than none.
"""

from __future__ import annotations

import re
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
from cogenesis_langchain.sketch.attempts import Attempted, Fault, Parsed, request_twice
from cogenesis_langchain.sketch.sanitiser import find_misuse, strip_invisible

MIN_POINTS: Final = 8
MAX_POINTS: Final = 15
USABLE_POINTS: Final = range(5, 21)
MAX_POINT_WORDS: Final = 8
MAX_CHARACTERS: Final = 4000

_POINT: Final = re.compile(r"^\s*(?:\d{1,2}\s*[.):]|[-*•–])\s*(?P<text>\S.*)$")
_EMPHASIS: Final = re.compile(r"(\*\*|__|`)(.+?)\1")
_BLANK: Final = re.compile(
    r"\[[^\]]*\]|\{[^}]*\}|_{2,}|\.{4,}|\bX{2,}\b|<[a-z ]+ ?(?:name|date|here)>", re.I
)
_BRACKETS: Final = re.compile(r"\[[^\]\n]*\]")


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
) -> Attempted[Outline]:
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
    text = strip_invisible(text)
    if misused := find_misuse(_without_known(text, placeholders)):
        return Parsed(None, misused)
    lines = [line for line in text.splitlines() if line.strip()]
    matches = [match for line in lines if (match := _POINT.match(line))]
    if len(matches) * 2 < len(lines):
        return Parsed(None, "prose")
    points: dict[str, str] = {}
    for match in matches:
        point = _EMPHASIS.sub(r"\2", match["text"]).strip().rstrip(".:;,")
        points.setdefault(point.casefold(), point)
    fault = _fault([_without_known(point, placeholders) for point in points.values()])
    if fault is not None and not (fault == "count" and len(points) in USABLE_POINTS):
        return Parsed(None, fault)
    return Parsed(Outline(tuple(placeholders.restore(point) for point in points.values())), fault)


def _without_known(text: str, placeholders: Placeholders) -> str:
    """The text with a plain word in the place of each placeholder that stands for something."""

    def word(found: re.Match[str]) -> str:
        return found[0] if placeholders.restore(found[0]) == found[0] else "it"

    return _BRACKETS.sub(word, text)


def _fault(points: Sequence[str]) -> Fault | None:
    if any(_BLANK.search(point) for point in points):
        return "placeholder"
    if any(len(point.split()) > MAX_POINT_WORDS for point in points):
        return "length"
    if not MIN_POINTS <= len(points) <= MAX_POINTS:
        return "count"
    return None


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
