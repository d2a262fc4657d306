"""Writes the texts of a small experiment in a process of its own, to be killed or interrupted.

Arguments: folder of the run, file of records, base URL of the cloud endpoint, seconds a text.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from support.small_experiment import SeededLocal, config, write_all

from cogenesis_langchain.models.base import GenerationOptions, LocalChunk, PrivateMessage
from experiments.models import CLOUD, Models, Remote


class TellingLocal(SeededLocal):
    """Prints a line when it begins a text."""

    def stream(
        self, messages: Sequence[PrivateMessage], options: GenerationOptions
    ) -> Iterator[LocalChunk]:
        sys.stdout.write("\n")
        sys.stdout.flush()
        return super().stream(messages, options)


def main(folder: str, records: str, base_url: str, pause: str) -> None:
    os.environ["INSPECT_DISPLAY"] = "none"
    models = Models(TellingLocal(float(pause)), {CLOUD: Remote(base_url, "recorded")})
    write_all(config(Path(records)), models, Path(folder))


if __name__ == "__main__":
    main(*sys.argv[1:])
