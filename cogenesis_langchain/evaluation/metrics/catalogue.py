"""All metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from langchain_core.embeddings import Embeddings

from cogenesis_langchain.evaluation.metrics.copying import COPIED_FROM_NOTES
from cogenesis_langchain.evaluation.metrics.facts import (
    INVENTED_VALUES,
    LEFTOVER_PLACEHOLDERS,
    REQUIRED_FACTS,
)
from cogenesis_langchain.evaluation.metrics.form import RELATIVE_LENGTH, REPETITION, WORDS
from cogenesis_langchain.evaluation.metrics.likeness import ROUGE_L, closeness_to_earlier_writing
from cogenesis_langchain.evaluation.metrics.metric import Metric
from cogenesis_langchain.evaluation.metrics.outline import OUTLINE_COPIED, OUTLINE_COVERED
from cogenesis_langchain.evaluation.metrics.style import STYLE_DISTANCE
from cogenesis_langchain.evaluation.metrics.traffic import (
    BYTES_RECEIVED,
    BYTES_SENT,
    CLOUD_CALLS,
    CLOUD_TOKENS_READ,
    CLOUD_TOKENS_WRITTEN,
    FAILED,
    LOCAL_TOKENS_READ,
    LOCAL_TOKENS_WRITTEN,
    PRIVATE_STRINGS,
    SECONDS,
    Prices,
    cost,
)

METRICS: Final[tuple[Metric, ...]] = (
    REQUIRED_FACTS,
    LEFTOVER_PLACEHOLDERS,
    INVENTED_VALUES,
    PRIVATE_STRINGS,
    ROUGE_L,
    STYLE_DISTANCE,
    OUTLINE_COVERED,
    OUTLINE_COPIED,
    COPIED_FROM_NOTES,
    REPETITION,
    WORDS,
    RELATIVE_LENGTH,
    FAILED,
    CLOUD_CALLS,
    BYTES_SENT,
    BYTES_RECEIVED,
    CLOUD_TOKENS_READ,
    CLOUD_TOKENS_WRITTEN,
    LOCAL_TOKENS_READ,
    LOCAL_TOKENS_WRITTEN,
    SECONDS,
)
"""The metrics that need nothing but the record and the attempt."""


def metrics(
    *,
    embeddings: Embeddings | None = None,
    prices: Prices | None = None,
    trusted_hosts: Sequence[str] = (),
) -> tuple[Metric, ...]:
    """Return `METRICS` with those that need an embedding model or prices, where these are given.

    Args:
        embeddings: Computed on this machine; None leaves the closeness to earlier writing out.
        prices: Of the cloud model; None leaves the cost out.
        trusted_hosts: Hosts besides loopback that the embeddings may send texts to.

    Raises:
        UntrustedLocalModel: The embeddings would send private text elsewhere.
    """
    chosen = list(METRICS)
    if embeddings is not None:
        closeness = closeness_to_earlier_writing(embeddings, trusted_hosts)
        chosen.insert(chosen.index(STYLE_DISTANCE), closeness)
    if prices is not None:
        chosen.append(cost(prices))
    return tuple(chosen)
