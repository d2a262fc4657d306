"""Ways of finding records: by meaning, by words, by both, and by meaning without repetition."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from cogenesis_langchain.errors import ConfigurationError
from cogenesis_langchain.retrievers.filters import Filter
from cogenesis_langchain.retrievers.records import Record
from cogenesis_langchain.retrievers.terms import is_telling, terms
from cogenesis_langchain.retrievers.user_records import UserRecords

SearchType = Literal["hybrid", "similarity", "keywords", "mmr"]
"""similarity: cosine of embeddings. keywords: BM25 over all words. hybrid: similarity and BM25 over
names, numbers and rare words, fused by rank. mmr: maximal marginal relevance over embeddings."""

Hit = tuple[Record, float]

_RANK_CONSTANT: Final = 60
"""Of reciprocal rank fusion: score = sum of 1 / (60 + rank) (Cormack, Clarke, Büttcher 2009)."""


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for.

    Attributes:
        query: Any text.
        k: How many records.
        search_type: See `SearchType`.
        filter: What a record must be.
        fetch_k: How many candidates hybrid and mmr choose from.
        lambda_mult: Of mmr: 1 looks at relevance alone, 0 at variety alone.
        score_threshold: Least cosine, of similarity and mmr.

    Raises:
        ConfigurationError: A threshold where there is no cosine.
    """

    query: str
    k: int = 4
    search_type: SearchType = "hybrid"
    filter: Filter = field(default_factory=Filter)
    fetch_k: int = 50
    lambda_mult: float = 0.5
    score_threshold: float | None = None

    def __post_init__(self) -> None:
        if self.score_threshold is not None and self.search_type not in ("similarity", "mmr"):
            raise ConfigurationError(
                f"search_type={self.search_type!r} has no cosine to compare with score_threshold",
                remedy="use similarity or mmr with a score_threshold",
            )

    def run(self, records: UserRecords) -> list[Hit]:
        """Return what is found, best first, with scores of the search type."""
        if not self.query.strip():
            return []
        match self.search_type:
            case "similarity":
                return self._by_meaning(records, self.k)[0]
            case "keywords":
                return self._by_words(records, set(terms(self.query)), self.k)
            case "mmr":
                return self._varied(records)
            case "hybrid":
                fetch = max(self.fetch_k, self.k)
                meant, _ = self._by_meaning(records, fetch)
                telling = set(filter(is_telling, terms(self.query)))
                return fuse([meant, self._by_words(records, telling, fetch)])[: self.k]

    def _by_meaning(self, records: UserRecords, n: int) -> tuple[list[Hit], Sequence[float]]:
        """Return the nearest admitted records and the query's vector.

        Chroma evaluates a condition over the whole collection first, which takes a hundred times
        as long as the search itself in a large one; so more is fetched and then filtered, and the
        condition is used only if that is not enough.
        """
        vector = records.query_vector(self.query)
        condition = self.filter.condition()
        fetch = n if condition is None else 2 * n + 20
        found = [hit for hit in records.nearest(vector, fetch) if self.filter.admits(hit[0])]
        if condition is not None and len(found) < n and fetch < records.count():
            found = records.nearest(vector, n, condition)
        least = -1.0 if self.score_threshold is None else self.score_threshold
        return [hit for hit in found[:n] if hit[1] >= least], vector

    def _by_words(self, records: UserRecords, words: Collection[str], n: int) -> list[Hit]:
        fetch = n if self.filter.condition() is None else 2 * n + 20
        while True:
            found = records.matching(words, fetch)
            admitted = [hit for hit in found if self.filter.admits(hit[0])]
            if len(admitted) >= n or len(found) < fetch:
                return admitted[:n]
            fetch *= 8

    def _varied(self, records: UserRecords) -> list[Hit]:
        import numpy as np
        from langchain_core.vectorstores.utils import maximal_marginal_relevance

        found, vector = self._by_meaning(records, max(self.fetch_k, self.k))
        if not found:
            return []
        vectors = records.vectors([record.id for record, _ in found])
        chosen = maximal_marginal_relevance(
            np.asarray(vector), list(vectors), lambda_mult=self.lambda_mult, k=self.k
        )
        return [found[index] for index in chosen]


def fuse(lists: Sequence[Sequence[Hit]]) -> list[Hit]:
    """Fuse ranked lists by reciprocal rank.

    Args:
        lists: Hits, best first; their own scores do not count.

    Returns:
        Every record once with its fused score, best first.
    """
    records: dict[str, Record] = {}
    scores: dict[str, float] = {}
    for hits in lists:
        for rank, (record, _) in enumerate(hits, start=1):
            records[record.id] = record
            scores[record.id] = scores.get(record.id, 0.0) + 1 / (_RANK_CONSTANT + rank)
    order = sorted(scores, key=lambda id_: -scores[id_])
    return [(records[id_], scores[id_]) for id_ in order]
