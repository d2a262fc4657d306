"""Eval sets of Inspect that continue where they stopped, in a folder that one process holds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout
from inspect_ai import Task, eval_set
from inspect_ai.log import read_eval_log_sample_summaries

from experiments.errors import ExperimentError, RunDiffers, RunStopped
from experiments.results import newest_logs
from experiments.tasks import Conditions

_SHOWN: Final = 5


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a folder for one process.

    Raises:
        ExperimentError: It cannot be written, or another process holds it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock", timeout=0)
        lock.acquire()
    except Timeout:
        raise ExperimentError(
            f"another process writes into {folder}", remedy="wait for it, or stop it"
        ) from None
    except OSError as error:
        raise ExperimentError(
            f"the folder {folder} cannot be written: {error.strerror or error}",
            remedy="choose another folder, or make it writable",
        ) from None
    try:
        yield
    finally:
        lock.release()


def evaluate(tasks: list[Task], logs: str, conditions: Conditions, *, at_once: int) -> None:
    """Run the samples of tasks that are missing or failed before.

    Args:
        tasks: Run one after the other.
        logs: Folder of their logs.
        conditions: The argument of each task.
        at_once: Number of samples that run at the same time.

    Raises:
        RunDiffers: The folder holds logs that were made under other conditions.
        RunStopped: A sample failed, or Ctrl-C was pressed.
    """
    _require_same(logs, conditions)
    success, made = eval_set(
        tasks,
        log_dir=logs,
        model=None,
        max_tasks=1,
        max_samples=at_once,
        retry_attempts=0,
        retry_immediate=False,
        fail_on_error=True,
        continue_on_fail=True,
        score_on_error=True,
        log_buffer=1,  # each finished sample is written before the next begins
        log_realtime=False,  # would keep private texts outside of the folder
        ctl_server=False,
    )
    if len(made) < len(tasks):  # Inspect reports an interrupted eval set as a success without logs
        raise RunStopped(
            "the run was interrupted", remedy="start it again: it continues where it stopped"
        )
    if not success:
        summaries = (one for log in made for one in read_eval_log_sample_summaries(log.location))
        errors = [summary.error for summary in summaries if summary.error]
        # A sample that was merely cancelled because the task failed does not know the cause.
        causes = [log.error.message for log in made if log.error] + errors
        raise RunStopped(
            f"{len(errors)} samples failed; the cause: {causes[0] if causes else 'no message'}",
            remedy="fix the cause, then start the run again: it continues where it stopped",
        )


def _require_same(logs: str, conditions: Conditions) -> None:
    """Refuse to continue with logs that were made under other conditions."""
    now = dict(_flat(json.loads(json.dumps(conditions))))
    for log in newest_logs(logs):
        before = dict(_flat(log.eval.task_args["conditions"]))
        differing = [
            f"{key} (was {before.get(key, 'absent')}, is {now.get(key, 'absent')})"
            for key in sorted(before.keys() | now.keys())
            if before.get(key) != now.get(key)
        ]
        if differing:
            more = f" and {len(differing) - _SHOWN} more" if len(differing) > _SHOWN else ""
            raise RunDiffers(
                f"{logs} holds results that differ in {'; '.join(differing[:_SHOWN])}{more}",
                remedy="give another folder, or the configuration that the run began with",
            )


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
