"""Words for what a validation found wrong, without the input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pydantic import ValidationError

_SHOWN: Final = 5


def described(error: ValidationError, *, private: bool) -> str:
    """Describe the first problems of a validation by place and kind, without the input.

    Unknown names are part of the input; they are not repeated if it is private.
    """
    problems = []
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        place, message = problem["loc"], problem["msg"].removeprefix("Value error, ")
        if private and problem["type"] == "extra_forbidden":
            place, message = place[:-1], "an unknown field"
        name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
        problems.append(f"{name.lstrip('.')}: {message}" if name else message)
    more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
    return "; ".join(problems[:_SHOWN]) + more
