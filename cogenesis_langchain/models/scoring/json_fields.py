"""Strict readers of servers' JSON: the expected field, or `CloudAnswerInvalid`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from cogenesis_langchain.errors import CloudAnswerInvalid
from cogenesis_langchain.models.base import Json
from cogenesis_langchain.models.scoring.scores import StringTopK, TopK


def invalid(what: str) -> CloudAnswerInvalid:
    """Return the error of an answer that cannot be used; ``what`` repeats nothing of it."""
    return CloudAnswerInvalid(
        what, remedy="check the server's version and that its model serves completions"
    )


def optional(value: Json, *names: str) -> Json:
    """Value under nested names; None where one is missing."""
    for name in names:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def field(value: Json, name: str) -> Json:
    """Value under a name that must be there."""
    if not isinstance(value, Mapping) or name not in value:
        raise invalid(f"the answer has no {name!r}")
    return value[name]


def mapping(value: Json) -> Mapping[str, Json]:
    """An object of log-probabilities."""
    if not isinstance(value, Mapping):
        raise invalid("the answer has no log-probabilities at a position")
    return value


def items(value: Json) -> Sequence[Json]:
    """A list."""
    if not isinstance(value, list):
        raise invalid("the answer lacks a list of log-probabilities")
    return cast("Sequence[Json]", value)


def item(value: Json, index: int) -> Json:
    """Entry of a list that must be that long."""
    entries = items(value)
    if not 0 <= index < len(entries):
        raise invalid("the answer is shorter than what was asked for")
    return entries[index]


def text(value: Json) -> str:
    """A string."""
    if not isinstance(value, str):
        raise invalid("the answer holds no text")
    return value


def number(value: Json) -> float:
    """A number; JSON's true and false are none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise invalid("the answer has another value where a number belongs")
    return float(value)


def token_id(value: Json) -> int:
    """A whole number: a token id, a byte, an offset."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise invalid("the answer has another value where a token id belongs")
    return value


def token_ids(value: Json) -> list[int] | None:
    """Token ids; None if it is anything else."""
    if not isinstance(value, list) or not all(isinstance(entry, int) for entry in value):
        return None
    return value


def ranked(pairs: Iterable[tuple[int, float]], k: int | None = None) -> TopK:
    """The k best of (id, log-probability), most probable first, equal ones by id."""
    import numpy as np

    best = sorted(set(pairs), key=lambda pair: (-pair[1], pair[0]))[:k]
    if not best:
        raise invalid("a position has no log-probabilities")
    ids, logprobs = zip(*best, strict=True)
    return TopK(np.array(ids, dtype=np.int64), np.array(logprobs, dtype=np.float64))


def strings(pairs: Iterable[tuple[bytes | None, float]]) -> StringTopK:
    """Strings with their log-probabilities; None marks the end of the turn."""
    import numpy as np

    entries = list(pairs)
    ends = [logprob for string, logprob in entries if string is None]
    others = [(string, logprob) for string, logprob in entries if string is not None]
    return StringTopK(
        tuple(string for string, _ in others),
        np.array([logprob for _, logprob in others], dtype=np.float64),
        float(np.logaddexp.reduce(ends)) if ends else None,
    )
