from __future__ import annotations

from evaluation_samples import attempt, record
from support.word_embeddings import WordEmbeddings

from cogenesis_langchain.evaluation.metrics.catalogue import METRICS, metrics
from cogenesis_langchain.evaluation.metrics.traffic import Prices


def test_every_metric_has_a_name_of_its_own_and_says_what_it_is() -> None:
    chosen = metrics(embeddings=WordEmbeddings(), prices=Prices(1.0, 2.0))
    assert len({metric.name for metric in chosen}) == len(chosen) == len(METRICS) + 2
    assert all(metric.says and metric.unit for metric in chosen)
    assert metrics() == METRICS


def test_every_metric_measures_a_text_twice_alike() -> None:
    text = attempt("Two words, or a few more.", sketch=("A few words",))
    chosen = metrics(embeddings=WordEmbeddings(), prices=Prices(1.0, 2.0))
    once = [metric.measure(record(), text) for metric in chosen]
    assert None not in once
    assert [metric.measure(record(), text) for metric in chosen] == once
