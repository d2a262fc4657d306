"""A whole evaluation with real models: the smallest one on both sides."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from small_evaluation import write_records

from cogenesis_langchain.cli import main
from cogenesis_langchain.evaluation.run_folder import RunFolder
from cogenesis_langchain.fusion.trace import Trace

pytestmark = pytest.mark.real

SMALLEST = "smollm2-135m-instruct"

CONFIG = """
records = ["{records}"]
settings = ["local alone", "sketch-fill", "other sketches", "cloud with context", "fused"]
operators = ["mean", "contrast"]

[generation]
max_tokens = 24
temperature = 0

[cloud]
model = "{model}"

[local]
model = "{model}"
n_ctx = 1024

[[sketchers]]
name = "another model"
model = "{model}"

[likelihood]
tokens = 16
"""


def test_every_setting_writes_is_counted_and_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = write_records(tmp_path / "records.jsonl", 1)
    file, out = tmp_path / "evaluation.toml", tmp_path / "results"
    file.write_text(CONFIG.format(records=records, model=SMALLEST))
    monkeypatch.setattr(sys, "argv", ["cogenesis", "evaluate", str(file), "--out", str(out)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    run = RunFolder(out)
    lines = {line.setting: line for line in run.attempts.lines()}
    assert list(lines) == [
        "local alone",
        "sketch-fill",
        "sketch by another model",
        "cloud with context",
        "fused mean",
        "fused contrast",
    ]
    assert all(line.text and not line.failure for line in lines.values())
    assert lines["cloud with context"].traffic.private_strings == 3
    assert lines["cloud with context"].traffic.output_tokens > 0
    assert lines["sketch-fill"].traffic.private_strings == 0
    for operator in ("mean", "contrast"):
        line = lines[f"fused {operator}"]
        assert line.rung == "fused"
        assert line.traffic.calls > 1
        trace = Trace.from_json(run.trace(line.setting).read_bytes())
        assert trace.text == line.text
    read = {line.setting for line in run.likelihoods.lines()}
    assert {"local alone", "cloud with context", "fused mean", "oracle"} <= read
    assert (out / "report.html").is_file()
