"""What a search chooses from: ranked ids, and the records behind them where they are needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from cogenesis_langchain.retrievers.filters import Filter
from cogenesis_langchain.retrievers.records import Ranked, Record
from cogenesis_langchain.retrievers.user_records import UserRecords

Hit = tuple[Record, float]

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

    def hits(self, ranked: Sequence[Ranked]) -> list[Hit]:
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
