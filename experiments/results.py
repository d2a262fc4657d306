"""The results of a run, read from its Inspect logs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import Any, Final

from inspect_ai.log import EvalLog, EvalSample, list_eval_logs, read_eval_log
from inspect_ai.util import Store

from cogenesis_langchain.datasets.record import Record
from experiments.attempt import Attempt

TEXTS: Final = "texts"
LIKELIHOOD: Final = "likelihood"
JUDGE: Final = "judge"
AGENTS: Final = "agents"
SLOTS: Final = "slots"
"""Folders of the logs of a run, one for each step."""


def logs_of(run: Path, step: str) -> str:
    """The folder of the logs of a step."""
    return str(run / "logs" / step)


@dataclass(frozen=True, slots=True)
class WrittenText:
    """A text with its scores: metrics to values, without those that do not apply.

    Epochs count the seeds from 1.
    """

    setting: str
    record: Record
    epoch: int
    attempt: Attempt
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Results:
    """Everything in the logs of a run.

    Attributes:
        settings: Names of settings, in order, to the metadata of their task: part, shows, place.
        conditions: Models, records and parameters of the run.
        machine: Where it ran, and with which versions.
        texts: The texts.
        likelihoods: Samples of the reading of references.
        ratings: Samples of the judge's ratings.
        order_checks: Samples of the comparison in both orders.
        compared: The two settings that were compared in both orders, if any.
    """

    settings: Mapping[str, Mapping[str, Any]]
    conditions: Mapping[str, Any]
    machine: Mapping[str, str]
    texts: Sequence[WrittenText]
    likelihoods: Sequence[EvalSample]
    ratings: Sequence[EvalSample]
    order_checks: Sequence[EvalSample]
    compared: Sequence[str] = ()

    @property
    def records(self) -> list[Record]:
        """The records that have a text, each once."""
        return list({text.record.id: text.record for text in self.texts}.values())


def read_results(run: Path) -> Results:
    """Read the logs of a run, finished or not."""
    logs = sorted(read_logs(run, TEXTS), key=lambda log: _metadata(log)["place"])
    judged = {log.eval.task: log for log in read_logs(run, JUDGE)}
    ratings, order_check = judged.get("ratings"), judged.get("order check")
    return Results(
        settings={log.eval.task: _metadata(log) for log in logs},
        conditions=logs[0].eval.task_args["conditions"] if logs else {},
        machine=_metadata(logs[0])["machine"] if logs else {},
        texts=[_text(log.eval.task, sample) for log in logs for sample in log.samples or ()],
        likelihoods=[sample for log in read_logs(run, LIKELIHOOD) for sample in log.samples or ()],
        ratings=(ratings.samples or ()) if ratings else (),
        order_checks=(order_check.samples or ()) if order_check else (),
        compared=_metadata(order_check)["settings"] if order_check else (),
    )


def scores_of(sample: EvalSample) -> dict[str, float]:
    """The values of all scorers of a sample, without those that do not apply."""
    values: dict[str, Any] = {}
    for score in (sample.scores or {}).values():
        values |= score.value if isinstance(score.value, dict) else {}
    return {name: float(v) for name, v in values.items() if v is not None and not isnan(float(v))}


def newest_logs(folder: str) -> Iterator[EvalLog]:
    """The header of the newest log of each task, which includes what earlier logs did.

    Args:
        folder: Of the logs; it need not exist.
    """
    if Path(folder).is_dir():
        files = sorted(list_eval_logs(folder), key=lambda file: file.mtime or 0)
        headers = (read_eval_log(file, header_only=True) for file in files)
        yield from {log.eval.task_id: log for log in headers}.values()


def read_logs(run: Path, step: str) -> list[EvalLog]:
    """Read the newest log of each task of a step, with its samples."""
    headers = newest_logs(logs_of(run, step))
    return [read_eval_log(log.location, resolve_attachments=True) for log in headers]


def _metadata(log: EvalLog) -> dict[str, Any]:
    return log.eval.metadata or {}


def _text(setting: str, sample: EvalSample) -> WrittenText:
    record = Record.model_validate(sample.metadata["record"])
    attempt = Attempt.load(Store(sample.store))
    return WrittenText(setting, record, sample.epoch, attempt, scores_of(sample))
