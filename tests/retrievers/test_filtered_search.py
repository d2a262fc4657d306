"""A filter selects the same records whether Chroma or Python evaluates it."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from langchain_core.documents import Document
from support.word_embeddings import WordEmbeddings

from cogenesis_langchain.retrievers.context_store import ContextStore
from cogenesis_langchain.retrievers.search import Search, SearchType
from cogenesis_langchain.retrievers.storage.filters import Filter
from cogenesis_langchain.retrievers.storage.records import KINDS

pytestmark = pytest.mark.slow

NUMBERS = [2023, 2024, 2023.5, 2023.2, -2, -3, -2.5, 0, 0.5, -0.5, True, "2023"]
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "$eq": operator.eq,
    "$ne": operator.ne,
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
}
RARE = {"place": "Ghent"}


@pytest.fixture(params=[None, bytes(range(32))], ids=["plain", "encrypted"])
def store(folder: Path, request: pytest.FixtureRequest) -> Iterator[ContextStore]:
    with ContextStore(folder, embeddings=WordEmbeddings(), key=request.param) as store:
        yield store


def passes(value: object, how: str, number: float) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return how == "$ne"
    return COMPARISONS[how](value, number)


def test_integers_and_fractions_compare_as_numbers(store: ContextStore) -> None:
    store.add_documents(
        Document(page_content=f"note {i}", metadata={"n": n}) for i, n in enumerate(NUMBERS)
    )

    def numbers(how: str, what: object) -> list[object]:
        found = store.list_documents(Filter(where={"n": {how: what}}))
        return [document.metadata["n"] for document in found]

    for how in COMPARISONS:
        for number in (2023.5, -2.5, 0.5, 2023.0, 2023):
            wanted = [value for value in NUMBERS if passes(value, how, number)]
            assert numbers(how, number) == wanted, (how, number)
    assert numbers("$in", [2023.5, 0.5, 2024.0]) == [2024, 2023.5, 0.5]
    rest = [value for value in NUMBERS if value not in (2024, 2023.5, 0.5)]
    assert numbers("$nin", [2023.5, 0.5, 2024.0]) == rest


@pytest.mark.parametrize("search_type", ["hybrid", "similarity", "keywords", "mmr"])
def test_rare_matches_are_found_among_many_records(
    store: ContextStore, search_type: SearchType
) -> None:
    """The few matches are least similar to the query, so the first candidates contain none."""
    store.add_documents(
        Document(
            page_content=f"rent {'of the flat ' * (i % 400 == 7)}{i}",
            metadata={"kind": KINDS[i % 4], "place": "Ghent" if i % 400 == 7 else "Oslo"},
        )
        for i in range(1200)
    )
    for filter_ in (Filter(where=RARE), Filter(kinds=["document"], where=RARE)):
        found = store.search(Search("rent", 10, search_type, filter_))
        assert len(found) == len(store.ids(filter_)) == 3
        assert {document.metadata["place"] for document, _ in found} == {"Ghent"}


def test_pages_of_a_filtered_list_are_complete(store: ContextStore) -> None:
    store.add_documents(
        Document(page_content=f"note {i}", metadata={"even": i % 2 == 0}) for i in range(60)
    )
    even = Filter(where={"even": True})
    pages = [store.list_documents(even, limit=7, offset=start) for start in range(0, 30, 7)]
    assert [document for page in pages for document in page] == store.list_documents(even)
    assert len(store.ids(even)) == 30
