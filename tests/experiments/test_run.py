from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from support.small_experiment import SECRETS, config, models, write_all, write_records, written

from cogenesis_langchain.errors import DatasetError
from cogenesis_langchain.testing.behaviours import OUTLINE, chat, status
from experiments.errors import (
    ExperimentConfigInvalid,
    ExperimentError,
    RunDiffers,
    RunStopped,
)
from experiments.eval_sets import held
from experiments.models import CLOUD
from experiments.results import read_results
from experiments.run import load

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
DEVELOPMENT = ROOT / "experiments" / "data" / "development.jsonl"
WORKER = ROOT / "tests" / "support" / "experiment_worker.py"


pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSPECT_DISPLAY", "none")


@pytest.fixture
def records(tmp_path: Path) -> Path:
    return write_records(tmp_path / "records.jsonl", 2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "run"


def told(folder: Path) -> dict[tuple[str, str, int], tuple[object, ...]]:
    """What an attempt is, without the time it took."""
    found: dict[tuple[str, str, int], tuple[object, ...]] = {}
    for text in written(folder):
        key = (text.setting, text.record.id, text.epoch)
        assert key not in found
        one = text.attempt
        found[key] = (one.text, one.sketch, one.rung, one.traffic, one.failure)
    return found


def test_every_record_setting_and_seed_gets_its_text(records: Path, folder: Path) -> None:
    with models() as (opened, _):
        write_all(config(records, seeds=[1, 2]), opened, folder)
    texts = written(folder)
    assert len(told(folder)) == 2 * 4 * 2
    assert not [text.attempt.failure for text in texts if text.attempt.failure]
    by_setting = {text.setting: text.attempt for text in texts}
    assert list(by_setting) == list(read_results(folder).settings) == list(config(records).settings)
    assert by_setting["local alone"].traffic.calls == 0
    assert by_setting["local alone"].rung == "local"
    assert by_setting["sketch-fill"].rung == "outline"
    assert len(by_setting["sketch-fill"].sketch) == 8
    assert by_setting["sketch-fill"].sketch[0] == "Greet the reader"
    assert by_setting["sketch-fill"].traffic.input_tokens == 10
    assert by_setting["sketch-fill"].local_output_tokens == 5
    assert by_setting["full content"].sketch[0] == "1. Greet the reader"
    assert by_setting["cloud without context"].text.startswith("1. Greet the reader")
    seeds = {
        text.attempt.text
        for text in texts
        if text.setting == "local alone" and text.record.id == "r1"
    }
    assert len(seeds) == 2, "the seed must reach the model"


def test_every_text_is_scored(records: Path, folder: Path) -> None:
    with models() as (opened, _):
        write_all(config(records, settings=["local alone", "sketch-fill"]), opened, folder)
    for text in written(folder):
        assert text.scores["required facts"] == 0.0
        assert text.scores["failed"] == 0.0
        assert text.scores["cloud calls"] == text.attempt.traffic.calls
        assert ("outline covered" in text.scores) == (text.setting == "sketch-fill")


def test_no_setting_but_those_that_show_the_context_sends_private_strings(
    records: Path, folder: Path
) -> None:
    settings = ["sketch-fill", "full content", "cloud without context", "cloud with context"]
    with models() as (opened, recorder):
        write_all(config(records, settings=settings, limit=1), opened, folder)
        sent = recorder.received.decode()
    found = {text.setting: text.attempt.traffic.private_strings for text in written(folder)}
    assert found.pop("cloud with context") == len(SECRETS), "the control must leak"
    assert set(found.values()) == {0}
    assert SECRETS[0] in sent


def test_of_the_projects_records_the_upper_bound_shows_all_and_a_sketch_nothing(
    folder: Path,
) -> None:
    chosen = config(DEVELOPMENT, settings=["sketch-fill", "cloud with context"], limit=8)
    with models() as (opened, _):
        write_all(chosen, opened, folder)
    wanted = {record.id: len(record.private_strings) for record in load(chosen)}
    for text in written(folder):
        shows = wanted[text.record.id] if text.setting == "cloud with context" else 0
        assert text.attempt.traffic.private_strings == shows


def test_a_setting_may_write_for_fewer_records(records: Path, folder: Path) -> None:
    with models() as (opened, _):
        write_all(config(records, limits={"full content": 1}), opened, folder)
    full = [text.record.id for text in written(folder) if text.setting == "full content"]
    assert full == ["r1"]
    assert len(written(folder)) == 7


@pytest.mark.parametrize("ended", [signal.SIGKILL, signal.SIGINT])
def test_a_process_that_is_ended_loses_at_most_the_text_in_progress(
    records: Path, folder: Path, tmp_path: Path, ended: signal.Signals
) -> None:
    with models() as (opened, recorder):
        arguments = [str(folder), str(records), recorder.base_url, "1"]
        with subprocess.Popen(
            [sys.executable, str(WORKER), *arguments],
            env={"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "PATH": "/usr/bin"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as worker:
            assert worker.stdout is not None
            for _ in range(4):
                worker.stdout.readline()
            worker.send_signal(ended)
        assert worker.returncode != 0
        after = told(folder)
        assert len(after) in (3, 4), "all but the fourth, which was in progress"
        asked = len(recorder.requests)
        write_all(config(records), opened, folder)
        assert len(recorder.requests) < asked + 6, "what was written is not written again"
        whole = tmp_path / "whole"
        write_all(config(records), opened, whole)
    assert told(folder) == told(whole)
    assert after.items() <= told(whole).items()


def test_several_texts_at_a_time_give_the_same_attempts(
    records: Path, folder: Path, tmp_path: Path
) -> None:
    with models() as (opened, _):
        write_all(config(records), opened, folder)
        many = tmp_path / "many"
        write_all(config(records, concurrency=4), opened, many)
    assert told(folder) == told(many)


def test_a_finished_run_writes_nothing_more(records: Path, folder: Path) -> None:
    with models() as (opened, recorder):
        write_all(config(records), opened, folder)
        before = _logs(folder)
        asked = len(recorder.requests)
        write_all(config(records), opened, folder)
        assert len(recorder.requests) == asked
    assert _logs(folder) == before


def _logs(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*.eval")}


def test_a_run_may_go_on_with_more_records_and_settings(records: Path, folder: Path) -> None:
    some = config(records, limit=1, settings=["sketch-fill"])
    more = config(records, settings=["local alone", "sketch-fill"])
    with models() as (opened, recorder):
        write_all(some, opened, folder)
        first = told(folder)
        write_all(more, opened, folder)
        assert len(recorder.requests) == 2
    assert first.items() <= told(folder).items()
    assert len(told(folder)) == 4
    assert list(read_results(folder).settings) == ["local alone", "sketch-fill"]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"generation": {"max_tokens": 7}}, r"generation\.max_tokens \(was 300, is 7\)"),
        ({"seeds": [1, 2]}, r"seeds \(was \[1\], is \[1, 2\]\)"),
        ({"local": {"threads": 1}}, r"local\.threads \(was None, is 1\)"),
    ],
)
def test_another_configuration_in_the_same_folder_is_refused(
    records: Path, folder: Path, changes: dict[str, object], named: str
) -> None:
    with models() as (opened, _):
        write_all(config(records, limit=1), opened, folder)
        with pytest.raises(RunDiffers, match=named):
            write_all(config(records, limit=1, **changes), opened, folder)


