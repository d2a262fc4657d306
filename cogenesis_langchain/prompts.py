"""Every prompt text of the library, with the fields it may contain."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, final

_FIELD: Final = re.compile(r"\{([a-z_]+)\}")


class _Template:
    """A fixed text with named fields, ``{like_this}``."""

    __slots__ = ("_fields", "_template")

    def __init__(self, template: str) -> None:
        self._template = template
        self._fields = frozenset(_FIELD.findall(template))

    def fill(self, fields: Mapping[str, str]) -> str:
        """Put a text in the place of each field; braces inside those texts stay as they are.

        Raises:
            ValueError: The names do not match the template's fields.
        """
        if fields.keys() != self._fields:
            raise ValueError(f"the template has the fields {sorted(self._fields)}")
        return _FIELD.sub(lambda match: fields[match.group(1)], self._template)


@final
class PublicTemplate(_Template):
    """A template whose filled text goes to the cloud model; `PublicText.compose` fills it."""


@final
class PrivateTemplate(_Template):
    """A template whose filled text goes to the local model alone."""
