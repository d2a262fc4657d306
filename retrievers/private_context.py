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
from pydantic import ConfigDict, Field, InstanceOf, model_validator

from cogenesis_langchain.privacy.matching.value_set import ValueSet
from cogenesis_langchain.privacy.trust.untraced import refuse_tracing
from cogenesis_langchain.retrievers.context_store import ContextStore
from cogenesis_langchain.retrievers.search import Search, SearchType
from cogenesis_langchain.retrievers.storage.filters import Filter
from cogenesis_langchain.retrievers.storage.records import Kind
from cogenesis_langchain.token_estimate import estimated_tokens
from cogenesis_langchain.unknown_parameters import refuse_unknown

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Packing:
    """The documents that fit a token budget, and those that do not.

    Attributes:
        documents: The documents that fit, in the order given.
        left_out: The documents that do not fit.
        tokens: Number of tokens of ``documents``.
    """

    documents: list[Document] = field(repr=False)
    left_out: list[Document] = field(repr=False)
    tokens: int


def pack(
    documents: Sequence[Document], budget: int | None, count_tokens: Callable[[str], int]
) -> Packing:
    """Take documents in order while they fit; a shorter one may follow one that does not fit.

    Args:
        documents: The documents, most important first.
        budget: Maximum number of tokens of all together; None takes all.
        count_tokens: Counts the tokens of a text, as the model will.
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


class PrivateContextRetriever(BaseRetriever):
    """Retrieves the user's profile, always, and the records that match a query.

    The profile comes first, as one document, and does not count towards ``k``. Every field except
    ``store`` can be overridden for a single call: ``retriever.invoke(query, k=2)``.

    Example:
        ```python
        store = ContextStore("~/context", embeddings=LocalMiniLM())
        retriever = PrivateContextRetriever(store=store, k=6)
        chain = {"context": retriever, "question": RunnablePassthrough()} | prompt | local_model
        ```

    Args:
        store: The context store.
        k: Number of records besides the profile.
        search_type: See `SearchType`.
        kinds: Kinds of records to search.
        since: First date (ISO 8601) of the records; excludes records without a date.
        until: Last date of the records; excludes records without a date.
        where: Metadata filter; see `Filter.where`.
        user: The user whose context is read; None is the store's user.
        profile: Whether to include the profile.
        fetch_k: See `Search`.
        lambda_mult: See `Search`.
        score_threshold: See `Search`.
        max_tokens: Maximum number of tokens of all documents together; None does not limit.
        count_tokens: Counts tokens as the local model does. The default is a cautious estimate.
        trusted_hosts: Hosts besides loopback that may trace what is retrieved.
        allow_tracing: Let tracers and debug printers record what is retrieved.
    """

    model_config = ConfigDict(
        arbitrary_types_allowed=True,
        hide_input_in_errors=True,  # the error of a wrong user or filter would show it
    )

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

    @model_validator(mode="before")
    @classmethod
    def _check_names(cls, given: Any) -> Any:
        if isinstance(given, Mapping):
            refuse_unknown(given, cls.model_fields, cls.__name__)
        return given

    def retrieve(self, query: str, **overrides: Any) -> Packing:
        """Retrieve documents, and report those that did not fit.

        Args:
            query: The query.
            **overrides: Fields to override for this call.

        Returns:
            The documents, profile first and then by score, and those left out because of
                ``max_tokens``.

        Raises:
            StoreError: The store cannot be read, or a filter is not valid.
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
        documents = [*(_join_facts(store.profile()) if self.profile else ()), *found]
        packing = pack(documents, self.max_tokens, self.count_tokens)
        if packing.left_out:
            _log.warning(
                "%d of %d documents were left out: they do not fit into max_tokens=%d",
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
        """Retrieve documents. Refuses to run while they would be traced.

        Args:
            input: The query.
            config: Configuration, as for any runnable.
            **kwargs: Fields to override for this call.

        Raises:
            TracingLeak: A tracer or debug printer would record what is retrieved.
            StoreError: See `retrieve`.
        """
        self._refuse_tracing(config, kwargs)
        return super().invoke(input, config, **kwargs)

    async def ainvoke(
        self, input: str, config: RunnableConfig | None = None, **kwargs: Any
    ) -> list[Document]:
        """Retrieve documents without blocking the event loop; see `invoke`."""
        self._refuse_tracing(config, kwargs)
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

    def _refuse_tracing(self, config: RunnableConfig | None, overrides: Mapping[str, Any]) -> None:
        if not overrides.get("allow_tracing", self.allow_tracing):
            callbacks = ensure_config(config).get("callbacks")
            trusted_hosts = overrides.get("trusted_hosts", self.trusted_hosts)
            refuse_tracing(callbacks, trusted_hosts=trusted_hosts)


def _join_facts(facts: Sequence[Document]) -> list[Document]:
    """Join the facts of a profile into one document; none if there are no facts."""
    text = "\n".join(fact.page_content for fact in facts)
    return [Document(id="profile", page_content=text, metadata={"kind": "profile"})] if text else []
