"""Whether a text contains a surface form: the one notion of "occurs" for checks and metrics."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_TYPOGRAPHY: Final = str.maketrans(
    {"‘": "'", "’": "'", "“": '"', "”": '"', "‐": "-", "‑": "-", "–": "-", "—": "-", "\u00ad": None}
)


def _plain(text: str) -> str:
    """Fold case, accents, compatibility forms, quotation marks, dashes and runs of white space."""
    apart = unicodedata.normalize("NFKD", text.translate(_TYPOGRAPHY))
    letters = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return " ".join(letters.casefold().split())


def occurs(form: str, text: str) -> bool:
    """Tell whether a form occurs in a text as whole words; a blank form never does.

    "9 May" is not in "29 May", "£12" is not in "£12.50" and "Ann" is not in "Anna".
    """
    wanted = _plain(form)
    if not wanted:
        return False
    before = r"(?<!\w)(?<!\d[.,])" if wanted[0].isalnum() else ""
    after = r"(?!\w)(?![.,]\d)" if wanted[-1].isalnum() else ""
    return re.search(before + re.escape(wanted) + after, _plain(text)) is not None
