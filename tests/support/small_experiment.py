"""A small experiment with scripted models, for tests of what runs it."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cogenesis_langchain.datasets.record import Record
from cogenesis_langchain.models.base import GenerationOptions, LocalChunk, PrivateMessage, Usage
from cogenesis_langchain.testing.behaviours import OUTLINE, Behaviour, chat
from cogenesis_langchain.testing.recorder import EgressRecorder
from experiments.config import ExperimentConfig
from experiments.models import CLOUD, Models, Remote
from experiments.results import WrittenText, read_results
from experiments.run import load, write_texts

SECRETS = ("Wilhelmina Quast", "812 euros", "Brinkweg 7")


def record(identity: str = "r1") -> Record:
    return Record.model_validate(
        {
            "id": identity,
            "user_group": "bakers",
            "profile": {"style": "Short.", "facts": [f"{SECRETS[0]}, 44, of {SECRETS[2]}."]},
            "activity_log": [f"2026-01-02 Oven broke, {SECRETS[1]}"],
            "earlier_writings": [{"title": "Note", "text": "Bread is out. Come Tuesday."}],
            "instruction": {
                "general": "Write to my landlord about the oven.",
                "personal": f"It was order {identity}.",
            },
            "reference": f"The oven broke; the repair is {SECRETS[1]}. {SECRETS[0]}",
            "required_facts": [{"name": "cost", "forms": [SECRETS[1]]}],
            "private_strings": list(SECRETS),
        }
    )


def write_records(path: Path, count: int) -> Path:
    lines = [record(f"r{number}").model_dump_json() for number in range(1, count + 1)]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def config(records: Path, **changes: Any) -> ExperimentConfig:
    settings = {
        "settings": ["local alone", "sketch-fill", "full content", "cloud without context"],
        "seeds": [1],
        "cloud": {"base_url": "http://127.0.0.1:9/v1", "model": "recorded", "timeout": 5},
    }
    return ExperimentConfig.model_validate({"records": [str(records)]} | settings | changes)


class SeededLocal:
    """A local model whose text is decided by prompt and seed.

    Args:
        pause: Seconds that a text takes.
    """

    name = "seeded"

    def __init__(self, pause: float = 0.0) -> None:
        self._pause = pause

    def prefill(self, messages: Sequence[PrivateMessage], options: GenerationOptions) -> None:
        """Nothing to read ahead."""

    def stream(
        self, messages: Sequence[PrivateMessage], options: GenerationOptions
    ) -> Iterator[LocalChunk]:
        time.sleep(self._pause)
        prompt = json.dumps([message.text.reveal() for message in messages])
        digest = hashlib.sha256(f"{prompt} {options.seed}".encode()).hexdigest()
        yield LocalChunk(f"The oven, {digest}.")
        yield LocalChunk("", "stop", Usage(len(prompt) // 4, 5))


@contextmanager
def models(*script: Behaviour) -> Iterator[tuple[Models, EgressRecorder]]:
    """A seeded local model, and a recorder as the cloud endpoint."""
    with EgressRecorder(*(script or [chat(OUTLINE)])) as recorder:
        yield Models(SeededLocal(), {CLOUD: Remote(recorder.base_url, "recorded")}), recorder


HASHES = {"local": "seeded 00", "cloud": "recorded", "judge": "j"}


def write_all(chosen: ExperimentConfig, opened: Models, folder: Path) -> None:
    """Write the texts of an experiment, as `run` does."""
    write_texts(chosen, load(chosen), HASHES, opened, folder)


def written(folder: Path) -> list[WrittenText]:
    """The texts of a run."""
    return list(read_results(folder).texts)
