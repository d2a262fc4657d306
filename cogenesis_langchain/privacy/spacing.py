"""Text whose letters are spaced out, or whose words stand far apart, as it would usually be set."""

from __future__ import annotations

import re
from typing import Final

_SPACED: Final = re.compile(
    r"(?<!\S)[*_(\"'“”‘]*\S(?P<gap>\s{1,9})\S(?:(?P=gap)\S)+[*_).,;:!?\"'“”’]*(?!\S)"
)
_NO_WIDTH: Final = "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]+"
_INVISIBLE: Final = re.compile(rf"(?<=\s){_NO_WIDTH}\s|{_NO_WIDTH}")
_BLANKS: Final = re.compile(r"[^\S\n]+")


def usual_spacing(text: str) -> str:
    """Join single characters that stand in a row, and let one blank stand for many.

    Characters without any width or look are left out.

    Example:
        >>> usual_spacing("on  1 3 / 0 1 / 1 9 5 0,  to  Q u i s t!")
        'on 13/01/1950, to Quist!'
    """
    shown = _INVISIBLE.sub("", text)
    joined = _SPACED.sub(lambda run: run[0].replace(run["gap"], ""), shown)
    return _BLANKS.sub(" ", joined)
