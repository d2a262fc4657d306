"""Writes the texts of a small evaluation in a process of its own, to be killed or interrupted.

Arguments: folder of the run, file of records, base URL of the cloud endpoint, seconds a text.
"""

from __future__ import annotations

import sys
from pathlib import Path

from small_evaluation import SeededLocal, config

from cogenesis_langchain.evaluation import environment
from cogenesis_langchain.evaluation.models import Models, Remote
from cogenesis_langchain.evaluation.run_folder import RunFolder
from cogenesis_langchain.evaluation.runner import write_texts
from cogenesis_langchain.evaluation.setting import CLOUD


def tell(done: int, total: int, last: str) -> None:
    sys.stdout.write(f"{done}\n")
    sys.stdout.flush()


def main(folder: str, records: str, base_url: str, pause: str) -> None:
    environment._model_hash = lambda name: "0" * 64
    models = Models(SeededLocal(float(pause)), {CLOUD: Remote(base_url, "recorded")})
    write_texts(
        config(Path(records)),
        models,
        RunFolder(Path(folder)),
        tell,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
