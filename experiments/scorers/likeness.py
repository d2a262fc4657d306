"""How near a text is to texts of the user: the reference, and what the user wrote earlier."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

from langchain_core.embeddings import Embeddings

from experiments.records.record import Record
from cogenesis_langchain.errors import MissingDependency
from experiments.scorers.metric import Metric, of_text
from cogenesis_langchain.evaluation.results import Attempt
from cogenesis_langchain.retrievers.local_embeddings import LocalEmbeddings

if TYPE_CHECKING:
    from rouge_score.rouge_scorer import RougeScorer


def _rouge_l(record: Record, attempt: Attempt) -> float:
    score = _scorer().score(record.reference, attempt.text)["rougeL"]
    return float(score.fmeasure)


@cache
def _scorer() -> RougeScorer:
    try:
        from rouge_score.rouge_scorer import RougeScorer
    except ImportError:
        raise MissingDependency("rouge_score", extra="evaluation") from None
    return RougeScorer(["rougeL"], use_stemmer=True)


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
        import numpy as np

        if not record.earlier_writings or not attempt.text.strip():
            return None
        texts = [attempt.text, *(writing.text for writing in record.earlier_writings)]
        vectors = local.documents(texts)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return float((vectors[1:] @ vectors[0]).mean())

    return Metric(
        "closeness to earlier writing",
        "mean cosine of the text's embedding with those of what the user wrote before",
        "cosine",
        "higher",
        of_text(measure),
    )


ROUGE_L: Final = Metric(
    "ROUGE-L",
    "longest common subsequence of stems with the reference, F1 (Lin, 2004)",
    "F1",
    "higher",
    of_text(_rouge_l),
)
