"""Recall and reciprocal rank of each search type on the labelled retrieval set.

Which words hybrid search looks for, and the weights of its two lists, are chosen on ten development
people and evaluated on ten others. Both are measured with everything in one store (600 snippets of
20 people) and with one store per person.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Final, get_args

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from support.retrieval_set import Person, Question, people

from cogenesis_langchain.retrievers.context_store import ContextStore
from cogenesis_langchain.retrievers.search import Search, SearchType, fuse
from cogenesis_langchain.search_terms import EVERYDAY_ZIPF, is_distinctive, terms

Ranking = Callable[[ContextStore, Question], list[str]]
"""Returns the ids of ten snippets, best first."""

FETCHED: Final = 50
STORES: Final = ("shared", "one per person")
KINDS_OF_QUESTION: Final = {"other words": False, "names": True, "all": None}


@dataclass(frozen=True)
class Candidate:
    """Settings of hybrid search: which words it looks for, and the weight of each list."""

    everyday: float
    meaning: int
    words: int

    def ranking(self, store: ContextStore, question: Question) -> list[str]:
        """Rank as `Search` does for hybrid search."""
        records = store._records
        similar = records.nearest(records.query_vector(question.text), FETCHED)
        rare = {term for term in terms(question.text) if is_distinctive(term, self.everyday)}
        found = records.by_keywords(rare, FETCHED)
        fused = fuse([*[similar] * self.meaning, *[found] * self.words])
        return [id_ for id_, _ in fused[:10]]


CANDIDATES: Final = tuple(
    Candidate(everyday, meaning, words)
    for meaning, words in ((1, 1), (2, 1), (1, 2))
    for everyday in (3.0, 3.5, 4.0, 4.5, 5.0, inf)
)


def main() -> None:
    everyone = people()
    development, held_out = everyone[::2], everyone[1::2]
    with tempfile.TemporaryDirectory() as folder, ContextStore(folder) as store:
        store.add_documents(snippet for person in everyone for snippet in person.snippets)
        for person in everyone:
            store.for_user(person.name).add_documents(person.snippets)
        console = Console(width=100)
        console.print(choice(store, development))
        console.print(comparison(store, held_out))


def choice(store: ContextStore, development: Sequence[Person]) -> Table:
    """Compare the candidates on the development people, best first."""
    table = Table("words rarer than Zipf", "meaning : words", "recall@5", "MRR", "mean", "")
    scored = [(all_scores(store, development, one.ranking).mean(axis=0), one) for one in CANDIDATES]
    for (recall, mrr), one in sorted(scored, key=lambda row: -row[0].sum()):
        table.add_row(
            "all words" if one.everyday == inf else f"{one.everyday}",
            f"{one.meaning} : {one.words}",
            *(f"{value:.4f}" for value in (recall, mrr, (recall + mrr) / 2)),
            "shipped" if one == Candidate(EVERYDAY_ZIPF, 1, 1) else "",
        )
    return table


def comparison(store: ContextStore, held_out: Sequence[Person]) -> Table:
    """Compare the search types on the held-out people."""
    table = Table("store", "search", "questions", "n", "recall@5", "MRR")
    for place in STORES:
        for search_type in get_args(SearchType):
            for name, by_name in KINDS_OF_QUESTION.items():
                found = scores(store, held_out, searching(search_type), place, by_name)
                recall, mrr = found.mean(axis=0)
                table.add_row(
                    place, search_type, name, str(len(found)), f"{recall:.3f}", f"{mrr:.3f}"
                )
    return table


def searching(search_type: SearchType) -> Ranking:
    """Rank as the store does."""

    def ranking(store: ContextStore, question: Question) -> list[str]:
        found = store.search(Search(question.text, 10, search_type))
        return [document.id or "" for document, _ in found]

    return ranking


def all_scores(
    store: ContextStore, everyone: Sequence[Person], ranking: Ranking
) -> NDArray[np.float64]:
    """Score every question, in the shared store and in the person's own."""
    return np.concatenate([scores(store, everyone, ranking, place) for place in STORES])


def scores(
    store: ContextStore,
    everyone: Sequence[Person],
    ranking: Ranking,
    place: str,
    by_name: bool | None = None,
) -> NDArray[np.float64]:
    """Score questions: recall@5 and the reciprocal rank of the first relevant snippet.

    Args:
        store: The shared store; each person's own store is next to it.
        everyone: The people whose questions are asked.
        ranking: The ranking to score.
        place: The store to ask.
        by_name: Whether the questions contain a name or a number; None asks both kinds.

    Returns:
        Scores; shape (questions, 2).
    """
    rows = []
    for person in everyone:
        asked = store if place == "shared" else store.for_user(person.name)
        for question in person.questions:
            if by_name in (None, question.by_name):
                ids = ranking(asked, question)
                ranks = [rank for rank, id_ in enumerate(ids, 1) if id_ in question.relevant]
                recall = len([rank for rank in ranks if rank <= 5]) / len(question.relevant)
                rows.append((recall, 1 / ranks[0] if ranks else 0.0))
    return np.array(rows)


if __name__ == "__main__":
    main()
