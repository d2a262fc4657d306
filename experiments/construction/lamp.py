"""Chooses records of LaMP's writing tasks as the paper does (appendix A.2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from langchain_core.embeddings import Embeddings

from cogenesis_langchain.datasets.record import Record, Writing
from experiments.errors import ExperimentError
from experiments.scorers.style import style_distance
from experiments.scorers.words import words

_TEST_SHARE: Final = 10
"""Every tenth record is for tests: the paper splits 9 to 1."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What is kept.

    Attributes:
        least_words: Words of the shortest texts.
        most_words: Words of the longest texts.
        nearest: Earlier texts of a person that are kept.
        records: Records that are kept; None for all.
    """

    least_words: int = 40
    most_words: int = 400
    nearest: int = 4
    records: int | None = None


@dataclass(frozen=True, slots=True)
class LampRecords:
    """The chosen records.

    Attributes:
        training: To train on.
        test: To test on.
    """

    training: Sequence[Record]
    test: Sequence[Record]


def choose(
    records: Sequence[Record],
    embeddings: Embeddings,
    choice: Choice,
    progress: Callable[[int], None] = lambda done: None,
) -> LampRecords:
    """Choose records and their earlier texts.

    A text that is too short or too long is left out. Of a person's earlier texts those are kept
    whose embedding is nearest to that of the instruction, which names the title: the text itself
    is what a model has to write. Then those records are kept whose text is nearest in style to
    these earlier texts, so that they can tell a model how the person writes.

    Args:
        records: Records of `load_lamp_set`.
        embeddings: Compares texts.
        choice: What is kept.
        progress: Called with the number of records that are done.

    Raises:
        ExperimentError: No record is left.
    """
    ranked: list[tuple[float, Record]] = []
    for number, record in enumerate(records, start=1):
        earlier = [one for one in record.earlier_writings if _fits(one.text, choice)]
        if earlier and _fits(record.reference, choice):
            earlier = _nearest(record.instruction.general, earlier, embeddings, choice.nearest)
            apart = style_distance(record.reference, [one.text for one in earlier])
            update = {"earlier_writings": tuple(earlier)}
            ranked.append((apart, record.model_copy(update=update)))
        progress(number)
    ranked.sort(key=lambda entry: entry[0])
    kept = [record for _, record in ranked[: choice.records]]
    if not kept:
        raise ExperimentError(
            f"none of {len(records)} records has texts of {choice.least_words} to "
            f"{choice.most_words} words",
            remedy="give other bounds of the number of words",
        )
    training = [one for number, one in enumerate(kept, start=1) if number % _TEST_SHARE]
    return LampRecords(training, kept[_TEST_SHARE - 1 :: _TEST_SHARE])


def _fits(text: str, choice: Choice) -> bool:
    return choice.least_words <= len(words(text)) <= choice.most_words


def _nearest(
    instruction: str, earlier: Sequence[Writing], embeddings: Embeddings, count: int
) -> list[Writing]:
    """The texts nearest to an instruction, nearest first."""
    asked = np.array(embeddings.embed_query(instruction))
    vectors = np.array(embeddings.embed_documents([f"{one.title}\n{one.text}" for one in earlier]))
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(asked)
    cosines = vectors @ asked / np.maximum(lengths, np.finfo(float).tiny)
    return [earlier[place] for place in np.argsort(-cosines, kind="stable")[:count]]
