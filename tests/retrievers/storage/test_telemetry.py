"""onnxruntime sends telemetry unless a variable is set before it is first imported."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

DISABLE = (
    "from cogenesis_langchain.models.onnx.session import disable_telemetry\n"
    "disable_telemetry()\n"
    "import os; assert os.environ['ORT_DISABLE_TELEMETRY'] == '1'\n"
)


@pytest.mark.parametrize(
    ("imported", "variable", "warned"),
    [(True, "", True), (True, "1", False), (False, "", False)],
)
def test_an_earlier_import_of_onnxruntime_causes_a_warning(
    imported: bool, variable: str, warned: bool
) -> None:
    environment = {**os.environ, "ORT_DISABLE_TELEMETRY": variable}
    # A stand-in for the module: the real one must not be imported with its telemetry on.
    before = "import sys, types; sys.modules['onnxruntime'] = types.ModuleType('onnxruntime')\n"
    result = subprocess.run(
        [sys.executable, "-c", (before if imported else "") + DISABLE],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ("RuntimeWarning" in result.stderr) == warned
    assert ("set ORT_DISABLE_TELEMETRY=1" in result.stderr) == warned
