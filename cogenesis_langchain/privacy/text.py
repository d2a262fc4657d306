"""The two kinds of text: what may leave the machine, and what may not.

``PublicText`` is the only thing the network side of the library accepts, and only the border
(`privacy/border.py`) can make one from a user's words. ``PrivateText`` never prints its content.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from typing import Final, NoReturn, final

from cogenesis_langchain.prompts import PublicTemplate

_SALT: Final = secrets.token_bytes(16)


@final
class PrivateText:
    """Text that stays on this machine.

    Printing, formatting or logging one shows its length and a digest that is salted for each
    process, so that equal texts can be told apart from unequal ones in a log and nothing more.
    It does not pickle.

    Args:
        text: The text to hold. Read it with `reveal`.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text. The caller answers for where it goes."""
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
        raise TypeError("PrivateText does not pickle: it stays in this process")


class _Seal:
    """Held by the border alone; without it no `PublicText` comes into being."""

    __slots__ = ()


BORDER_SEAL: Final = _Seal()


@final
class PublicText:
    """Text that may leave the machine.

    Made by `Border.release` from text that passed the guard, or by `compose` from a fixed template
    and other public texts. Nothing else can make one.

    Args:
        text: The text.
        seal: The border's seal.

    Raises:
        TypeError: Someone other than the border tried.
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
            The filled template. Braces inside the fields stay as they are.

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
