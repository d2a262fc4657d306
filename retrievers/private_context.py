"""The retriever that supplies private context to the local model."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from langchain_core.callbacks import (
    AsyncCallbackManagerForRetrieverRun,
    CallbackManagerForRetrieverRun,
)
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import ensure_config, run_in_executor
from pydantic import ConfigDict, Field, InstanceOf

from cogenesis_langchain.privacy.matching.value_set import ValueSet
from cogenesis_langchain.privacy.untraced import refuse_tracing
from cogenesis_langchain.retrievers.context_store import ContextStore
from cogenesis_langchain.retrievers.search import Search, SearchType
from cogenesis_langchain.retrievers.storage.filters import Filter
from cogenesis_langchain.retrievers.storage.records import Kind

_log: Final = logging.getLogger(__name__)
_BYTES_PER_TOKEN: Final = 3


@dataclass(frozen=True, slots=True)
class Packing:
    """What fits and what does not.

    Attributes:
        documents: What fits, in the order given.
        left_out: What does not.
        tokens: Tokens of what fits.
    """

    documents: list[Document] = field(repr=False)
    left_out: list[Document] = field(repr=False)
    tokens: int


def pack(
    documents: Sequence[Document], budget: int | None, count_tokens: Callable[[str], int]
) -> Packing:
    """Take documents in order as long as they fit; a shorter one may follow one that does not.

    Args:
        documents: The most important first.
        budget: Most tokens of all together; None takes all.
        count_tokens: Counts the tokens of a text as the model will.
    """
    taken: list[Document] = []
    left_out: list[Document] = []
    used = 0
    for document in documents:
        tokens = count_tokens(document.page_content)
        if budget is None or used + tokens <= budget:
            taken.append(document)
            used += tokens
        else:
            left_out.append(document)
    return Packing(taken, left_out, used)


def estimated_tokens(text: str) -> int:
    """Estimate tokens without a tokenizer, rather too many than too few for European languages."""
    return len(text.encode("utf-8", "replace")) // _BYTES_PER_TOKEN + 1


class PrivateContextRetriever(BaseRetriever):
    """The user's profile, always, and the records that answer a query.

    The profile comes first, as one document, and does not count towards ``k``. Every field but
    ``store`` can also be given to a single call: ``retriever.invoke(query, k=2)``.

    Example:
        ```python
        retriever = PrivateContextRetriever(store=ContextStore("~/context"), k=6)
        chain = {"context": retriever, "question": RunnablePassthrough()} | prompt | local_model
        ```

    Args:
        store: Where the context is.
        k: How many records besides the profile.
        search_type: See `SearchType`.
        kinds: Which kinds are searched.
        since: First date (ISO 8601) of what is searched; leaves out what has no date.
        until: Last date of what is searched.
        where: What the metadata must be; see `Filter.where`.
        user: Whose context, if it is not the store's user.
        profile: Whether the profile is supplied.
        fetch_k: See `Search`.
        lambda_mult: See `Search`.
        score_threshold: See `Search`.
        max_tokens: Most tokens of all documents together; None does not limit.
        count_tokens: Counts them as the local model does; by default a cautious estimate.
        trusted_hosts: Hosts besides loopback that may trace what is retrieved.
        allow_tracing: Let a tracer or debug printer record what is retrieved.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    store: InstanceOf[ContextStore] = Field(exclude=True)
    k: int = Field(default=4, ge=1)
    search_type: SearchType = "hybrid"
    kinds: Sequence[Kind] = ("history", "activity", "document")
    since: date | str | None = Field(default=None, repr=False)
    until: date | str | None = Field(default=None, repr=False)
    where: Mapping[str, Any] = Field(default_factory=dict, repr=False)
    user: str | None = Field(default=None, repr=False)
    profile: bool = True
    fetch_k: int = Field(default=50, ge=1)
    lambda_mult: float = Field(default=0.5, ge=0, le=1)
    score_threshold: float | None = None
    max_tokens: int | None = Field(default=None, ge=1)
    count_tokens: Callable[[str], int] = Field(default=estimated_tokens, exclude=True, repr=False)
    trusted_hosts: Sequence[str] = ()
    allow_tracing: bool = False

    def retrieve(self, query: str, **overrides: Any) -> Packing:
        """Retrieve, and tell what did not fit.

        Args:
            query: What the context should be about.
            **overrides: Fields to change for this call.

        Returns:
            The documents, profile first and then the best, and those left out for
            ``max_tokens``.

        Raises:
            StoreError: The store cannot be read, or a filter cannot be used.
        """
        if overrides:
            fields = {name: getattr(self, name) for name in type(self).model_fields}
            return type(self)(**{**fields, **overrides}).retrieve(query)
        search = Search(
            query,
            self.k,
            self.search_type,
            Filter(self.kinds, self.since, self.until, self.where),
            self.fetch_k,
            self.lambda_mult,
            self.score_threshold,
        )
        store = self._users_store()
        found = [document for document, _ in store.search(search)]
        documents = [*(_as_one(store.profile()) if self.profile else ()), *found]
        packing = pack(documents, self.max_tokens, self.count_tokens)
        if packing.left_out:
            _log.warning(
                "%d of %d documents were left out: together they have more than %d tokens",
                len(packing.left_out),
                len(documents),
                self.max_tokens,
            )
        return packing

    def private_values(self) -> ValueSet:
        """Return every private value of the user, retrieved or not, for the border."""
        return self._users_store().private_values()

    def invoke(
        self, input: str, config: RunnableConfig | None = None, **kwargs: Any
    ) -> list[Document]:
        """Retrieve; fields can be given as keyword arguments for this call.

        Args:
            input: What the context should be about.
            config: As of any runnable.
            **kwargs: Fields to change for this call.

        Raises:
            TracingLeak: Someone would record what is retrieved.
            StoreError: See `retrieve`.
        """
        self._refuse_tracing(config)
        return super().invoke(input, config, **kwargs)

    async def ainvoke(
        self, input: str, config: RunnableConfig | None = None, **kwargs: Any
    ) -> list[Document]:
        """Do the same without blocking the event loop."""
        self._refuse_tracing(config)
        return await super().ainvoke(input, config, **kwargs)

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, **overrides: Any
    ) -> list[Document]:
        return self.retrieve(query, **overrides).documents

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun, **overrides: Any
    ) -> list[Document]:
        packing = await run_in_executor(None, self.retrieve, query, **overrides)
        return packing.documents

    def _users_store(self) -> ContextStore:
        return self.store if self.user is None else self.store.for_user(self.user)

    def _refuse_tracing(self, config: RunnableConfig | None) -> None:
        if not self.allow_tracing:
            callbacks = ensure_config(config).get("callbacks")
            refuse_tracing(callbacks, trusted_hosts=self.trusted_hosts)


def _as_one(facts: Sequence[Document]) -> list[Document]:
    """Put the facts of a profile into one document, if there are any."""
    text = "\n".join(fact.page_content for fact in facts)
    return [Document(id="profile", page_content=text, metadata={"kind": "profile"})] if text else []
