"""Records of LaMP are chosen by length, by nearness of earlier texts, and by style."""

from __future__ import annotations

import pytest
from support.word_embeddings import WordEmbeddings

from cogenesis_langchain.datasets.record import Instruction, Profile, Record, Writing
from experiments.construction.lamp import Choice, choose
from experiments.errors import ExperimentError

PLAIN = "We meet at the club on Monday. Bring the oars and the rope with you."
LOUD = "Yes! Do come! Oh, what fun! Can you? Can he? Hurray! All of us! Now!"


def record(id_: str, reference: str, *earlier: str, title: str = "club oars") -> Record:
    return Record(
        id=id_,
        user_group="LaMP_6",
        profile=Profile(style="", facts=()),
        activity_log=(),
        earlier_writings=tuple(
            Writing(title=f"No. {n}", text=one) for n, one in enumerate(earlier)
        ),
        instruction=Instruction(general=f"Write about {title}.", personal=""),
        reference=reference,
        required_facts=(),
        private_strings=(),
    )


def chosen(*records: Record, **choice: int) -> list[Record]:
    found = choose(records, WordEmbeddings(), Choice(**{"least_words": 5, **choice}))
    return [*found.training, *found.test]


def test_texts_that_are_too_short_or_too_long_are_left_out() -> None:
    long = " ".join([PLAIN] * 9)
    (one,) = chosen(
        record("short", "Come.", PLAIN),
        record("long", long, PLAIN),
        record("no earlier", PLAIN, "Come.", long),
        record("kept", PLAIN, "Come.", PLAIN, long),
        most_words=30,
    )
    assert one.id == "kept"
    assert [writing.text for writing in one.earlier_writings] == [PLAIN]


def test_the_earlier_texts_nearest_to_the_title_are_kept() -> None:
    far = "The cake needs butter, sugar and eggs from the shop."
    near = "The club has new oars for everybody in the boat."
    (one,) = chosen(record("1", PLAIN, far, near, far), nearest=1)
    assert [writing.text for writing in one.earlier_writings] == [near]


def test_the_records_nearest_in_style_are_kept() -> None:
    kept = chosen(record("other style", LOUD, PLAIN), record("same style", PLAIN, PLAIN), records=1)
    assert [one.id for one in kept] == ["same style"]


def test_one_of_ten_records_is_for_tests() -> None:
    records = [record(str(number), PLAIN, PLAIN) for number in range(25)]
    found = choose(records, WordEmbeddings(), Choice(least_words=5))
    assert (len(found.training), len(found.test)) == (23, 2)
    assert not {one.id for one in found.training} & {one.id for one in found.test}


def test_where_no_record_is_left_the_error_names_the_bounds() -> None:
    with pytest.raises(ExperimentError, match="none of 1 records has texts of 40 to 400 words"):
        choose([record("1", PLAIN, PLAIN)], WordEmbeddings(), Choice())
