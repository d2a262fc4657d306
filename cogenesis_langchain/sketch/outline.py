"""The sketch: the cloud model's outline, parsed, checked, and asked for once more if it fails.

The paper asks for 8-15 points of 3-5 words (CoGenesis, section 3.2). A point that is a little
longer serves as well, so up to `MAX_POINT_WORDS` are accepted. Where both answers have another
number of points, the first one with `USABLE_POINTS` is taken: a brief plan helps more than none.

An answer is judged before placeholders are restored: what private values stand behind them has no
say in whether a second request leaves.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from cogenesis_langchain.errors import SketchInvalid
from cogenesis_langchain.models.base import CloudTextModel, PublicMessage, Usage
from cogenesis_langchain.privacy.border import EgressPermit
from cogenesis_langchain.privacy.placeholders import Placeholders
from cogenesis_langchain.privacy.text import PublicText
from cogenesis_langchain.prompts import (
    SKETCH_EXAMPLES,
    SKETCH_FAULTS,
    SKETCH_REQUEST,
    SKETCH_RETRY,
    SKETCH_SYSTEM,
)
from cogenesis_langchain.sketch.sanitiser import find_misuse, strip_invisible

MIN_POINTS: Final = 8
MAX_POINTS: Final = 15
USABLE_POINTS: Final = range(5, 21)
MAX_POINT_WORDS: Final = 8
MAX_CHARACTERS: Final = 4000

Fault = Literal["count", "length", "prose", "placeholder", "markup", "order"]

_POINT: Final = re.compile(r"^\s*(?:\d{1,2}\s*[.):]|[-*•–])\s*(?P<text>\S.*)$")
_EMPHASIS: Final = re.compile(r"(\*\*|__|`)(.+?)\1")
_BLANK: Final = re.compile(
    r"\[[^\]]*\]|\{[^}]*\}|_{2,}|\.{4,}|\bX{2,}\b|<[a-z ]+ ?(?:name|date|here)>", re.I
)
_BRACKETS: Final = re.compile(r"\[[^\]\n]*\]")


@dataclass(frozen=True, slots=True)
class Sketch:
    """An outline to write from.

    Attributes:
        points: 8 to 15 short points; as many as `USABLE_POINTS` where two answers had no such.
        attempts: 1, or 2 when the first answer failed its checks.
        usage: Tokens the cloud model took.
    """

    points: tuple[str, ...]
    attempts: int = 1
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class ParsedOutline:
    """What a cloud model's answer holds.

    Attributes:
        points: Points to write from, without numbers, emphasis and repetitions; empty where the
            answer is of no use.
        fault: What is wrong with the answer; None where nothing is.
    """

    points: tuple[str, ...] = ()
    fault: Fault | None = None


def request_sketch(
    cloud: CloudTextModel,
    instruction: PublicText,
    permit: EgressPermit,
    placeholders: Placeholders,
) -> Sketch:
    """Ask the cloud model for an outline, once more if the first one fails its checks.

    Args:
        cloud: The cloud model.
        instruction: The general instruction.
        permit: The border's permission.
        placeholders: What stands for private values in the instruction; restored in the outline.

    Returns:
        The outline and what it took.

    Raises:
        SketchInvalid: Neither answer is of use.
        CloudError: The cloud model failed.
        PrivacyViolation: Something added private text to the request; nothing was sent.
    """
    faults: list[Fault] = []
    spare: tuple[str, ...] = ()
    usage = Usage()
    for attempt in (1, 2):
        answer = cloud.generate(_prompt(instruction, faults), permit)
        usage += answer.usage
        parsed = parse_sketch(answer.text, placeholders)
        if parsed.fault is None:
            return Sketch(parsed.points, attempt, usage)
        faults.append(parsed.fault)
        spare = spare or parsed.points
    if not spare:
        raise SketchInvalid(faults)
    return Sketch(spare, len(faults), usage)


def parse_sketch(text: str, placeholders: Placeholders) -> ParsedOutline:
    """Read an outline out of a cloud model's answer.

    Args:
        text: The answer.
        placeholders: What the request held; in the points the originals are back.
    """
    if len(text) > MAX_CHARACTERS:
        return ParsedOutline(fault="length")
    text = strip_invisible(text)
    if misused := find_misuse(_without_known(text, placeholders)):
        return ParsedOutline(fault=misused)
    lines = [line for line in text.splitlines() if line.strip()]
    matches = [match for line in lines if (match := _POINT.match(line))]
    if len(matches) * 2 < len(lines):
        return ParsedOutline(fault="prose")
    points: dict[str, str] = {}
    for match in matches:
        point = _EMPHASIS.sub(r"\2", match["text"]).strip().rstrip(".:;,")
        points.setdefault(point.casefold(), point)
    fault = _fault([_without_known(point, placeholders) for point in points.values()])
    if fault is not None and not (fault == "count" and len(points) in USABLE_POINTS):
        return ParsedOutline(fault=fault)
    return ParsedOutline(tuple(placeholders.restore(point) for point in points.values()), fault)


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
    messages = [PublicMessage("system", PublicText.compose(SKETCH_SYSTEM))]
    for example, outline in SKETCH_EXAMPLES:
        asked = {"instruction": PublicText.compose(example)}
        messages.append(PublicMessage("user", PublicText.compose(SKETCH_REQUEST, asked)))
        messages.append(PublicMessage("assistant", PublicText.compose(outline)))
    if faults:
        fault = PublicText.compose(SKETCH_FAULTS[faults[-1]])
        request = PublicText.compose(SKETCH_RETRY, {"instruction": instruction, "fault": fault})
    else:
        request = PublicText.compose(SKETCH_REQUEST, {"instruction": instruction})
    return [*messages, PublicMessage("user", request)]
