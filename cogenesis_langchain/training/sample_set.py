"""Samples of many records, by number, as torch's loaders take them."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING, Final

from cogenesis_langchain.datasets.record import Record
from cogenesis_langchain.errors import TrainingError
from cogenesis_langchain.models.base import TokenModel
from cogenesis_langchain.training.samples import Sample, completion_sample

if TYPE_CHECKING:
    import torch

IGNORED: Final = -100
"""Torch's label of a token without loss."""


class SampleSet:
    """Samples by number; each has a template of its own.

    Args:
        records: The records; each is used once an epoch.
        tokens: Encodes prompts and texts.
        epochs: Times that each record is used.
        seed: Decides the templates.
        max_tokens: A record that gives a longer sample is passed over.
    """

    def __init__(
        self,
        records: Sequence[Record],
        tokens: TokenModel,
        *,
        epochs: int,
        seed: int,
        max_tokens: int,
    ) -> None:
        self._records = records
        self._tokens = tokens
        self._seed = seed
        self._max_tokens = max_tokens
        self._length = epochs * len(records)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        import torch

        sample = self.sample(index)
        labels = [
            token if trained else IGNORED
            for token, trained in zip(sample.ids, sample.trained, strict=True)
        ]
        return {"input_ids": torch.tensor(sample.ids), "labels": torch.tensor(labels)}

    def sample(self, index: int) -> Sample:
        """The sample of a number; of the next one where that record cannot be used.

        Raises:
            TrainingError: No record can be used.
        """
        longest = 0
        for number in range(index, index + len(self._records)):
            random = Random(f"{self._seed}-{number}")
            place = number % len(self._records)
            others = [*self._records[:place], *self._records[place + 1 :]]
            other = random.choice(others) if others else None
            sample = completion_sample(self._records[place], other, self._tokens, random)
            if sample is not None and len(sample.ids) <= self._max_tokens:
                return sample
            longest = max(longest, len(sample.ids) if sample else 0)
        raise TrainingError(
            f"all samples are longer than {self._max_tokens} tokens (one has {longest})"
            if longest
            else "no text of the records can be made a template, because all have brackets",
            remedy="set max_tokens higher" if longest else "give records with plain texts",
        )
