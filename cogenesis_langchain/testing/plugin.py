"""A pytest plugin: ``pytest_plugins = ["cogenesis_langchain.testing.plugin"]`` in a conftest.

It is not registered as an entry point, so that only suites that ask for it load it.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cogenesis_langchain.testing.recorder import EgressRecorder


@pytest.fixture
def egress() -> Iterator[EgressRecorder]:
    """A recording server that answers chat completions with a usable outline."""
    with EgressRecorder() as recorder:
        yield recorder
