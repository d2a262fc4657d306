"""Words of the special categories of personal data, in ten languages.

The categories are those of articles 9 and 10 of the GDPR: health, beliefs, politics, sexuality and
offences; and family and money. `tools/sensitive_words.py` makes the list.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def _sensitive_words() -> frozenset[str]:
    words = files(__package__) / "sensitive_words.txt"
    return frozenset(words.read_text(encoding="utf-8").split())


def is_sensitive(word: str) -> bool:
    """Return whether a word belongs to a special category: "custody", "gepfändet", "lesbica"."""
    return word.lower() in _sensitive_words()
