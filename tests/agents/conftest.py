"""Every test of agents begins without mails, and none may delete anything."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.planned_agent import (
    DELETED,
    MAILS,
)


@pytest.fixture(autouse=True)
def nothing_was_deleted() -> Iterator[None]:
    MAILS.clear()
    DELETED.clear()
    yield
    assert not DELETED, "a tool was called that the plan does not hold"
