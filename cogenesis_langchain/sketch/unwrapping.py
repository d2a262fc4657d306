"""Takes off what a chat model wraps a text in, and finds a text that repeats itself."""

from __future__ import annotations

import re
from typing import Final

_FENCE: Final = re.compile(r"^\s*```\w*\s*$", re.M)
_EMPHASIS: Final = re.compile(r"(\*\*|__)(?=[^\s_*])(.+?)(?<=[^\s_*])\1")
_HEADING: Final = re.compile(r"^#{1,4}\s+", re.M)
_REMARK: Final = re.compile(
    r"\A(?:here(?:['’]s| is| are)|sure|certainly|of course|below is|i(?:['’]ve| have) (?:written|"
    r"drafted|prepared)|(?:the )?(?:template|draft))\b[^\n]{0,160}:\s*\n+",
    re.I,
)
# A line break that is due to the width of the lines alone: before it a long line without an end
# mark, after it the rest of the sentence.
_WRAP: Final = re.compile(
    r"(?m)^(?!\s*(?:[-–—•·*+]|\(?\w{1,4}[.)]))([^\n]{59,119}[^\s.!?:;…])[ \t]*\n"
    r"(?=(?:[a-z\[(]|I )(?!(?:[a-z]|[ivx]{2,4})[.)]\s))"
)
_LONG_SENTENCE: Final = re.compile(r"[^.!?…\n]+")
_RULE: Final = re.compile(r"^\s*[-*_=]{3,}\s*$", re.M)


def unwrapped(text: str) -> str:
    """The text without fences, emphasis, heading marks, an introductory remark, wrapped lines."""
    text = _RULE.sub("", _FENCE.sub("", text)).strip()
    text = _HEADING.sub("", _EMPHASIS.sub(r"\2", text))
    remark = _REMARK.match(text)
    if remark and not re.search(r"[\[\]]", remark[0]):
        text = text[remark.end() :]
    text = re.sub(r"\n{3,}", "\n\n", text).strip()
    return _WRAP.sub(r"\1 ", text)


def loops(text: str) -> bool:
    """Whether most sentences of a template repeat others."""
    sentences = [found for found in _LONG_SENTENCE.findall(text.casefold()) if found.count(" ") > 3]
    return len(sentences) > 2 * len(set(sentences))
