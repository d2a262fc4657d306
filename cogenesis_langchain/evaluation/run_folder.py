"""The folder of a run: its configuration, its environment and its journals.

A run that is started again in its folder goes on where it stopped, unless something that its
figures depend on is not as it was.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout

from cogenesis_langchain.errors import ResultsUnusable, RunDiffers
from cogenesis_langchain.evaluation.config import EvaluationConfig, load_config
from cogenesis_langchain.evaluation.environment import Environment
from cogenesis_langchain.evaluation.journal import Journal
from cogenesis_langchain.evaluation.results import Attempt, Likelihood, Rating, Verdict

_CONFIG: Final = "run.toml"
_ENVIRONMENT: Final = "environment.json"
TRACES: Final = "traces"
"""Folder of the traces of fused texts, in that of the run."""

_FREE: Final = frozenset(
    {"concurrency", "max_failures", "out", "prices", "closeness", "show_texts"}
)
"""Keys that may change between two starts: what was written stays what it is."""

_LATER: Final = frozenset({"judge", "likelihood"})
"""Keys that may come later: what they add is of one kind throughout."""

_SHOWN: Final = 5


class RunFolder:
    """The folder of one run.

    Args:
        path: The folder; made if it is not there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def attempts(self) -> Journal[Attempt]:
        """The texts; opened anew at each use, as are the other journals."""
        return Journal(self.path / "attempts.jsonl", Attempt)

    @property
    def likelihoods(self) -> Journal[Likelihood]:
        """The likelihoods of the references."""
        return Journal(self.path / "likelihood.jsonl", Likelihood)

    @property
    def ratings(self) -> Journal[Rating]:
        """The judge's ratings."""
        return Journal(self.path / "ratings.jsonl", Rating)

    @property
    def verdicts(self) -> Journal[Verdict]:
        """What the judge said of two texts."""
        return Journal(self.path / "verdicts.jsonl", Verdict)

    @property
    def environment(self) -> Environment:
        """What the run depends on, as its first start found it."""
        return Environment.read(self.path / _ENVIRONMENT)

    @property
    def config(self) -> EvaluationConfig:
        """The configuration of the run.

        Raises:
            EvaluationConfigInvalid: It is not there, or was altered.
        """
        return load_config(self.path / _CONFIG)

    def trace(self, setting: str) -> Path:
        """Where the trace of the first text of a fused setting is."""
        return self.path / TRACES / f"{setting}.json"

    def keep_trace(self, setting: str, trace: Mapping[str, Any]) -> None:
        """Keep the trace of a fused text, if it is the first of its setting.

        Raises:
            ResultsUnusable: It cannot be written.
        """
        path = self.trace(setting)
        if path.exists():
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(trace), encoding="utf-8")
        except OSError as error:
            raise _unwritable(self.path, error) from None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder for one process.

        Raises:
            ResultsUnusable: It cannot be written, or another process holds it.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.path / ".lock", timeout=0)
            lock.acquire()
        except Timeout:
            raise ResultsUnusable(
                f"another process writes into {self.path}", remedy="wait for it, or stop it"
            ) from None
        except OSError as error:
            raise _unwritable(self.path, error) from None
        try:
            yield
        finally:
            lock.release()

    def begin(self, config: EvaluationConfig, environment: Environment) -> None:
        """Write configuration and environment down, or find them as they were.

        Raises:
            RunDiffers: The folder holds a run that differs, in what the message names.
            ResultsUnusable: The folder cannot be read or written.
        """
        import tomli_w

        described = config.model_dump(mode="json", exclude_none=True)
        if (self.path / _CONFIG).exists():
            before = tomllib.loads((self.path / _CONFIG).read_text(encoding="utf-8"))
            self._refuse(differences(before, described))
            earlier, now = self.environment, environment
            self._refuse(differences(earlier.models_and_records, now.models_and_records))
        try:
            (self.path / _CONFIG).write_text(tomli_w.dumps(described), encoding="utf-8")
            text = environment.model_dump_json(indent=2)
            (self.path / _ENVIRONMENT).write_text(f"{text}\n", encoding="utf-8")
        except OSError as error:
            raise _unwritable(self.path, error) from None

    def _refuse(self, differing: list[str]) -> None:
        if differing:
            more = f" and {len(differing) - _SHOWN} more" if len(differing) > _SHOWN else ""
            raise RunDiffers(
                f"{self.path} holds a run that differs in {'; '.join(differing[:_SHOWN])}{more}",
                remedy="give another folder, or the configuration that the run began with",
            )


def _unwritable(path: Path, error: OSError) -> ResultsUnusable:
    return ResultsUnusable(
        f"the folder {path} cannot be written: {error.strerror or error}",
        remedy="choose another folder, or make it writable",
    )


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Name the keys whose values differ, with both values; those that may change are left out."""
    old, new = dict(_flat(before)), dict(_flat(now))
    return [
        f"{key} (was {old.get(key, 'absent')}, is {new.get(key, 'absent')})"
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key) and not _may_change(key.split("."), key in old)
    ]


def _may_change(parts: list[str], was_there: bool) -> bool:
    return parts[0] in _FREE or (not was_there and not _LATER.isdisjoint(parts))


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
