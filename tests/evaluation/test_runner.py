from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from small_evaluation import SECRETS, config, models, write_records

from cogenesis_langchain.errors import (
    DatasetError,
    EvaluationConfigInvalid,
    ResultsUnusable,
    RunDiffers,
    RunStopped,
)
from cogenesis_langchain.evaluation import environment
from cogenesis_langchain.evaluation.run_folder import RunFolder
from cogenesis_langchain.evaluation.runner import load, write_texts
from cogenesis_langchain.evaluation.setting import CLOUD
from cogenesis_langchain.testing.behaviours import chat, status

DEVELOPMENT = Path(__file__).parents[1] / "data" / "evaluation" / "development.jsonl"
WORKER = Path(__file__).parents[1] / "evaluation_worker.py"


@pytest.fixture(autouse=True)
def _no_model_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "_model_hash", lambda name: "0" * 64)


@pytest.fixture
def records(tmp_path: Path) -> Path:
    return write_records(tmp_path / "records.jsonl", 2)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "run")


def quiet(done: int, total: int, last: str) -> None:
    """Tell nobody."""


def told(folder: RunFolder) -> dict[tuple[str, ...], tuple[object, ...]]:
    """What an attempt is, without the time it took."""
    return {
        line.key: (line.text, line.sketch, line.rung, line.traffic, line.failure)
        for line in folder.attempts.lines()
    }


def test_every_record_setting_and_seed_gets_its_text(records: Path, folder: RunFolder) -> None:
    with models() as (opened, _):
        write_texts(config(records, seeds=[1, 2]), opened, folder, quiet)
    lines = folder.attempts.lines()
    assert len(lines) == 2 * 4 * 2
    assert not [line.failure for line in lines if line.failure]
    by_setting = {line.setting: line for line in lines}
    assert by_setting["local alone"].traffic.calls == 0
    assert by_setting["local alone"].rung == "local"
    assert by_setting["sketch-fill"].rung == "sketch"
    assert len(by_setting["sketch-fill"].sketch) == 8
    assert by_setting["sketch-fill"].traffic.input_tokens == 10
    assert by_setting["sketch-fill"].local_output_tokens == 5
    assert by_setting["full content"].sketch[0] == "1. Greet the reader"
    assert by_setting["cloud without context"].text.startswith("1. Greet the reader")
    seeds = {line.text for line in lines if line.setting == "local alone" and line.record == "r1"}
    assert len(seeds) == 2, "the seed must reach the model"


def test_no_setting_but_those_that_show_the_context_sends_private_strings(
    records: Path, folder: RunFolder
) -> None:
    settings = ["sketch-fill", "full content", "cloud without context", "cloud with context"]
    with models() as (opened, recorder):
        write_texts(config(records, settings=settings, limit=1), opened, folder, quiet)
        sent = recorder.received.decode()
    found = {line.setting: line.traffic.private_strings for line in folder.attempts.lines()}
    assert found.pop("cloud with context") == len(SECRETS), "the control must leak"
    assert set(found.values()) == {0}
    assert SECRETS[0] in sent


def test_of_the_projects_records_the_upper_bound_shows_all_and_a_sketch_nothing(
    folder: RunFolder,
) -> None:
    settings = ["sketch-fill", "cloud with context"]
    chosen = config(DEVELOPMENT, settings=settings, limit=8)
    with models() as (opened, _):
        write_texts(chosen, opened, folder, quiet)
    wanted = {record.id: len(record.private_strings) for record in load(chosen)}
    for line in folder.attempts.lines():
        shows = wanted[line.record] if line.setting == "cloud with context" else 0
        assert line.traffic.private_strings == shows


def test_texts_of_one_record_follow_each_other(records: Path, folder: RunFolder) -> None:
    with models() as (opened, _):
        write_texts(config(records, limits={"full content": 1}), opened, folder, quiet)
    order = [(line.record, line.setting) for line in folder.attempts.lines()]
    assert [record for record, _ in order] == ["r1"] * 4 + ["r2"] * 3
    assert ("r2", "full content") not in order


