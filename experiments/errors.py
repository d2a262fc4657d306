"""Errors of the experiments, part of the library's tree."""

from __future__ import annotations

from typing import Final

from pydantic import ValidationError

from cogenesis_langchain.errors import CoGenesisError

_SHOWN: Final = 5


class DatasetError(CoGenesisError):
    """A data set cannot be read, or its records are inconsistent."""


class ExperimentError(CoGenesisError):
    """An experiment cannot continue, or its results are inconsistent."""


class ExperimentConfigInvalid(ExperimentError):
    """The configuration of an experiment is invalid."""


class RunDiffers(ExperimentError):
    """The folder holds a run with another configuration, other models or other records."""


class RunStopped(ExperimentError):
    """Some texts failed. The others are kept, and the run can be resumed."""


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