def test_what_changes_no_text_may_change(records: Path, folder: Path) -> None:
    with models() as (opened, recorder):
        write_all(config(records), opened, folder)
        asked = len(recorder.requests)
        prices = {"input": 0.4, "output": 1.6}
        write_all(config(records, prices=prices, concurrency=2), opened, folder)
        assert len(recorder.requests) == asked


def test_changed_records_are_refused(records: Path, folder: Path) -> None:
    with models() as (opened, _):
        write_all(config(records), opened, folder)
        write_records(records, 1)
        with pytest.raises(RunDiffers, match=r"records\."):
            write_all(config(records), opened, folder)


def test_an_endpoint_that_dies_half_way_stops_the_run_and_loses_nothing(
    records: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cogenesis_langchain.models.cloud.cloud_model._FIRST_PAUSE", 0.001)
    quick = config(records, max_failures=3, seeds=[1, 2])
    with models(chat(OUTLINE), chat(OUTLINE), status(503)) as (opened, recorder):
        with pytest.raises(RunStopped, match=r"samples failed; the cause: .*Cloud"):
            write_all(quick, opened, folder)
        failures = [text.attempt.failure for text in written(folder) if text.attempt.failure]
        assert len([one for one in failures if one.startswith("Cloud")]) == 3
        assert {one for one in failures if not one.startswith("Cloud")} == {
            "not begun: 3 texts had failed"
        }
        failed = [text for text in written(folder) if text.attempt.failure]
        assert all(not text.attempt.text for text in failed), "a lower rung is no text of it"
        assert all("required facts" not in text.scores for text in failed)
        assert {text.scores["failed"] for text in failed} == {1.0}
        assert not any(secret in one for one in failures for secret in SECRETS)
        recorder.play(chat(OUTLINE))
        write_all(quick, opened, folder)
    assert len(told(folder)) == 16
    assert not any(text.attempt.failure for text in written(folder))


def test_a_sketch_of_no_use_is_not_a_failure_of_the_endpoint(records: Path, folder: Path) -> None:
    prose = chat("Dear landlord, the oven is broken and I am writing to tell you so.")
    with models(prose) as (opened, _):
        write_all(config(records, settings=["sketch-fill"], limit=1), opened, folder)
    (text,) = written(folder)
    assert text.attempt.rung == "local"
    assert text.attempt.text


def test_whatever_a_users_setting_raises_is_a_failure_without_private_text(
    records: Path, folder: Path
) -> None:
    settings = ["support.own_settings:break_down", "support.own_settings:tell_model"]
    with models() as (opened, _), pytest.raises(RunStopped, match="ValueError") as stopped:
        write_all(config(records, settings=settings), opened, folder)
    assert not any(secret in str(stopped.value) for secret in SECRETS)
    found = {text.setting: (text.attempt.text, text.attempt.failure) for text in written(folder)}
    assert found == {"broken": ("", "ValueError"), "my own": ("r2 by recorded", "")}


def test_two_settings_of_one_name_are_refused(records: Path, folder: Path) -> None:
    sketch_models = [{"name": "small"}, {"name": "small"}]
    twice = config(records, settings=["other sketches"], sketch_models=sketch_models)
    with models() as (opened, _):
        opened = replace(opened, remote={**opened.remote, "small": opened.remote[CLOUD]})
        with pytest.raises(ExperimentConfigInvalid, match="several are called sketch by small"):
            write_all(twice, opened, folder)


def test_an_empty_set_of_records_is_a_clear_error(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "none.jsonl").write_text("\n")
    with models() as (opened, _), pytest.raises(DatasetError, match="holds no records"):
        write_all(config(tmp_path / "none.jsonl"), opened, folder)


def test_a_record_with_a_missing_field_is_a_clear_error(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "bad.jsonl").write_text('{"id": "r1"}\n')
    with models() as (opened, _), pytest.raises(DatasetError, match=r"line 1: .*instruction"):
        write_all(config(tmp_path / "bad.jsonl"), opened, folder)


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with (
        pytest.raises(ExperimentError, match="cannot be written"),
        held(tmp_path / "file" / "run"),
    ):
        pass


def test_a_folder_belongs_to_one_process_at_a_time(folder: Path) -> None:
    with held(folder), pytest.raises(ExperimentError, match="another process"), held(folder):
        pass
