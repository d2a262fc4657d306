"""Retrieval on the labelled set: by meaning, by words, by both.

Everything in one store (600 snippets of 20 people), then each person in a store of their own.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import get_args

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from retrieval_set import Question, people
from rich.console import Console
from rich.table import Table

from cogenesis_langchain.retrievers.context_store import ContextStore
from cogenesis_langchain.retrievers.search import Search, SearchType

Ranking = Callable[[str], list[str]]


def main() -> None:
    everyone = people()
    table = Table("store", "search", "questions", "n", "recall@5", "MRR")
    with tempfile.TemporaryDirectory() as folder, ContextStore(folder) as store:
        store.add_documents(snippet for person in everyone for snippet in person.snippets)
        for search_type in get_args(SearchType):
            scored = [
                (question, scores(question, ranking(store, search_type)))
                for person in everyone
                for question in person.questions
            ]
            add_rows(table, "everyone's", search_type, scored)
        for person in everyone:
            store.for_user(person.name).add_documents(person.snippets)
        for search_type in get_args(SearchType):
            scored = [
                (question, scores(question, ranking(store.for_user(person.name), search_type)))
                for person in everyone
                for question in person.questions
            ]
            add_rows(table, "their own", search_type, scored)
    Console().print(table)


def ranking(store: ContextStore, search_type: SearchType) -> Ranking:
    """Return a function from a question to the ids of ten snippets, best first."""

    def ranked(question: str) -> list[str]:
        found = store.search(Search(question, 10, search_type))
        return [document.id or "" for document, _ in found]

    return ranked


def scores(question: Question, ranked: Ranking) -> tuple[float, float]:
    """Return recall among the first five and the reciprocal rank of the first right one."""
    ids = ranked(question.text)
    recall = len(question.relevant & set(ids[:5])) / len(question.relevant)
    first = next((rank for rank, id_ in enumerate(ids, 1) if id_ in question.relevant), None)
    return recall, 1 / first if first else 0.0


def add_rows(
    table: Table,
    store: str,
    search_type: SearchType,
    scored: Iterable[tuple[Question, tuple[float, float]]],
) -> None:
    """Add a row for questions in other words, by names and numbers, and all."""
    results = list(scored)
    for name, wanted in (("other words", [False]), ("names", [True]), ("all", [False, True])):
        chosen = np.array([result for question, result in results if question.by_name in wanted])
        recall, mrr = chosen.mean(axis=0)
        table.add_row(store, search_type, name, str(len(chosen)), f"{recall:.3f}", f"{mrr:.3f}")


if __name__ == "__main__":
    main()
