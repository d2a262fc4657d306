from __future__ import annotations

import pytest
from support.attempts import attempt, record

from experiments.attempt import Attempt
from experiments.scorers.form import (
    DOUBLED_WORDS,
    LEFT_OUT,
    OUTLINE_COPIED,
    OUTLINE_COVERED,
    RELATIVE_LENGTH,
    REPETITION,
    WORDS,
)

SKETCH = ("Greet the clerk warmly", "Missing night allowances", "Thanks", "How it is")


def test_a_point_is_covered_by_a_telling_word_of_the_same_stem() -> None:
    text = "I was greeted by an allowance that is absent. So much for how it is."
    # Greet and allowances; not Thanks; "How it is" has no telling word and does not count.
    assert OUTLINE_COVERED.measure(record(), attempt(text, sketch=SKETCH)) == pytest.approx(2 / 3)


def test_a_text_about_something_else_covers_nothing() -> None:
    assert OUTLINE_COVERED.measure(record(), attempt("The bees.", sketch=SKETCH)) == 0.0
    assert OUTLINE_COVERED.measure(record(), attempt("", sketch=SKETCH)) == 0.0


def test_headings_of_three_words_or_more_count_as_copied() -> None:
    text = "**greet the clerk  warmly:**\nMissing nights. Thanks. How it is"
    assert OUTLINE_COPIED.measure(record(), attempt(text, sketch=SKETCH)) == pytest.approx(2 / 3)
    assert OUTLINE_COPIED.measure(record(), attempt("Thanks.", sketch=SKETCH)) == 0.0


def test_without_a_sketch_nothing_is_said_of_it() -> None:
    assert OUTLINE_COVERED.measure(record(), attempt("Hello.")) is None
    assert OUTLINE_COPIED.measure(record(), attempt("Hello.", sketch=("Thanks",))) is None
    assert OUTLINE_COVERED.measure(record(), attempt(sketch=SKETCH, failure="x")) is None


def test_repetition_is_the_share_of_runs_that_were_there_before() -> None:
    # 9 words, 6 runs of four; the last one repeats the first one.
    looped = attempt("a b c d e A b, c d")
    assert REPETITION.measure(record(), attempt("a b c d e f g h")) == 0.0
    assert REPETITION.measure(record(), looped) == pytest.approx(1 / 6)
    assert REPETITION.measure(record(), attempt("and so on " * 100)) == pytest.approx(1 - 3 / 297)


def test_texts_too_short_to_repeat_anything_are_left_out() -> None:
    assert REPETITION.measure(record(), attempt("a b c")) is None
    assert REPETITION.measure(record(), attempt(failure="x")) is None


def test_length_is_counted_in_words_and_against_the_reference() -> None:
    text = attempt("I don't owe 3,480 grams.")
    assert WORDS.measure(record(), text) == 5
    assert RELATIVE_LENGTH.measure(record(reference="one two three four"), text) == 1.25
    assert RELATIVE_LENGTH.measure(record(reference="…"), text) is None
    assert WORDS.measure(record(), attempt("")) == 0
    assert WORDS.measure(record(), attempt(failure="x")) is None


def test_a_doubled_word_is_counted_whatever_its_case() -> None:
    assert DOUBLED_WORDS.measure(record(), attempt("We met at at St. Anne. Anne came.")) == 1
    assert DOUBLED_WORDS.measure(record(), attempt("The the end")) == 1
    assert DOUBLED_WORDS.measure(record(), attempt("one two one two")) == 0


def test_sentences_left_out_are_counted_if_a_template_was_completed() -> None:
    completed = Attempt(text="Hello.", template="Hello [name].", left_out=("a", "b"))
    assert LEFT_OUT.measure(record(), completed) == 2
    assert LEFT_OUT.measure(record(), Attempt(text="Hello.")) is None
