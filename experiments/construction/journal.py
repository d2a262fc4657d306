"""The author's answers by step, kept as they come, so that an interrupted construction goes on."""

from __future__ import annotations

import json
from pathlib import Path

from experiments.errors import ExperimentError


class Journal:
    """Answers in a file, one JSON object a line.

    Args:
        path: The file. A last line that was not written to its end is dropped.

    Raises:
        ExperimentError: The file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._answers: dict[str, object] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            content = path.read_bytes() if path.exists() else b""
            whole = content[: content.rfind(b"\n") + 1]
            if whole != content:
                path.write_bytes(whole)
            for line in whole.splitlines():  # of bytes: only at line feeds and carriage returns
                entry = json.loads(line)
                self._answers[entry["step"]] = entry["answer"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ExperimentError(
                f"{path} holds no journal of a construction ({type(error).__name__})",
                remedy="give another folder, or delete the file and start anew",
            ) from None

    def __contains__(self, step: str) -> bool:
        return step in self._answers

    def __getitem__(self, step: str) -> object:
        """The answer to a step; None if the author gave none that can be used."""
        return self._answers[step]

    def add(self, step: str, answer: object) -> None:
        """Keep an answer."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, "answer": answer}) + "\n")
        self._answers[step] = answer
