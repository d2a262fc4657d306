from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from support.token_models import WordTokens

from cogenesis_langchain.datasets.loaders import load_records
from cogenesis_langchain.errors import TrainingError
from cogenesis_langchain.models.base import PrivateMessage
from cogenesis_langchain.training.sample_set import IGNORED, SampleSet
from cogenesis_langchain.training.samples import Sample, completion_sample
from cogenesis_langchain.training.worked_template import work_out

RECORDS = load_records(Path(__file__).parents[2] / "experiments" / "data" / "training.jsonl")[
    :64:16
]
TOKENS = WordTokens(
    record.model_dump_json() + record.context + record.reference for record in RECORDS
)


def sample_of(seed: int, tokens: WordTokens = TOKENS) -> Sample:
    made = completion_sample(RECORDS[0], RECORDS[1], tokens, Random(seed))
    assert made is not None
    return made


def runs(sample: Sample) -> list[str]:
    """The trained words, one string a run."""
    found: list[str] = []
    before = False
    for token, trained in zip(sample.ids, sample.trained, strict=True):
        if trained:
            piece = TOKENS.decode([token]).decode()
            found = [*found[:-1], found[-1] + piece] if before else [*found, piece]
        before = trained
    return found


def test_what_fills_the_slots_is_trained_with_the_token_after_it() -> None:
    worked = work_out(RECORDS[0], Random(5))
    assert worked is not None
    found = runs(sample_of(5))
    for filling in worked.fillings:
        run = next(one for one in found if filling in one)
        assert len(run.strip()) <= len(filling) + 20


def test_prompts_and_words_of_the_template_are_not_trained() -> None:
    sample = sample_of(5)
    assert sum(sample.trained) < len(sample.ids) / 4
    for run in runs(sample):
        assert "Notes:" not in run
        assert "Go on." not in run


def test_a_slot_that_the_notes_cannot_fill_ends_the_turn() -> None:
    ended = [
        seed
        for seed in range(6)
        if (sample := sample_of(seed)).trained[-1] and not any(sample.trained[-4:-1])
    ]
    assert ended, "no sample ends with an empty answer"


def test_a_chat_template_that_rewrites_earlier_turns_is_refused() -> None:
    class Shortening(WordTokens):
        def encode_chat(self, messages: object) -> list[int]:
            assert isinstance(messages, list)
            last: list[PrivateMessage] = messages[-2:]
            return super().encode_chat(last)

    tokens = Shortening([one.model_dump_json() + one.context + one.reference for one in RECORDS])
    with pytest.raises(TrainingError, match="rewrites earlier turns"):
        sample_of(5, tokens)


def test_a_set_gives_each_record_another_template_every_epoch() -> None:
    made = SampleSet(RECORDS, TOKENS, epochs=2, seed=1, max_tokens=100_000)
    assert len(made) == 2 * len(RECORDS)
    assert made.sample(0) == made.sample(0)
    assert made.sample(0) != made.sample(len(RECORDS))


def test_a_set_whose_samples_are_too_long_says_so() -> None:
    made = SampleSet(RECORDS, TOKENS, epochs=1, seed=1, max_tokens=100)
    with pytest.raises(TrainingError, match="at most 100 tokens"):
        made.sample(0)


@pytest.mark.slow
def test_labels_are_ignored_where_nothing_is_trained() -> None:
    made = SampleSet(RECORDS, TOKENS, epochs=1, seed=1, max_tokens=100_000)
    sample, tensors = made.sample(0), made[0]
    for trained, label in zip(sample.trained, tensors["labels"].tolist(), strict=True):
        assert trained == (label != IGNORED)
