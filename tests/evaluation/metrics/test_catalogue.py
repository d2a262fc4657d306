from __future__ import annotations

import pytest
from evaluation_samples import attempt, record
from word_embeddings import WordEmbeddings

from cogenesis_langchain.errors import EvaluationError
from cogenesis_langchain.evaluation.metrics.catalogue import METRICS, Figure, measure, metrics
from cogenesis_langchain.evaluation.metrics.form import WORDS
from cogenesis_langchain.evaluation.metrics.traffic import FAILED, Prices


def test_every_metric_has_a_name_of_its_own_and_says_what_it_is() -> None:
    chosen = metrics(embeddings=WordEmbeddings(), prices=Prices(1.0, 2.0))
    assert len({metric.name for metric in chosen}) == len(chosen) == len(METRICS) + 2
    assert all(metric.says and metric.unit for metric in chosen)
    assert metrics() == METRICS


def test_every_metric_measures_a_text_and_leaves_it_as_it_was() -> None:
    text = attempt("Two words, or a few more.", sketch=("A few words",))
    chosen = metrics(embeddings=WordEmbeddings(), prices=Prices(1.0, 2.0))
    once = list(measure([record()], [text], chosen))
    assert [figure.metric for figure in once] == [metric.name for metric in chosen]
    assert list(measure([record()], [text], chosen)) == once


def test_figures_come_where_a_metric_applies_and_nowhere_else() -> None:
    attempts = [attempt("One two"), attempt(seed=1, failure="CloudTimeout: no answer")]
    records = [record(id="unused"), record()]
    assert list(measure(records, attempts, [WORDS, FAILED])) == [
        Figure("r1", "s", 0, "words", 2.0),
        Figure("r1", "s", 0, "failed", 0.0),
        Figure("r1", "s", 1, "failed", 1.0),
    ]


def test_attempts_about_other_records_are_refused() -> None:
    attempts = [attempt("Hello."), attempt("Hello.", record="r9")]
    with pytest.raises(EvaluationError, match=r"1 records of the attempts .* such as r9"):
        list(measure([record()], attempts))


def test_no_attempts_are_refused() -> None:
    with pytest.raises(EvaluationError, match="no attempts"):
        list(measure([record()], []))
