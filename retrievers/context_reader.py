"""Reading a user's private context: by id, by filter, by search."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from langchain_core.documents import Document

from cogenesis_langchain.privacy.matching.value_set import ValueSet
from cogenesis_langchain.retrievers.search import Search
from cogenesis_langchain.retrievers.storage.collection import PAGE
from cogenesis_langchain.retrievers.storage.filters import Filter
from cogenesis_langchain.retrievers.storage.record_format import KIND
from cogenesis_langchain.retrievers.storage.records import KINDS, Kind
from cogenesis_langchain.retrievers.storage.user_records import UserRecords


class ContextReader:
    """What can be asked of one user's private context; see `ContextStore`.

    Args:
        records: The user's records.
    """

    def __init__(self, records: UserRecords) -> None:
        self._records = records

    def get(self, ids: Sequence[str]) -> list[Document]:
        """Return records by id, in the order asked for; unknown ids are left out."""
        found = self._records.get(ids)
        return [found[id_].document() for id_ in ids if id_ in found]

    def ids(self, filter: Filter) -> list[str]:
        """Return the ids of the records that are what a filter wants."""
        if filter.is_known_to_chroma(sealed=self._records.sealed):
            return self._records.ids(filter.condition(sealed=self._records.sealed))
        return [record.id for record in self._records.admitted(filter)]

    def list_documents(
        self, filter: Filter | None = None, *, limit: int | None = None, offset: int = 0
    ) -> list[Document]:
        """Return records in the order they were added.

        Args:
            filter: What they must be.
            limit: How many at most.
            offset: How many to leave out first.
        """
        found = self._records.admitted(filter or Filter(), limit, offset)
        return [record.document() for record in found]

    def export(self) -> Iterator[Document]:
        """Yield every record, page by page; `add_documents` takes them back."""
        for offset in range(0, self._records.count(), PAGE):
            yield from self.list_documents(limit=PAGE, offset=offset)

    def profile(self) -> list[Document]:
        """Return every fact of the profile."""
        return self.list_documents(Filter(kinds=["profile"]))

    def search(self, search: Search | str) -> list[tuple[Document, float]]:
        """Find records.

        Args:
            search: What to look for; a text is a hybrid search over all kinds for 4 records.

        Returns:
            Documents and scores, best first. A score compares within one answer.
        """
        wanted = Search(search) if isinstance(search, str) else search
        return [(record.document(), score) for record, score in wanted.run(self._records)]

    def stats(self) -> Mapping[Kind, int]:
        """Return how many records there are of each kind."""
        return {kind: len(self._records.ids({KIND: kind})) for kind in KINDS}

    def private_values(self) -> ValueSet:
        """Return the private values of all records, for the border.

        It is kept up to date with the records; the first call of a process reads them all.
        """
        return self._records.private_values()
