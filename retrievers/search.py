"""Searches over records: by similarity, by keywords, hybrid, and MMR."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from numbers import Integral
from typing import Final, Literal, get_args

from cogenesis_langchain.errors import ConfigurationError
from cogenesis_langchain.retrievers.storage.filters import Filter
from cogenesis_langchain.retrievers.storage.records import Ranked, Record
from cogenesis_langchain.retrievers.storage.user_records import UserRecords
from cogenesis_langchain.search_terms import is_distinctive, terms

SearchType = Literal["hybrid", "similarity", "keywords", "mmr"]
"""similarity: cosine of embeddings. keywords: BM25 over all words. hybrid: similarity fused by rank
with BM25 over names, numbers and rare words. mmr: maximal marginal relevance over embeddings."""

SEARCH_TYPES: Final[tuple[SearchType, ...]] = get_args(SearchType)

_RANK_CONSTANT: Final = 60
"""Reciprocal rank fusion: score = sum of 1 / (60 + rank) (Cormack, Clarke and Büttcher, 2009)."""


MOST_RECORDS: Final = 2**30
"""Chroma takes 32 bits, and up to three times as many records are fetched as are returned."""


def check_search_type(name: str) -> SearchType:
    """Return the search type if there is one of this name.

    Raises:
        ConfigurationError: There is none.
    """
    for known in SEARCH_TYPES:
        if name == known:
            return known
    raise ConfigurationError(
        f"unknown search type {name!r}", remedy=f"use one of {', '.join(SEARCH_TYPES)}"
    )


@dataclass(frozen=True, slots=True)
class Search:
    """A search over a user's records.

    Attributes:
        query: The query, in any words.
        k: Number of records to return, at least 1.
        search_type: See `SearchType`.
        filter: Restricts the records.
        fetch_k: Number of candidates that hybrid and mmr choose from.
        lambda_mult: For mmr, from 0 to 1: 1 considers only relevance, 0 only diversity.
        score_threshold: Minimum cosine, for similarity and mmr.

    Raises:
        ConfigurationError: A value is not of its type or out of its range, or a threshold was given
            for a search type without a cosine.
    """

    query: str
    k: int = 4
    search_type: SearchType = "hybrid"
    filter: Filter = field(default_factory=Filter)
    fetch_k: int = 50
    lambda_mult: float = 0.5
    score_threshold: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.query, str):
            raise ConfigurationError(
                f"the query is a {type(self.query).__name__}", remedy="pass the query as a string"
            )
        check_search_type(self.search_type)
        for name, count in (("k", self.k), ("fetch_k", self.fetch_k)):
            if not isinstance(count, Integral) or not 1 <= count <= MOST_RECORDS:
                raise ConfigurationError(
                    f"{name} is no integer from 1 to {MOST_RECORDS}",
                    remedy=f"pass the number of records as {name}",
                )
        if not isinstance(self.lambda_mult, (int, float)) or not 0 <= self.lambda_mult <= 1:
            raise ConfigurationError(
                "lambda_mult is not a number from 0 to 1",
                remedy="pass 1 for relevance only, 0 for diversity only, or what lies between",
            )
        if self.score_threshold is not None and self.search_type not in ("similarity", "mmr"):
            raise ConfigurationError(
                f"search_type={self.search_type!r} computes no cosine for score_threshold",
                remedy='use score_threshold with search_type="similarity" or "mmr"',
            )

    def run(self, records: UserRecords) -> list[ScoredRecord]:
        """Run the search and return records with scores, best first."""
        if not self.query.strip():
            return []
        filtered = FilteredRecords(records, self.filter)
        return filtered.load(self._ranked(records, filtered))

    def _ranked(self, records: UserRecords, filtered: FilteredRecords) -> list[Ranked]:
        fetch = max(self.fetch_k, self.k)
        match self.search_type:
            case "similarity":
                return self._above_threshold(
                    filtered.nearest(records.query_vector(self.query), self.k)
                )
            case "keywords":
                return filtered.by_keywords(set(terms(self.query)), self.k)
            case "mmr":
                return self._diverse(records, filtered, fetch)
            case "hybrid":
                similar = filtered.nearest(records.query_vector(self.query), fetch)
                # Everyday words are left to the embeddings: in BM25 they would only add noise.
                rare = set(filter(is_distinctive, terms(self.query)))
                return fuse([similar, filtered.by_keywords(rare, fetch)])[: self.k]

    def _diverse(self, records: UserRecords, filtered: FilteredRecords, fetch: int) -> list[Ranked]:
        import numpy as np
        from langchain_core.vectorstores.utils import maximal_marginal_relevance

        vector = records.query_vector(self.query)
        found = self._above_threshold(filtered.nearest(vector, fetch))
        vectors = records.vectors([id_ for id_, _ in found])
        # Another thread or client may have deleted some of them since they were found.
        found = [(id_, cosine) for id_, cosine in found if id_ in vectors]
        if not found:
            return []
        chosen = maximal_marginal_relevance(
            np.asarray(vector),
            list(np.asarray([vectors[id_] for id_, _ in found])),
            lambda_mult=self.lambda_mult,
            k=self.k,
        )
        return [found[index] for index in chosen]

    def _above_threshold(self, ranked: list[Ranked]) -> list[Ranked]:
        if self.score_threshold is None:
            return ranked
        return [(id_, cosine) for id_, cosine in ranked if cosine >= self.score_threshold]


def fuse(lists: Sequence[Sequence[Ranked]]) -> list[Ranked]:
    """Fuse ranked lists by reciprocal rank.

    Args:
        lists: Ids with scores, best first. Only the ranks matter, not the scores.

    Returns:
        Every id once with its fused score, best first.
    """
    scores: dict[str, float] = {}
    for ranked in lists:
        for rank, (id_, _) in enumerate(ranked, start=1):
            scores[id_] = scores.get(id_, 0.0) + 1 / (_RANK_CONSTANT + rank)
    return sorted(scores.items(), key=lambda item: -item[1])


ScoredRecord = tuple[Record, float]

_PAGE: Final = 100
_MAX_FETCHED: Final = 1_000
"""Beyond this it is faster to let Chroma evaluate the filter on the whole collection."""


class FilteredRecords:
    """Filtered vector and keyword search over a user's records; loads each record at most once.

    Args:
        records: The user's records.
        filter: Restricts the records.
    """

    def __init__(self, records: UserRecords, filter: Filter) -> None:
        self._records = records
        self._filter = filter
        self._loaded: dict[str, Record] = {}

    def nearest(self, vector: Sequence[float], n: int) -> list[Ranked]:
        """Return the matching records nearest to a vector with their cosines, best first."""
        return self._best(
            lambda count: self._records.nearest(vector, count),
            lambda: self._records.nearest(vector, n, self._filter.condition()),
            n,
        )

    def by_keywords(self, words: set[str], n: int) -> list[Ranked]:
        """Return the matching records that contain words with their BM25 scores, best first."""

        def filtered_by_chroma() -> list[Ranked]:
            matching = set(self._records.ids(self._filter.condition()))
            ranked = self._records.by_keywords(words, self._records.count())
            return [(id_, score) for id_, score in ranked if id_ in matching][:n]

        return self._best(
            lambda count: self._records.by_keywords(words, count), filtered_by_chroma, n
        )

    def load(self, ranked: Sequence[Ranked]) -> list[ScoredRecord]:
        """Return the records of ranked ids, in the same order."""
        missing = [id_ for id_, _ in ranked if id_ not in self._loaded]
        if missing:
            self._loaded |= self._records.get(missing)
        return [(self._loaded[id_], score) for id_, score in ranked if id_ in self._loaded]

    def _best(
        self,
        find: Callable[[int], list[Ranked]],
        filtered_by_chroma: Callable[[], list[Ranked]],
        n: int,
    ) -> list[Ranked]:
        """Return the best records that match the filter.

        Chroma evaluates a condition on the whole collection before it searches. In a large
        collection that takes a hundred times as long as the search. So more records than needed are
        fetched and filtered here, as long as enough of them match.
        """
        if self._filter.matches_all:
            return find(n)
        chroma_can_evaluate = self._filter.chroma_can_evaluate(encrypted=self._records.encrypted)
        fetch = 2 * n + 20
        while True:
            ranked = find(fetch)
            found = self._matching(ranked, n)
            if len(found) == n or len(ranked) < fetch:
                return found
            # Estimate the number needed from the share of matches so far, and add half of it.
            fetch = fetch * 3 * n // (2 * max(len(found), 1)) + 1
            if chroma_can_evaluate and fetch > _MAX_FETCHED:
                return filtered_by_chroma()

    def _matching(self, ranked: Sequence[Ranked], n: int) -> list[Ranked]:
        matching: list[Ranked] = []
        for start in range(0, len(ranked), _PAGE):
            page = self.load(ranked[start : start + _PAGE])
            matching += [
                (record.id, score) for record, score in page if self._filter.matches(record)
            ]
            if len(matching) >= n:
                break
        return matching[:n]
