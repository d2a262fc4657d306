"""Samples of many records, by number, as torch's loaders take them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from cogenesis_langchain.datasets.record import Record
from cogenesis_langchain.errors import TrainingError
from cogenesis_langchain.models.base import TokenModel
from cogenesis_langchain.training.samples import Sample, completion_sample, text_sample

if TYPE_CHECKING:
    import torch

IGNORED: Final = -100
"""Torch's label of a token without loss."""


class SampleSet:
    """Samples by number; each has a template of its own, or is a whole text.

    Args:
        records: The records; each is used once an epoch.
        tokens: Encodes prompts and texts.
        epochs: Times that each record is used.
        seed: Decides the templates.
        max_tokens: A record that gives a longer sample is passed over.
        whole_texts: Share of the samples that are whole texts.
        outlines: Ids of records to points that a cloud model wrote for them. Half of the whole
            texts of such a record are written from them.
        shows_example: Whether the prompts of the model show a worked example.
    """

    def __init__(
        self,
        records: Sequence[Record],
        tokens: TokenModel,
        *,
        epochs: int,
        seed: int,
        max_tokens: int,
        whole_texts: float = 0.0,
        outlines: Mapping[str, Sequence[str]] = MappingProxyType({}),
        shows_example: bool = False,
    ) -> None:
        self._records = records
        self._tokens = tokens
        self._seed = seed
        self._max_tokens = max_tokens
        self._whole_texts = whole_texts
        self._outlines = outlines
        self._shows_example = shows_example
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
            sample = self._made(number % len(self._records), random)
            if sample is not None and len(sample.ids) <= self._max_tokens:
                return sample
            longest = max(longest, len(sample.ids) if sample else 0)
        raise TrainingError(
            f"all samples are longer than {self._max_tokens} tokens (one has {longest})"
            if longest
            else "no text of the records can be made a template, because all have brackets",
            remedy="set max_tokens higher" if longest else "give records with plain texts",
        )

    def _made(self, number: int, random: Random) -> Sample | None:
        record = self._records[number]
        if random.random() < self._whole_texts:
            outline = self._outlines.get(record.id, ()) if random.random() < 0.5 else ()
            return text_sample(
                record, outline, self._tokens, random, shows_example=self._shows_example
            )
        others = [*self._records[:number], *self._records[number + 1 :]]
        other = random.choice(others) if others else None
        return completion_sample(record, other, self._tokens, random)
