from __future__ import annotations

import pytest

_CELLS: pytest.StashKey[list[int]] = pytest.StashKey()
_GENERATED: pytest.StashKey[list[int]] = pytest.StashKey()


@pytest.fixture(scope="session")
def cells(request: pytest.FixtureRequest) -> list[int]:
    """Counts the matrix's cells, for the summary."""
    return request.config.stash.setdefault(_CELLS, [])


@pytest.fixture(scope="session")
def generated(request: pytest.FixtureRequest) -> list[int]:
    """Counts generated cases that leaked nothing, for the summary."""
    return request.config.stash.setdefault(_GENERATED, [])


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if _CELLS in config.stash:
        cells = config.stash[_CELLS]
        counted = sum(cells)
        terminalreporter.write_line(
            f"border matrix: {counted} cells, no leak; {counted} controls, all leaked"
        )
    if _GENERATED in config.stash:
        cases = config.stash[_GENERATED]
        sent = len([requests for requests in cases if requests])
        seed = config.getoption("--hypothesis-seed", None)
        terminalreporter.write_line(
            f"border cases: {len(cases)} generated, {sent} with a request, 0 leaks; seed {seed}"
        )
