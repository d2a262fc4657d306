"""Ways of finding records: by meaning, by words, by both, and by meaning without repetition."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from cogenesis_langchain.errors import ConfigurationError
from cogenesis_langchain.retrievers.storage.filters import Filter
from cogenesis_langchain.retrievers.storage.records import Ranked, Record
from cogenesis_langchain.retrievers.storage.user_records import UserRecords
from cogenesis_langchain.terms import is_distinctive, terms

SearchType = Literal["hybrid", "similarity", "keywords", "mmr"]
"""similarity: cosine of embeddings. keywords: BM25 over all words. hybrid: similarity and BM25 over
names, numbers and rare words, fused by rank. mmr: maximal marginal relevance over embeddings."""

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

    def run(self, records: UserRecords) -> list[SearchHit]:
        """Return what is found, best first, with scores of the search type."""
        if not self.query.strip():
            return []
        candidates = Candidates(records, self.filter)
        return candidates.hits(self._ranked(records, candidates))

    def _ranked(self, records: UserRecords, candidates: Candidates) -> list[Ranked]:
        fetch = max(self.fetch_k, self.k)
        match self.search_type:
            case "similarity":
                return self._above_threshold(
                    candidates.nearest(records.query_vector(self.query), self.k)
                )
            case "keywords":
                return candidates.matching(set(terms(self.query)), self.k)
            case "mmr":
                return self._varied(records, candidates, fetch)
            case "hybrid":
                meant = candidates.nearest(records.query_vector(self.query), fetch)
                telling = set(filter(is_distinctive, terms(self.query)))
                return fuse([meant, candidates.matching(telling, fetch)])[: self.k]

    def _varied(self, records: UserRecords, candidates: Candidates, fetch: int) -> list[Ranked]:
        import numpy as np
        from langchain_core.vectorstores.utils import maximal_marginal_relevance

        vector = records.query_vector(self.query)
        found = self._above_threshold(candidates.nearest(vector, fetch))
        if not found:
            return []
        vectors = records.vectors([id_ for id_, _ in found])
        chosen = maximal_marginal_relevance(
            np.asarray(vector), list(vectors), lambda_mult=self.lambda_mult, k=self.k
        )
        return [found[index] for index in chosen]

    def _above_threshold(self, ranked: list[Ranked]) -> list[Ranked]:
        if self.score_threshold is None:
            return ranked
        return [one for one in ranked if one[1] >= self.score_threshold]


def fuse(lists: Sequence[Sequence[Ranked]]) -> list[Ranked]:
    """Fuse ranked lists by reciprocal rank.

    Args:
        lists: Ids, best first; their own scores do not count.

    Returns:
        Every id once with its fused score, best first.
    """
    scores: dict[str, float] = {}
    for ranked in lists:
        for rank, (id_, _) in enumerate(ranked, start=1):
            scores[id_] = scores.get(id_, 0.0) + 1 / (_RANK_CONSTANT + rank)
    return sorted(scores.items(), key=lambda one: -one[1])


SearchHit = tuple[Record, float]

_PAGE: Final = 100
_MOST_FETCHED: Final = 1_000
"""From here on it is quicker to let Chroma test the whole collection."""


class Candidates:
    """The records of one search, each loaded once at most.

    Args:
        records: Where they are.
        filter: What a record must be.
    """

    def __init__(self, records: UserRecords, filter: Filter) -> None:
        self._records = records
        self._filter = filter
        self._loaded: dict[str, Record] = {}

    def nearest(self, vector: Sequence[float], n: int) -> list[Ranked]:
        """Return the admitted records nearest to a vector with their cosines, best first."""
        return self._best(
            lambda count: self._records.nearest(vector, count),
            lambda: self._records.nearest(vector, n, self._filter.condition()),
            n,
        )

    def matching(self, words: set[str], n: int) -> list[Ranked]:
        """Return the admitted records that hold words with their BM25 scores, best first."""

        def tested_by_chroma() -> list[Ranked]:
            admitted = set(self._records.ids(self._filter.condition()))
            ranked = self._records.matching(words, self._records.count())
            return [one for one in ranked if one[0] in admitted][:n]

        return self._best(lambda count: self._records.matching(words, count), tested_by_chroma, n)

    def hits(self, ranked: Sequence[Ranked]) -> list[SearchHit]:
        """Return the records of ranked ids, in their order."""
        self._load(ranked)
        return [(self._loaded[id_], score) for id_, score in ranked if id_ in self._loaded]

    def _best(
        self,
        find: Callable[[int], list[Ranked]],
        tested_by_chroma: Callable[[], list[Ranked]],
        n: int,
    ) -> list[Ranked]:
        """Return the best admitted records.

        Chroma tests a condition on the whole collection before it searches, which in a large one
        takes a hundred times as long as the search. So more is fetched than is wanted and then
        tested here, as long as the filter admits enough of it.
        """
        if self._filter.admits_all:
            return find(n)
        known_to_chroma = self._filter.is_known_to_chroma(sealed=self._records.sealed)
        fetch = 2 * n + 20
        while True:
            ranked = find(fetch)
            found = self._admitted(ranked, n)
            if len(found) == n or len(ranked) < fetch:
                return found
            fetch = fetch * 3 * n // (2 * max(len(found), 1)) + 1
            if known_to_chroma and fetch > _MOST_FETCHED:
                return tested_by_chroma()

    def _admitted(self, ranked: Sequence[Ranked], n: int) -> list[Ranked]:
        admitted: list[Ranked] = []
        for start in range(0, len(ranked), _PAGE):
            page = self.hits(ranked[start : start + _PAGE])
            admitted += [(one.id, score) for one, score in page if self._filter.admits(one)]
            if len(admitted) >= n:
                break
        return admitted[:n]

    def _load(self, ranked: Sequence[Ranked]) -> None:
        missing = [id_ for id_, _ in ranked if id_ not in self._loaded]
        if missing:
            self._loaded |= self._records.get(missing)
