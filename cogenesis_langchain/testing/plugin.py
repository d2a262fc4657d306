"""Pytest plugin with the fixture ``egress``.

Load it with ``pytest_plugins = ["cogenesis_langchain.testing.plugin"]`` in a ``conftest.py``. It is
not registered as an entry point, so that it does not load into unrelated test suites.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cogenesis_langchain.testing.recorder import EgressRecorder


@pytest.fixture
def egress() -> Iterator[EgressRecorder]:
    """Provide a running recorder that answers chat completions with a usable outline."""
    with EgressRecorder() as recorder:
        yield recorder
