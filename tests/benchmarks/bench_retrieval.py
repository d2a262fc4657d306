"""Retrieval on the labelled set: by meaning, by words, by both.

Which words hybrid search looks for, and how much they count, is chosen on ten development people;
what it is worth is told on the ten others. Each time everything is in one store (600 snippets of 20
people) and then each person's snippets in a store of their own.
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
from cogenesis_langchain.terms import EVERYDAY_ZIPF, is_distinctive, terms

Ranking = Callable[[ContextStore, Question], list[str]]
"""Names ten snippets, best first."""

FETCHED: Final = 50
PLACES: Final = ("everyone's", "their own")
KINDS_OF_QUESTION: Final = {"other words": False, "names": True, "all": None}


@dataclass(frozen=True)
class Candidate:
    """A way to fuse: which words are looked for, and how often each list counts."""

    everyday: float
    meaning: int
    words: int

    def ranking(self, store: ContextStore, question: Question) -> list[str]:
        """Rank as `Search` does for hybrid."""
        records = store._records
        meant = records.nearest(records.query_vector(question.text), FETCHED)
        telling = {term for term in terms(question.text) if is_distinctive(term, self.everyday)}
        found = records.matching(telling, FETCHED)
        fused = fuse([*[meant] * self.meaning, *[found] * self.words])
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
    for place in PLACES:
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
    """Score every question, in everyone's store and in the person's own."""
    return np.concatenate([scores(store, everyone, ranking, place) for place in PLACES])


def scores(
    store: ContextStore,
    everyone: Sequence[Person],
    ranking: Ranking,
    place: str,
    by_name: bool | None = None,
) -> NDArray[np.float64]:
    """Score questions: recall among the first five, reciprocal rank of the first right one.

    Args:
        store: Everyone's store; each person's own is beside it.
        everyone: Whose questions.
        ranking: What is scored.
        place: Which store is asked.
        by_name: Whether the questions name a name or a number; None is both kinds.

    Returns:
        Scores; shape (questions, 2).
    """
    rows = []
    for person in everyone:
        asked = store if place == "everyone's" else store.for_user(person.name)
        for question in person.questions:
            if by_name in (None, question.by_name):
                ids = ranking(asked, question)
                ranks = [rank for rank, id_ in enumerate(ids, 1) if id_ in question.relevant]
                recall = len([rank for rank in ranks if rank <= 5]) / len(question.relevant)
                rows.append((recall, 1 / ranks[0] if ranks else 0.0))
    return np.array(rows)


if __name__ == "__main__":
    main()
