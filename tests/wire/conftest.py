from __future__ import annotations

import pytest

_CELLS: pytest.StashKey[list[int]] = pytest.StashKey()


@pytest.fixture(scope="session")
def cells(request: pytest.FixtureRequest) -> list[int]:
    """Counts the matrix's cells, for the summary."""
    return request.config.stash.setdefault(_CELLS, [])


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if _CELLS in config.stash:
        cells = config.stash[_CELLS]
        counted = sum(cells)
        terminalreporter.write_line(
            f"border matrix: {counted} cells, nothing left; {counted} controls, all leaked"
        )
