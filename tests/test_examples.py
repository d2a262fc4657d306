from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from cogenesis_langchain.testing import EgressRecorder

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.py"))


@pytest.mark.real
@pytest.mark.usefixtures("small_models")
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs(
    path: Path, cloud_of_the_environment: EgressRecorder, capsys: pytest.CaptureFixture[str]
) -> None:
    runpy.run_path(str(path), run_name="__main__")
    assert len(capsys.readouterr().out.split()) > 40
    assert cloud_of_the_environment.requests