@pytest.mark.parametrize("after", [1, 6])
def test_a_run_that_was_interrupted_gives_the_same_attempts(
    records: Path, folder: RunFolder, tmp_path: Path, after: int
) -> None:
    def interrupt(done: int, total: int, last: str) -> None:
        if done == after:
            raise KeyboardInterrupt

    with models() as (opened, _):
        with pytest.raises(KeyboardInterrupt):
            write_texts(config(records), opened, folder, interrupt)
        kept = told(folder)
        assert len(kept) == after
        write_texts(config(records), opened, folder, quiet)
        whole = RunFolder(tmp_path / "whole")
        write_texts(config(records), opened, whole, quiet)
    assert told(folder) == told(whole)
    assert kept.items() <= told(folder).items()


@pytest.mark.parametrize("ended", [signal.SIGKILL, signal.SIGINT])
def test_a_process_that_is_ended_loses_at_most_the_text_in_progress(
    records: Path, folder: RunFolder, tmp_path: Path, ended: signal.Signals
) -> None:
    with models() as (opened, recorder):
        arguments = [str(folder.path), str(records), recorder.base_url, "0.4"]
        with subprocess.Popen(
            [sys.executable, str(WORKER), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as worker:
            assert worker.stdout is not None
            told_done = [int(worker.stdout.readline()) for _ in range(3)]
            worker.send_signal(ended)
            told_done += map(int, worker.stdout.read().split())
        assert worker.returncode != 0
        kept = told(folder)
        assert len(kept) in (told_done[-1], told_done[-1] + 1)
        assert len(kept) < 8, "it was ended too late to show anything"
        write_texts(config(records), opened, folder, quiet)
        whole = RunFolder(tmp_path / "whole")
        write_texts(config(records), opened, whole, quiet)
    assert told(folder) == told(whole)
    assert kept.items() <= told(whole).items()


def test_several_texts_at_a_time_give_the_same_attempts(
    records: Path, folder: RunFolder, tmp_path: Path
) -> None:
    with models() as (opened, _):
        write_texts(config(records), opened, folder, quiet)
        many = RunFolder(tmp_path / "many")
        write_texts(config(records, concurrency=4), opened, many, quiet)
    assert told(folder) == told(many)


def test_a_finished_run_writes_nothing_more(records: Path, folder: RunFolder) -> None:
    seen: list[tuple[int, int]] = []
    with models() as (opened, recorder):
        write_texts(config(records), opened, folder, quiet)
        before = folder.attempts.path.read_bytes()
        asked = len(recorder.requests)
        write_texts(
            config(records), opened, folder, lambda done, total, _: seen.append((done, total))
        )
        assert len(recorder.requests) == asked
    assert folder.attempts.path.read_bytes() == before
    assert seen == [(8, 8)]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"generation": {"max_tokens": 7}}, r"generation\.max_tokens \(was 300, is 7\)"),
        ({"seeds": [1, 2]}, r"seeds \(was \[1\], is \[1, 2\]\)"),
        ({"limit": 1}, r"limit \(was absent, is 1\)"),
    ],
)
def test_another_configuration_in_the_same_folder_is_refused(
    records: Path, folder: RunFolder, changes: dict[str, object], named: str
) -> None:
    with models() as (opened, _):
        write_texts(config(records), opened, folder, quiet)
        with pytest.raises(RunDiffers, match=named):
            write_texts(config(records, **changes), opened, folder, quiet)


def test_what_changes_no_text_may_change(records: Path, folder: RunFolder) -> None:
    with models() as (opened, _):
        write_texts(config(records), opened, folder, quiet)
        prices = {"input": 0.4, "output": 1.6}
        write_texts(config(records, prices=prices, concurrency=2), opened, folder, quiet)
    assert folder.config.prices is not None


def test_a_judge_may_come_later_but_not_be_exchanged(records: Path, folder: RunFolder) -> None:
    with models() as (opened, _):
        write_texts(config(records), opened, folder, quiet)
        write_texts(config(records, judge={"model": "one"}), opened, folder, quiet)
        write_texts(config(records, judge={"model": "one"}), opened, folder, quiet)
        with pytest.raises(RunDiffers, match=r"judge\.model \(was one, is two\)"):
            write_texts(config(records, judge={"model": "two"}), opened, folder, quiet)


