from __future__ import annotations

from typing import ClassVar

import pytest
from support.attempts import attempt, record
from support.word_embeddings import WordEmbeddings

from cogenesis_langchain.errors import UntrustedLocalModel
from experiments.scorers.likeness import ROUGE_L, closeness_to_earlier_writing


class Elsewhere(WordEmbeddings):
    cogenesis_local: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()
        self.base_url = "https://api.example.com/v1"


def test_rouge_l_is_the_f1_of_the_longest_common_subsequence() -> None:
    found = ROUGE_L.measure(
        record(reference="the night train left Turda"), attempt("the train was leaving Turda late")
    )
    # In common, in order: the, train, Turda (3 of 5 and 3 of 6); "left" is no stem of "leaving".
    assert found == pytest.approx(2 * (3 / 5) * (3 / 6) / (3 / 5 + 3 / 6))


def test_rouge_l_is_one_for_the_reference_and_zero_for_other_words() -> None:
    assert ROUGE_L.measure(record(), attempt(record().reference)) == 1.0
    assert ROUGE_L.measure(record(), attempt("Bees hum.")) == 0.0
    assert ROUGE_L.measure(record(), attempt("")) == 0.0
    assert ROUGE_L.measure(record(), attempt(failure="x")) is None


def test_closeness_is_the_mean_cosine_with_the_earlier_writings() -> None:
    embeddings = WordEmbeddings(dimensions=2000)
    closeness = closeness_to_earlier_writing(embeddings)
    own = {"title": "Note", "text": "rain border"}
    other = {"title": "Note", "text": "bees honey"}
    one = closeness.measure(record(earlier_writings=[own]), attempt("border rain"))
    both = closeness.measure(record(earlier_writings=[own, other]), attempt("border rain"))
    assert one == pytest.approx(1.0)
    assert both == pytest.approx(0.5, abs=0.05)  # random directions are nearly perpendicular


def test_a_text_that_shares_nothing_is_not_close() -> None:
    closeness = closeness_to_earlier_writing(WordEmbeddings(dimensions=2000))
    found = closeness.measure(record(), attempt("bees hum honey"))
    assert found == pytest.approx(0.0, abs=0.1)


def test_closeness_does_not_apply_without_a_text_or_earlier_writings() -> None:
    closeness = closeness_to_earlier_writing(WordEmbeddings())
    assert closeness.measure(record(), attempt(" ")) is None
    assert closeness.measure(record(), attempt(failure="x")) is None
    assert closeness.measure(record(earlier_writings=[]), attempt("Hello.")) is None


def test_embeddings_that_would_send_the_texts_away_are_refused() -> None:
    with pytest.raises(UntrustedLocalModel, match="private text"):
        closeness_to_earlier_writing(Elsewhere())
