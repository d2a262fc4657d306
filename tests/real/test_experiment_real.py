"""A whole experiment with real models: the smallest one on both sides."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from support.small_experiment import write_records, written

from cogenesis_langchain.fusion.trace import Trace
from experiments.__main__ import main
from experiments.results import read_results

pytestmark = pytest.mark.real

SMALLEST = "smollm2-135m-instruct"

CONFIG = """
records = ["{records}"]
settings = ["local alone", "template", "cloud with context", "fused"]
operators = ["mean"]

[generation]
max_tokens = 24
temperature = 0

[cloud]
model = "{model}"

[local]
model = "{model}"
n_ctx = 1024

[likelihood]
tokens = 16
"""


def test_every_setting_writes_is_counted_and_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSPECT_DISPLAY", "none")
    monkeypatch.setattr("experiments.settings.setting._SKETCH_TOKENS", 96)  # it rambles
    records = write_records(tmp_path / "records.jsonl", 1)
    file, out = tmp_path / "experiment.toml", tmp_path / "results"
    file.write_text(CONFIG.format(records=records, model=SMALLEST))
    monkeypatch.setattr(sys, "argv", ["experiments", "run", str(file), "--out", str(out)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    found = {text.setting: text.attempt for text in written(out)}
    assert list(found) == [
        "local alone",
        "template",
        "cloud with context",
        "fused mean",
    ]
    assert all(attempt.text and not attempt.failure for attempt in found.values())
    assert found["cloud with context"].traffic.private_strings == 3
    assert found["cloud with context"].traffic.output_tokens > 0
    assert found["template"].traffic.private_strings == 0
    attempt = found["fused mean"]
    assert attempt.rung == "fused"
    assert attempt.traffic.calls > 1
    assert Trace.from_json(json.dumps(attempt.trace).encode()).text == attempt.text
    (read,) = read_results(out).likelihoods
    assert {"local alone", "cloud with context", "fused mean", "oracle"} <= read.store[
        "nats"
    ].keys()
    assert (out / "report.html").is_file()