def test_changed_records_are_refused(records: Path, folder: RunFolder) -> None:
    with models() as (opened, _):
        write_texts(config(records), opened, folder, quiet)
        write_records(records, 1)
        with pytest.raises(RunDiffers, match=r"records\."):
            write_texts(config(records), opened, folder, quiet)


def test_an_endpoint_that_dies_half_way_stops_the_run_and_loses_nothing(
    records: Path, folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cogenesis_langchain.models.cloud.chat._FIRST_PAUSE", 0.001)
    quick = config(records, max_failures=3, seeds=[1, 2])
    with models(chat(), chat(), status(503)) as (opened, recorder):
        with pytest.raises(RunStopped, match="3 texts failed, the last with Cloud"):
            write_texts(quick, opened, folder, quiet)
        failed = [line for line in folder.attempts.lines() if line.failure]
        assert len(failed) == 3
        assert all(not line.text for line in failed), "a lower rung is no text of the setting"
        assert not any(secret in line.failure for line in failed for secret in SECRETS)
        recorder.play(chat())
        write_texts(quick, opened, folder, quiet)
    lines = folder.attempts.lines()
    assert len(lines) == 16
    assert not any(line.failure for line in lines)


def test_a_sketch_of_no_use_is_not_a_failure_of_the_endpoint(
    records: Path, folder: RunFolder
) -> None:
    prose = chat("Dear landlord, the oven is broken and I am writing to tell you so.")
    with models(prose) as (opened, _):
        write_texts(config(records, settings=["sketch-fill"], limit=1), opened, folder, quiet)
    assert {line.rung for line in folder.attempts.lines()} == {"local"}
    assert all(line.text for line in folder.attempts.lines())


def test_whatever_a_users_setting_raises_is_a_failure_without_private_text(
    records: Path, folder: RunFolder
) -> None:
    settings = ["own_settings:break_down", "own_settings:tell_model"]
    with models() as (opened, _):
        write_texts(config(records, settings=settings), opened, folder, quiet)
    found = {line.setting: (line.text, line.failure) for line in folder.attempts.lines()}
    assert found == {"broken": ("", "ValueError"), "my own": ("r2 by recorded", "")}


def test_two_settings_of_one_name_are_refused(records: Path, folder: RunFolder) -> None:
    sketchers = [{"name": "small"}, {"name": "small"}]
    twice = config(records, settings=["other sketches"], sketchers=sketchers)
    with models() as (opened, _):
        opened = replace(opened, remote={**opened.remote, "small": opened.remote[CLOUD]})
        with pytest.raises(EvaluationConfigInvalid, match="several are called sketch by small"):
            write_texts(twice, opened, folder, quiet)


def test_an_empty_set_of_records_is_a_clear_error(tmp_path: Path, folder: RunFolder) -> None:
    (tmp_path / "none.jsonl").write_text("\n")
    with models() as (opened, _), pytest.raises(DatasetError, match="holds no records"):
        write_texts(config(tmp_path / "none.jsonl"), opened, folder, quiet)


def test_a_record_with_a_missing_field_is_a_clear_error(tmp_path: Path, folder: RunFolder) -> None:
    (tmp_path / "bad.jsonl").write_text('{"id": "r1"}\n')
    with models() as (opened, _), pytest.raises(DatasetError, match=r"line 1: .*instruction"):
        write_texts(config(tmp_path / "bad.jsonl"), opened, folder, quiet)


def test_a_folder_that_cannot_be_made_is_a_clear_error(records: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with (
        pytest.raises(ResultsUnusable, match="cannot be written"),
        RunFolder(tmp_path / "file" / "run").held(),
    ):
        pass


def test_a_folder_belongs_to_one_process_at_a_time(folder: RunFolder) -> None:
    with folder.held(), pytest.raises(ResultsUnusable, match="another process"), folder.held():
        pass


def test_a_damaged_journal_stops_the_run(records: Path, folder: RunFolder) -> None:
    with models() as (opened, _):
        write_texts(config(records), opened, folder, quiet)
        path = folder.attempts.path
        path.write_bytes(path.read_bytes().replace(b'"setting"', b'"getting"', 1))
        with pytest.raises(ResultsUnusable, match="line 1"):
            write_texts(config(records), opened, folder, quiet)
