"""Writing all texts of an evaluation: resumable, several at a time, each counted on the wire.

Texts of one record follow each other, so that models read its context once; the time for that is
part of the first text's, which must be known where times are compared. A text that failed is
noted as such and tried again by the next start; several in one start stop it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from typing import TypeAlias

from cogenesis_langchain.datasets.loaders import load_records
from cogenesis_langchain.datasets.record import Record
from cogenesis_langchain.datasets.validate import check
from cogenesis_langchain.errors import EvaluationConfigInvalid, RunStopped
from cogenesis_langchain.evaluation.config import EvaluationConfig
from cogenesis_langchain.evaluation.environment import Environment
from cogenesis_langchain.evaluation.journal import Journal
from cogenesis_langchain.evaluation.lane import Lane
from cogenesis_langchain.evaluation.models import Models
from cogenesis_langchain.evaluation.results import Attempt
from cogenesis_langchain.evaluation.run_folder import RunFolder
from cogenesis_langchain.evaluation.setting import Task
from cogenesis_langchain.evaluation.tap import Tap
from cogenesis_langchain.privacy.ledger.file import FileLedger

Progress: TypeAlias = Callable[[int, int, str], None]
"""Told how many texts are done, how many there are, and what was written last."""


@dataclass(frozen=True, slots=True)
class _Job:
    setting: str
    task: Task

    @property
    def key(self) -> tuple[str, ...]:
        return (self.task.record.id, self.setting, str(self.task.seed))


def load(config: EvaluationConfig) -> list[Record]:
    """Load the records of a configuration.

    Raises:
        DatasetError: A file cannot be read, or the records make no sense.
    """
    records = [record for path in config.records for record in load_records(path)]
    check(records)
    return records[: config.limit]


def write_texts(
    config: EvaluationConfig, models: Models, folder: RunFolder, progress: Progress
) -> None:
    """Write every text that the folder does not hold yet.

    Ctrl-C ends it after the texts in progress; everything written is kept.

    Args:
        config: The evaluation.
        models: What writes.
        folder: Where the results are.
        progress: Told of each text.

    Raises:
        DatasetError: The records cannot be read, or make no sense.
        EvaluationConfigInvalid: A setting cannot be made as configured.
        RunDiffers: The folder holds another run.
        ResultsUnusable: The folder cannot be written, or is damaged.
        RunStopped: Too many texts failed.
    """
    records = load(config)
    addresses = {name: remote.base_url for name, remote in models.remote.items()}
    ledger = FileLedger(folder.path / "ledger" / "egress.jsonl")
    numbers = count(1)
    reuse, patience = config.cloud.reuse_answers, config.cloud.timeout
    with folder.held(), Tap(addresses, reuse_answers=reuse, timeout=patience) as tap:

        def open_lane() -> Lane:
            name = f"lane-{next(numbers)}"
            return Lane(name, config, models, tap, ledger, folder.keep_trace)

        first = open_lane()
        settings = [one for made in first.settings.values() for one in made]
        _require_different([one.name for one in settings])
        ids = [record.id for record in records]
        folder.begin(config, Environment.of(config, settings, ids))
        jobs = list(_jobs(config, records, first))
        _Shift(jobs, folder.attempts, config.max_failures, progress).work(
            [first, *(open_lane() for _ in range(config.concurrency - 1))], open_lane
        )


def _require_different(names: Sequence[str]) -> None:
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise EvaluationConfigInvalid(
            f"settings: several are called {', '.join(twice)}", remedy="give each its own name"
        )


def _jobs(config: EvaluationConfig, records: Sequence[Record], lane: Lane) -> Iterator[_Job]:
    for number, record in enumerate(records):
        for seed in config.seeds:
            for configured, made in lane.settings.items():
                limit = config.limits.get(configured, len(records))
                for setting in made:
                    if number < config.limits.get(setting.name, limit):
                        yield _Job(setting.name, Task(record, seed))


class _Shift:
    """Does the jobs that are left, several at a time.

    Args:
        jobs: All jobs of the run.
        journal: What is done.
        max_failures: So many failures end the shift.
        progress: Told of each text.
    """

    def __init__(
        self, jobs: Sequence[_Job], journal: Journal[Attempt], max_failures: int, progress: Progress
    ) -> None:
        done = {line.key for line in journal.lines() if not line.failure}
        left = [job for job in jobs if job.key not in done]
        self._left = iter(left)
        self._journal = journal
        self._max_failures = max_failures
        self._progress = progress
        self._total = len(jobs)
        self._done = len(jobs) - len(left)
        self._failures = 0
        self._lock = threading.Lock()
        self._over = threading.Event()

    def work(self, lanes: Sequence[Lane], renew: Callable[[], Lane]) -> None:
        """Work through the jobs.

        Args:
            lanes: As many as texts are to be written at a time.
            renew: Gives a fresh lane for one whose text failed: what is still on its way there
                must not count for the next.

        Raises:
            RunStopped: Too many texts failed.
        """
        self._progress(self._done, self._total, "")
        with ThreadPoolExecutor(len(lanes), thread_name_prefix="lane") as workers:
            try:
                futures = [workers.submit(self._work, lane, renew) for lane in lanes]
                for future in futures:
                    future.result()
            finally:  # Ctrl-C too: each worker ends after its text
                self._over.set()

    def _work(self, lane: Lane, renew: Callable[[], Lane]) -> None:
        while (job := self._next()) is not None:
            attempt = lane.write(job.setting, job.task)
            self._note(attempt)
            if attempt.failure:
                lane = renew()

    def _next(self) -> _Job | None:
        with self._lock:
            return None if self._over.is_set() else next(self._left, None)

    def _note(self, attempt: Attempt) -> None:
        self._journal.append(attempt)
        with self._lock:
            self._failures += bool(attempt.failure)
            self._done += not attempt.failure
            failures = self._failures
            self._progress(self._done, self._total, f"{attempt.record}, {attempt.setting}")
        if failures >= self._max_failures:
            self._over.set()
            raise RunStopped(
                f"{failures} texts failed, the last with {attempt.failure}",
                remedy="mend what failed, then start the run again: it goes on where it stopped",
            )
