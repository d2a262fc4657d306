"""Metrics of similarity: to the reference, and to what the user wrote earlier."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from langchain_core.embeddings import Embeddings
from rouge_score.rouge_scorer import RougeScorer

from cogenesis_langchain.datasets.record import Record
from cogenesis_langchain.retrievers.embeddings import LocalEmbeddings
from experiments.attempt import Attempt
from experiments.scorers.metric import Metric, of_text

_SCORER: Final = RougeScorer(["rougeL"], use_stemmer=True)


def _rouge_l(record: Record, attempt: Attempt) -> float:
    score = _SCORER.score(record.reference, attempt.text)["rougeL"]
    return float(score.fmeasure)


def closeness_to_earlier_writing(embeddings: Embeddings) -> Metric:
    """Make the metric `CLOSENESS` with an embedding model on this machine.

    Raises:
        UntrustedLocalModel: The embeddings would send private text elsewhere.
    """
    local = LocalEmbeddings(embeddings, ())

    def measure(record: Record, attempt: Attempt) -> float | None:
        if not record.earlier_writings or not attempt.text.strip():
            return None
        texts = [attempt.text, *(writing.text for writing in record.earlier_writings)]
        vectors = local.documents(texts)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return float((vectors[1:] @ vectors[0]).mean())

    return replace(CLOSENESS, measure=of_text(measure))


CLOSENESS: Final = Metric(
    "closeness to earlier writing", "cosine", "higher", lambda record, attempt: None
)
"""Mean cosine similarity of the embeddings of the text and of the user's earlier texts. It depends
on their topics too, so only values for the same records compare. Without an embedding model it
applies to no text; see `closeness_to_earlier_writing`."""
ROUGE_L: Final = Metric("ROUGE-L", "F1", "higher", of_text(_rouge_l))
"""Longest common subsequence of stems with the reference, F1 (Lin, 2004)."""
