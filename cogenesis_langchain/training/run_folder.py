"""The folder of a training run: what is trained there, and how far it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cogenesis_langchain.datasets.record import Record
from cogenesis_langchain.errors import TrainingError
from cogenesis_langchain.whole_file import whole_file

_PLAN: Final = "plan.json"

Plan = Mapping[str, object]
"""Models, hash of the records and settings of a run. It holds nothing private."""


@dataclass(frozen=True, slots=True)
class RunFolder:
    """A folder that holds one run.

    Attributes:
        path: The folder.
    """

    path: Path

    @property
    def adapter(self) -> Path:
        """Folder of the finished adapter, in peft's format."""
        return self.path / "adapter"

    @property
    def gguf(self) -> Path:
        """The finished adapter for llama.cpp."""
        return self.path / "writer.gguf"

    @property
    def card(self) -> Path:
        """The model card."""
        return self.path / "README.md"

    def check(self, plan: Plan) -> None:
        """Check that the folder holds no other run.

        Raises:
            TrainingError: It does, or it cannot be read.
        """
        try:
            before = (self.path / _PLAN).read_text(encoding="utf-8")
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._unusable(error) from None
        if before != _written(plan):
            raise TrainingError(
                f"{self.path} holds a run with another model, other records or other settings",
                remedy="give another folder, or what that run was started with",
            )

    def claim(self, plan: Plan) -> None:
        """Write down what is trained here, after the same check.

        Raises:
            TrainingError: The folder holds another run, or cannot be written.
        """
        self.check(plan)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with whole_file(self.path / _PLAN) as path:
                path.write_text(_written(plan), encoding="utf-8")
        except OSError as error:
            raise self._unusable(error) from None

    def last_checkpoint(self) -> str | None:
        """The last checkpoint that was written to its end; the trainer writes its state last."""
        states = self.path.glob("checkpoint-*/trainer_state.json")
        whole = [one.parent for one in states if one.parent.name.rpartition("-")[2].isdecimal()]
        newest = max(whole, key=lambda path: int(path.name.rpartition("-")[2]), default=None)
        return str(newest) if newest else None

    def _unusable(self, error: OSError) -> TrainingError:
        return TrainingError(
            f"the folder {self.path} cannot be used: {error.strerror}",
            remedy="give a folder on a disk with free space that you may write to",
        )


def hash_of(records: Sequence[Record]) -> str:
    """SHA-256 of the records' content, as hexadecimal digits."""
    content = "\n".join(record.model_dump_json() for record in records)
    return hashlib.sha256(content.encode()).hexdigest()


def hash_of_outlines(outlines: Mapping[str, Sequence[str]], records: Sequence[Record]) -> str:
    """SHA-256 of the outlines of some records, as hexadecimal digits; empty without any."""
    known = {one.id: list(outlines[one.id]) for one in records if one.id in outlines}
    return hashlib.sha256(json.dumps(known).encode()).hexdigest() if known else ""


def _written(plan: Plan) -> str:
    return json.dumps(plan, indent=2) + "\n"
