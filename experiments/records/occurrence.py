"""Whether a text says a given surface form, however it is set in type.

Shared by the validator and by every figure that counts facts or private strings, so that one
notion of "occurs" holds throughout.
"""

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
    """Tell whether `form` stands in `text` as whole words.

    A form does not count inside a longer word or number: "9 May" is not in "29 May", "£12" is not
    in "£12.50" and "Ann" is not in "Anna".

    Args:
        form: A surface form; blank ones occur nowhere.
        text: Where to look.
    """
    wanted = _plain(form)
    if not wanted:
        return False
    before = r"(?<!\w)(?<!\d[.,])" if wanted[0].isalnum() else ""
    after = r"(?!\w)(?![.,]\d)" if wanted[-1].isalnum() else ""
    return re.search(before + re.escape(wanted) + after, _plain(text)) is not None
