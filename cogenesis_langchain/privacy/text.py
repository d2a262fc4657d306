"""Types for text that may leave the machine (`PublicText`) and text that may not (`PrivateText`).

Every function that reaches the network takes a `PublicText`, never a `str`. Only the border
(`privacy/border.py`) makes one from a user's text. A `PrivateText` never prints its content.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from typing import Final, NoReturn, final

from cogenesis_langchain.prompts import PublicTemplate

# A salt per process: the digests in a log cannot be matched with guessed texts later.
_SALT: Final = secrets.token_bytes(16)


@final
class PrivateText:
    """Text that must stay on this machine.

    `repr`, `str` and formatting show its length and a salted digest: enough to see in a log whether
    two texts are equal, and nothing more. It cannot be pickled or copied.

    Args:
        text: The private text. Read it with `reveal`. A lone surrogate, half of a character that
            no encoding can write, becomes a question mark.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text.encode("utf-8", "replace").decode("utf-8")

    def reveal(self) -> str:
        """Return the text. The caller is responsible for where it goes."""
        return self._text

    def __len__(self) -> int:
        return len(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PrivateText) and self._text == other._text

    def __hash__(self) -> int:
        return hash((PrivateText, self._text))

    def __repr__(self) -> str:
        digest = hashlib.blake2b(self._text.encode(), digest_size=4, salt=_SALT).hexdigest()
        return f"PrivateText({len(self._text)} characters, {digest})"

    __str__ = __repr__

    def __format__(self, format_spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> NoReturn:
        raise TypeError("PrivateText cannot be pickled: it must stay in this process")


class _Seal:
    """A token without which no `PublicText` can be made; only the border's modules use it."""

    __slots__ = ()


BORDER_SEAL: Final = _Seal()


@final
class PublicText:
    """Text that may leave the machine.

    Made by `Border.release` from a checked text, or by `compose` from a fixed template and other
    public texts.

    Args:
        text: The text.
        seal: `BORDER_SEAL`, which only the border's modules use.

    Raises:
        TypeError: The seal is not the border's.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str, *, seal: _Seal) -> None:
        if seal is not BORDER_SEAL:
            raise TypeError("only Border.release makes a PublicText")
        self._text = text

    @classmethod
    def compose(
        cls, template: PublicTemplate, fields: Mapping[str, PublicText] | None = None
    ) -> PublicText:
        """Fill a fixed template with public texts.

        Args:
            template: A constant of `cogenesis_langchain.prompts`.
            fields: One public text for each field of the template.

        Returns:
            The filled template. Braces inside the fields are kept.

        Raises:
            ValueError: The names do not match the template's fields.
        """
        filled = template.fill({name: text._text for name, text in (fields or {}).items()})
        return cls(filled, seal=BORDER_SEAL)

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"PublicText({self._text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PublicText) and self._text == other._text

    def __hash__(self) -> int:
        return hash((PublicText, self._text))
