"""Takes off what a chat model wraps a text in, and finds a text that repeats itself."""

from __future__ import annotations

import re
from typing import Final

_FENCE: Final = re.compile(r"^\s*```\w*\s*$", re.M)
_EMPHASIS: Final = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1")
_HEADING: Final = re.compile(r"^#{1,4}\s+", re.M)
_REMARK: Final = re.compile(
    r"\A[^\n]{0,120}\b(?:template|draft|text|version)\b[^\n]{0,80}:\s*\n+", re.I
)
_NARROWEST, _WIDEST = 60, 121  # characters of lines that a model wrapped
_ITEM: Final = re.compile(r"\s*(?:[-*•]|\d+[.)])\s")
_LONG_SENTENCE: Final = re.compile(r"[^.!?…\n]+")
_RULE: Final = re.compile(r"^\s*[-*_=]{3,}\s*$", re.M)


def unwrapped(text: str) -> str:
    """The text without code fences, emphasis, heading marks and an introductory remark."""
    text = _RULE.sub("", _FENCE.sub("", text)).strip()
    text = _HEADING.sub("", _EMPHASIS.sub(r"\2", text))
    remark = _REMARK.match(text)
    if remark and not re.search(r"[\[\]]", remark[0]):
        text = text[remark.end() :]
    paragraphs = re.split(r"\n\s*\n", text.strip())
    return "\n\n".join(map(_on_one_line, paragraphs))


def _on_one_line(paragraph: str) -> str:
    """A paragraph without line breaks, if these are due to the width of its lines alone."""
    lines = paragraph.split("\n")
    widths = range(_NARROWEST, _WIDEST)
    wrapped = len(lines) > 1 and all(len(line.rstrip()) in widths for line in lines[:-1])
    if not wrapped or any(_ITEM.match(line) for line in lines):
        return paragraph
    return " ".join(map(str.strip, lines))


def loops(text: str) -> bool:
    """Whether most sentences of a template repeat others."""
    sentences = [found for found in _LONG_SENTENCE.findall(text.casefold()) if found.count(" ") > 3]
    return len(sentences) > 2 * len(set(sentences))
