from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _no_search_for_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Inspect looks for the package of each task in all that are installed, a second each time."""
    monkeypatch.setattr("inspect_ai._eval.task.log.get_distribution_for_object", lambda _: None)
