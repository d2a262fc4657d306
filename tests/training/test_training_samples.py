from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest
from support.token_models import WordTokens

from cogenesis_langchain.datasets.loaders import load_outlines, load_records
from cogenesis_langchain.errors import TrainingError
from cogenesis_langchain.models.base import PrivateMessage
from cogenesis_langchain.training.sample_set import IGNORED, SampleSet
from cogenesis_langchain.training.samples import Sample, completion_sample, text_sample
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


def test_each_run_is_a_filling_and_the_one_token_after_it() -> None:
    worked = work_out(RECORDS[0], Random(5))
    assert worked is not None
    told = [*worked.fillings, *(sentence for _, sentence in worked.untold)]
    found = runs(sample_of(5))
    for filling in told:
        run = next(one for one in found if filling in one)
        after = run.removeprefix(" ").removeprefix(filling)
        assert len(TOKENS.encode(after.encode())) == 1, (filling, after)
    others = [run for run in found if not any(filling in run for filling in told)]
    assert all(not run.strip("\x03") for run in others), "only the ends of empty answers"


def test_prompts_and_words_of_the_template_are_not_trained() -> None:
    sample = sample_of(5)
    assert 0 < sum(sample.trained) < len(sample.ids) / 4
    for run in runs(sample):
        assert "Notes:" not in run
        assert "Go on." not in run


def test_a_sample_reads_as_the_whole_conversation() -> None:
    text = TOKENS.decode(sample_of(5).ids).decode()
    assert text.startswith("\x02system\n")
    assert text.endswith("\x03")
    assert text.count("\x02user\n") == text.count("\x02assistant\n")
    for filling in (work_out(RECORDS[0], Random(5)) or pytest.fail("no template")).fillings:
        assert filling in text


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


@pytest.mark.parametrize("outline", [(), ("What happened", "What is wanted")])
def test_a_whole_text_is_trained_to_its_end_in_the_products_prompt(
    outline: tuple[str, ...],
) -> None:
    tokens = WordTokens([RECORDS[0].model_dump_json(), *outline])
    sample = text_sample(RECORDS[0], outline, tokens, Random(1))
    text = tokens.decode(sample.ids).decode()
    trained = [token for token, wanted in zip(sample.ids, sample.trained, strict=True) if wanted]
    assert tokens.decode(trained).decode() == f"{RECORDS[0].reference.strip()}\x03"
    assert sample.trained[-len(trained) :] == (True,) * len(trained)
    assert all(point in text for point in outline)
    assert RECORDS[0].instruction.general in text


def test_a_set_mixes_completions_with_whole_texts_and_half_of_these_with_outlines() -> None:
    outlines = {one.id: ("Xenon first", "Xenon last") for one in RECORDS}
    tokens = WordTokens([*(one.model_dump_json() for one in RECORDS), "Xenon first last"])
    made = SampleSet(
        RECORDS[:1],
        tokens,
        epochs=40,
        seed=1,
        max_tokens=100_000,
        whole_texts=0.5,
        outlines=outlines,
    )
    samples = [made.sample(number) for number in range(40)]
    answers = [RECORDS[0].reference.strip() in tokens.decode(one.ids).decode() for one in samples]
    outlined = ["Xenon" in tokens.decode(one.ids).decode() for one in samples]
    assert 10 < sum(answers) < 36 and 3 < sum(outlined) < 20
    assert not any(sum(one.trained) == 0 for one in samples)


def test_the_outlines_of_the_training_records_can_be_read_and_tell_nothing_private() -> None:
    folder = Path(__file__).parents[2] / "experiments" / "data"
    outlines = load_outlines(folder / "training_outlines.jsonl")
    records = load_records(folder / "training.jsonl")
    assert outlines.keys() == {record.id for record in records}
    for record in records:
        points = " | ".join(outlines[record.id])
        private = "|".join(map(re.escape, record.private_strings))
        assert not re.search(rf"(?<!\w)(?:{private})(?!\w)", points, re.I), record.id


def test_a_set_whose_samples_are_too_long_says_so() -> None:
    made = SampleSet(RECORDS, TOKENS, epochs=1, seed=1, max_tokens=100)
    with pytest.raises(TrainingError, match="longer than 100 tokens"):
        made.sample(0)


def test_texts_that_cannot_be_templates_are_told_apart() -> None:
    bracketed = [one.model_copy(update={"reference": "See [annex 1]."}) for one in RECORDS]
    made = SampleSet(bracketed, TOKENS, epochs=1, seed=1, max_tokens=100)
    with pytest.raises(TrainingError, match="all have brackets"):
        made.sample(0)


def test_a_single_record_has_no_slot_of_another() -> None:
    made = SampleSet(RECORDS[:1], TOKENS, epochs=1, seed=1, max_tokens=100_000)
    seeds = [made.sample(0)]
    assert seeds[0].trained[-2] or seeds[0].trained[-3], "it ends with a filling"


@pytest.mark.slow
def test_labels_are_ignored_where_nothing_is_trained() -> None:
    made = SampleSet(RECORDS, TOKENS, epochs=1, seed=1, max_tokens=100_000)
    sample, labels = made.sample(0), made[0]["labels"].tolist()
    for token, trained, label in zip(sample.ids, sample.trained, labels, strict=True):
        assert label == (token if trained else IGNORED)
