from __future__ import annotations

from collections.abc import Iterator

import pytest

from cogenesis_langchain.testing import EgressRecorder


@pytest.fixture
def egress() -> Iterator[EgressRecorder]:
    with EgressRecorder() as recorder:
        yield recorder
