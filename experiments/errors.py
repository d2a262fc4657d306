"""Errors of the experiments; they belong to the library's tree and print in the same way."""

from __future__ import annotations

from cogenesis_langchain.errors import CoGenesisError


class DatasetError(CoGenesisError):
    """A data set cannot be read, or its records make no sense."""


class ExperimentError(CoGenesisError):
    """An experiment cannot go on, or its results make no sense."""


class ExperimentConfigInvalid(ExperimentError):
    """The configuration of an experiment is wrong."""


class RunDiffers(ExperimentError):
    """The folder holds a run with another configuration, other models or other records."""


class RunStopped(ExperimentError):
    """Texts failed; what was written is kept and the run can be resumed."""
