"""Two users with the same texts in one folder: no query or filter returns the other's records.

By default some hundred random queries; ``pytest tests/retrievers --hypothesis-profile=thorough``
runs ten thousand.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.documents import Document
from support.thorough import CASES
from support.word_embeddings import WordEmbeddings

from cogenesis_langchain.errors import StoreError
from cogenesis_langchain.retrievers.context_store import ContextStore
from cogenesis_langchain.retrievers.private_context import PrivateContextRetriever
from cogenesis_langchain.retrievers.search import Search, SearchType
from cogenesis_langchain.retrievers.storage.chroma.collection import collection_name
from cogenesis_langchain.retrievers.storage.filters import Filter
from cogenesis_langchain.retrievers.storage.records import KINDS, make_record

pytestmark = pytest.mark.slow

USERS = ("ann", "ben")
WORDS = [
    "rent",
    "key",
    "doctor",
    "train",
    "Noor",
    "Ghent",
    "Oslo",
    "invoice",
    "garden",
    "4471",
    "2026",
    "allergy",
    "school",
]
PLACES = ["Ghent", "Oslo", "Łódź"]
NUMBERS = [2023, 2024, 2025, 2023.5, 2024.0]
NAMES = ["owner", "place", "year", "score", "done", "missing"]


def documents(user: str) -> list[Document]:
    """A user's documents. Those of the two users differ only in their owner."""
    drawn = random.Random(7)
    return [
        Document(
            page_content=" ".join(drawn.choices(WORDS, k=5)) + f" {i}",
            metadata={
                "kind": drawn.choice(KINDS),
                "owner": user,
                "place": drawn.choice(PLACES),
                "year": drawn.choice([2023, 2024, 2025]),
                "score": drawn.random() + 2023,
                "done": drawn.random() < 0.5,
                **({"date": f"2026-0{drawn.randint(1, 9)}-11"} if i % 2 else {}),
            },
        )
        for i in range(150)
    ]


RECORDS = {user: [make_record(document) for document in documents(user)] for user in USERS}


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, ContextStore]]:
    folder = tmp_path_factory.mktemp("shared") / "store"
    with ContextStore(folder, "ann", WordEmbeddings()) as ann:
        both = {user: ann.for_user(user) for user in USERS}
        for user in USERS:
            both[user].add_documents(documents(user))
        yield both


texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
scalars = st.one_of(st.sampled_from([*USERS, *PLACES]), st.sampled_from(NUMBERS), st.booleans())
lists = st.one_of(
    st.lists(st.sampled_from([*USERS, *PLACES]), min_size=1, max_size=3),
    st.lists(st.sampled_from([2023, 2024]), min_size=1, max_size=2),
)
tests = st.one_of(
    scalars,
    st.dictionaries(st.sampled_from(["$eq", "$ne"]), scalars, min_size=1),
    st.dictionaries(st.sampled_from(["$in", "$nin"]), lists, min_size=1),
    st.dictionaries(
        st.sampled_from(["$gt", "$gte", "$lt", "$lte"]), st.sampled_from(NUMBERS), min_size=1
    ),
)
days = st.one_of(st.none(), st.sampled_from(["2026-03-11", "2026-05-01", "2026-08-11T09:30"]))
filters = st.builds(
    Filter,
    kinds=st.lists(st.sampled_from(KINDS), max_size=2, unique=True),
    since=days,
    until=days,
    where=st.dictionaries(st.sampled_from(NAMES), tests, max_size=3),
)
search_types: st.SearchStrategy[SearchType] = st.sampled_from(
    ["hybrid", "similarity", "keywords", "mmr"]
)
searches = st.builds(
    Search,
    query=texts,
    k=st.sampled_from([1, 4, 40, 200]),
    search_type=search_types,
    filter=filters,
)


CallStyle = Callable[[ContextStore, Search], Sequence[Document]]


def by_retriever(store: ContextStore, search: Search) -> list[Document]:
    retriever = PrivateContextRetriever(store=store.for_user("somebody else"))
    filter_ = search.filter
    return retriever.invoke(
        search.query,
        user=store.user,
        k=search.k,
        search_type=search.search_type,
        kinds=filter_.kinds,
        since=filter_.since,
        until=filter_.until,
        where=filter_.where,
        profile=False,
    )


def by_vector_store(store: ContextStore, search: Search) -> list[Document]:
    return store.as_vector_store().similarity_search(
        search.query, search.k, filter=search.filter.where
    )


CALL_STYLES: dict[str, CallStyle] = {
    "search": lambda store, search: [document for document, _ in store.search(search)],
    "list": lambda store, search: store.list_documents(search.filter, limit=search.k),
    "get": lambda store, search: store.get(store.ids(search.filter)),
    "retriever": by_retriever,
    "vector store": by_vector_store,
}


def check_own(store: ContextStore, search: Search, call_style: str) -> None:
    owners = {document.metadata["owner"] for document in CALL_STYLES[call_style](store, search)}
    assert owners <= {store.user}


@settings(max_examples=CASES, deadline=None)
@given(st.sampled_from(USERS), searches, st.sampled_from(sorted(CALL_STYLES)))
def test_no_query_returns_the_others_documents(
    stores: Mapping[str, ContextStore], user: str, search: Search, call_style: str
) -> None:
    check_own(stores[user], search, call_style)
    matching = [record.id for record in RECORDS[user] if search.filter.matches(record)]
    assert sorted(stores[user].ids(search.filter)) == sorted(matching)


@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_control_a_shared_collection_is_detected(
    folder: Path, monkeypatch: pytest.MonkeyPatch, call_style: str
) -> None:
    """The control: the same check fails if both users share one collection."""
    monkeypatch.setattr(
        "cogenesis_langchain.retrievers.storage.user_records.collection_name",
        lambda user: "context-one",
    )
    with ContextStore(folder, "ann", WordEmbeddings()) as ann:
        ann.add_documents(documents("ann"))
        ann.for_user("ben").add_documents(documents("ben"))
        with pytest.raises(AssertionError):
            check_own(ann, Search("rent key", 40), call_style)


@pytest.mark.parametrize(
    "where",
    [
        {"$or": [{"owner": "ben"}, {"owner": "ann"}]},
        {"$and": {"$eq": "ben"}},
        {"#document": "rent"},
        {"owner": {"$or": ["ben"]}},
        {"owner": {"$contains": "ben"}},
        {"cogenesis_kind": "document"},
    ],
)
def test_filters_that_are_not_on_metadata_are_refused(
    stores: Mapping[str, ContextStore], where: dict[str, object]
) -> None:
    with pytest.raises(StoreError):
        stores["ann"].list_documents(Filter(where=where))


def test_both_users_can_search_concurrently(stores: Mapping[str, ContextStore]) -> None:
    def ask(number: int) -> None:
        check_own(stores[USERS[number % 2]], Search(WORDS[number % len(WORDS)], 40), "search")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(100)))


def test_users_whose_names_differ_in_a_lone_surrogate_are_apart(folder: Path) -> None:
    """Such a name comes from an argument or a file name that is not UTF-8."""
    with ContextStore(folder, "a?", WordEmbeddings()) as store:
        store.add("of the question mark")
        odd = [store.for_user(name) for name in ("a\udc80", "a\udc81")]
        for other in odd:
            assert list(other.export()) == []
        odd[0].add("of the surrogate")
        assert list(odd[1].export()) == []
        assert len(list(store.export())) == 1


def test_the_name_of_a_collection_stays_the_same() -> None:
    """Another name would lose the records of every store that exists."""
    assert collection_name("Zoë 4471") == "context-dceec0b9a63020b19cca3b6f0813ed39"
