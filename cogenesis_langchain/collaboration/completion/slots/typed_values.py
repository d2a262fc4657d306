"""Checks a value against the type that its description names: a telephone number, an address.

Copied words can still be of the wrong type: "my telephone number is 410", from "410 euros".
"""

from __future__ import annotations

import re
from typing import Final

from cogenesis_langchain.sketch.template import Slot

_TELEPHONE: Final = re.compile(
    r"\b(?:(?:tele)?phone|mobile) number\b|^(?:(?:my|your|the) )?(?:tele)?phone$", re.I
)
_MAIL: Final = re.compile(r"\be-?mail address\b", re.I)
_TYPES: Final = ((_TELEPHONE, re.compile(r"(?:\d\D?){5}")), (_MAIL, re.compile(r"@")))
"""For each type, the descriptions that ask for it, and a pattern that its values match."""


def is_of_its_type(text: str, slot: Slot) -> bool:
    """Whether a value can be what its description says; true for types that are not known."""
    known = (value for described, value in _TYPES if described.search(slot.description))
    return slot.kind != "value" or all(value.search(text) for value in known)
