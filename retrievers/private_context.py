"""The retriever that supplies private context to the local model."""

from __future__ import annotations

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, Field

from cogenesis_langchain.retrievers.context_store import ContextStore


class PrivateContextRetriever(BaseRetriever):
    """The user's profile, always, and the records that answer a query.

    The profile comes first, as one document; it does not count towards ``k``.

    Args:
        store: Where the context is.
        k: How many records besides the profile.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    store: ContextStore
    k: int = Field(default=4, ge=1)

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, k: int | None = None
    ) -> list[Document]:
        return [*self._profile(), *self.store.search(query, k or self.k)]

    def _profile(self) -> list[Document]:
        facts = self.store.profile()
        if not facts:
            return []
        text = "\n".join(fact.page_content for fact in facts)
        return [Document(id="profile", page_content=text, metadata={"kind": "profile"})]
