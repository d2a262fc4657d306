"""How near a text is to texts of the user: the reference, and what the user wrote earlier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from langchain_core.embeddings import Embeddings
from rouge_score.rouge_scorer import RougeScorer

from cogenesis_langchain.retrievers.embeddings import LocalEmbeddings
from experiments.attempt import Attempt
from experiments.records.record import Record
from experiments.scorers.metric import Metric, of_text

_SCORER: Final = RougeScorer(["rougeL"], use_stemmer=True)


def _rouge_l(record: Record, attempt: Attempt) -> float:
    score = _SCORER.score(record.reference, attempt.text)["rougeL"]
    return float(score.fmeasure)


def closeness_to_earlier_writing(
    embeddings: Embeddings, trusted_hosts: Sequence[str] = ()
) -> Metric:
    """Make the metric that compares a text with the user's earlier writings by meaning and tone.

    Args:
        embeddings: Computed on this machine, such as `LocalMiniLM`.
        trusted_hosts: Hosts besides loopback that may see the texts.

    Returns:
        The mean cosine of the text's embedding with those of the earlier writings. It depends on
        their topics too, so only the values of different settings on the same records compare.

    Raises:
        UntrustedLocalModel: The embeddings would send private text elsewhere.
    """
    local = LocalEmbeddings(embeddings, trusted_hosts)

    def measure(record: Record, attempt: Attempt) -> float | None:
        if not record.earlier_writings or not attempt.text.strip():
            return None
        texts = [attempt.text, *(writing.text for writing in record.earlier_writings)]
        vectors = local.documents(texts)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return float((vectors[1:] @ vectors[0]).mean())

    return replace(CLOSENESS, measure=of_text(measure))


CLOSENESS: Final = Metric(
    "closeness to earlier writing",
    "mean cosine of the text's embedding with those of what the user wrote before",
    "cosine",
    "higher",
    lambda record, attempt: None,
)
"""Applies to no text without an embedding model; see `closeness_to_earlier_writing`."""

ROUGE_L: Final = Metric(
    "ROUGE-L",
    "longest common subsequence of stems with the reference, F1 (Lin, 2004)",
    "F1",
    "higher",
    of_text(_rouge_l),
)
