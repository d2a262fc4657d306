"""Refuses parameters that would have no effect."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final

from cogenesis_langchain.errors import ConfigurationError

_NOWHERE: Final[Mapping[str, str]] = MappingProxyType({})


def refuse_unknown(
    given: Iterable[str],
    known: Collection[str],
    where: str,
    *,
    elsewhere: Mapping[str, str] = _NOWHERE,
) -> None:
    """Refuse parameters that would have no effect.

    Args:
        given: Names of the parameters.
        known: Names that have an effect.
        where: What they were given to, for the error.
        elsewhere: Remedies for names that belong to something else.

    Raises:
        ConfigurationError: One of them is unknown; the remedy names what was probably meant.
    """
    for name in given:
        if name in known:
            continue
        if name in elsewhere:
            remedy = elsewhere[name]
        elif near := get_close_matches(name, known, n=1):
            remedy = f"did you mean {near[0]!r}?"
        else:
            remedy = f"known are {', '.join(sorted(known))}"
        raise ConfigurationError(f"{where} has no parameter {name!r}", remedy=remedy)
