"""The folder of a training run: what is trained there, and how far it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cogenesis_langchain.datasets.record import Record
from cogenesis_langchain.errors import TrainingError
from cogenesis_langchain.training.settings import WriterSettings

_PLAN: Final = "plan.json"


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

    def claim(self, base: str, records: Sequence[Record], settings: WriterSettings) -> None:
        """Write down what is trained here, or check that it is the same as before.

        Raises:
            TrainingError: The folder cannot be written, or holds another run.
        """
        plan = {"base": base, "records": hash_of(records), "settings": settings.model_dump()}
        written = json.dumps(plan, indent=2) + "\n"
        path = self.path / _PLAN
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            before = path.read_text(encoding="utf-8") if path.exists() else None
            if before is None:
                path.write_text(written, encoding="utf-8")
        except OSError as error:
            raise TrainingError(
                f"the folder {self.path} cannot be used: {error.strerror}",
                remedy="give a folder on a disk with free space that you may write to",
            ) from None
        if before not in (None, written):
            raise TrainingError(
                f"{self.path} holds a run with another model, other records or other settings",
                remedy="give another folder, or what that run was started with",
            )

    def last_checkpoint(self) -> str | None:
        """The last checkpoint that was written to its end; the trainer writes its state last."""
        whole = [path.parent for path in self.path.glob("checkpoint-*/trainer_state.json")]
        newest = max(whole, key=lambda path: int(path.name.rpartition("-")[2]), default=None)
        return str(newest) if newest else None


def hash_of(records: Sequence[Record]) -> str:
    """SHA-256 of the records' content, as hexadecimal digits."""
    content = "\n".join(record.model_dump_json() for record in records)
    return hashlib.sha256(content.encode()).hexdigest()
