"""Read access to one user's private context: by id, by filter, by search."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Self

from langchain_core.documents import Document

from cogenesis_langchain.errors import StoreError
from cogenesis_langchain.privacy.matching.value_set import ValueSet
from cogenesis_langchain.retrievers.search import MOST_RECORDS, Search
from cogenesis_langchain.retrievers.storage.chroma.chroma_errors import closed_store
from cogenesis_langchain.retrievers.storage.chroma.collection import PAGE
from cogenesis_langchain.retrievers.storage.filters import Filter
from cogenesis_langchain.retrievers.storage.record_format import KIND
from cogenesis_langchain.retrievers.storage.records import KINDS, Kind
from cogenesis_langchain.retrievers.storage.user_records import UserRecords


class ContextReader:
    """The reading half of `ContextStore`.

    Args:
        records: The user's records.
    """

    def __init__(self, records: UserRecords) -> None:
        self._open_records: UserRecords | None = records

    @property
    def _records(self) -> UserRecords:
        """The user's records.

        Raises:
            StoreError: The store is closed.
        """
        if (records := self._open_records) is None:
            raise closed_store()
        return records

    def close(self) -> None:
        """Make this object unusable; the records stay open."""
        self._open_records = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def get(self, ids: Sequence[str]) -> list[Document]:
        """Return records by id, each once, in the order given; unknown ids are skipped.

        Raises:
            StoreError: ``ids`` is one string.
        """
        wanted = list(dict.fromkeys(several(ids)))
        found = self._records.get(wanted)
        return [found[id_].document() for id_ in wanted if id_ in found]

    def ids(self, filter: Filter) -> list[str]:
        """Return the ids of the records that match a filter."""
        if filter.chroma_can_evaluate(encrypted=self._records.encrypted):
            return self._records.ids(filter.condition(encrypted=self._records.encrypted))
        return [record.id for record in self._records.filtered(filter)]

    def list_documents(
        self, filter: Filter | None = None, *, limit: int | None = None, offset: int = 0
    ) -> list[Document]:
        """Return records in the order they were added.

        Args:
            filter: Which records; None returns all.
            limit: Maximum number of records.
            offset: Number of records to skip.

        Raises:
            StoreError: A number is negative or too large.
        """
        if not all(0 <= number <= MOST_RECORDS for number in (limit or 0, offset)):
            raise StoreError(
                "the limit or the offset of a list is negative or too large",
                remedy=f"pass numbers from 0 to {MOST_RECORDS}",
            )
        found = self._records.filtered(filter or Filter(), limit, offset)
        return [record.document() for record in found]

    def export(self) -> Iterator[Document]:
        """Yield every record, page by page. `add_documents` accepts the output."""
        for offset in range(0, self._records.count(), PAGE):
            yield from self.list_documents(limit=PAGE, offset=offset)

    def profile(self) -> list[Document]:
        """Return all profile facts."""
        return self.list_documents(Filter(kinds=["profile"]))

    def search(self, search: Search | str) -> list[tuple[Document, float]]:
        """Search the records.

        Args:
            search: The search. A string is a hybrid search over all kinds for 4 records.

        Returns:
            Documents and scores, best first. Scores are comparable within one result only.
        """
        search = Search(search) if isinstance(search, str) else search
        return [(record.document(), score) for record, score in search.run(self._records)]

    def stats(self) -> Mapping[Kind, int]:
        """Return the number of records of each kind."""
        return {kind: len(self._records.ids({KIND: kind})) for kind in KINDS}

    def private_values(self) -> ValueSet:
        """Return the private values of all records, for the border.

        The set is kept up to date with the records. The first call of a process reads all of them.
        """
        return self._records.private_values()

    def _require(self, ids: Sequence[str]) -> list[Document]:
        found = self.get(ids)
        if len(found) < len(set(ids)):
            raise StoreError(
                "this user has no record with this id",
                remedy="list the ids with `cogenesis context list`",
            )
        return found


def several(ids: Sequence[str]) -> Sequence[str]:
    """Return ids as they are, unless they are one string, which would be read letter by letter.

    Raises:
        StoreError: They are.
    """
    if isinstance(ids, str):
        raise StoreError("the ids are one string", remedy="give a list, also of one id: [id]")
    return ids
