"""Checks a value against the type that its description names: a telephone number, an address.

Copied words can still be of the wrong type: "my telephone number is 410", from "410 euros".
"""

from __future__ import annotations

import re
from typing import Final

_TYPES: Final = (
    (
        re.compile(r"\b(?:tele)?phone\b|\bmobile (?:phone|number)\b", re.I),
        re.compile(r"(?:\d\D?){5}"),
    ),
    (re.compile(r"\be-?mail address\b", re.I), re.compile(r"@")),
)
"""What a description says, and what such a value holds."""


def is_of_its_type(text: str, description: str) -> bool:
    """Whether a value can be what its description says; true for types that are not known."""
    return all(value.search(text) for described, value in _TYPES if described.search(description))
