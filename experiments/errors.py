"""Errors of the experiments, part of the library's tree."""

from __future__ import annotations

from cogenesis_langchain.errors import CoGenesisError


class ExperimentError(CoGenesisError):
    """An experiment cannot continue, or its results are inconsistent."""


class ExperimentConfigInvalid(ExperimentError):
    """The configuration of an experiment is invalid."""


class RunDiffers(ExperimentError):
    """The folder holds a run with another configuration, other models or other records."""


class RunStopped(ExperimentError):
    """Some texts failed. The others are kept, and the run can be resumed."""
