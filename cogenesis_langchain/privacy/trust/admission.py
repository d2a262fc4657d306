"""Admission to the private side: what may see private text without leaving the machine's trust.

Models, embedding models, retrievers and stores are admitted by class, not searched for addresses:

- local classes: those of this library, and known ones that work in this process;
- known clients, if each of their hosts is loopback or trusted;
- known wrappers, if all their parts are admitted;
- whatever the caller vouches for: ``trust=[...]``, or ``cogenesis_local = True`` on a class of
  theirs.

Anything else is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from cogenesis_langchain.errors import UntrustedLocalModel
from cogenesis_langchain.privacy.trust.client_addresses import (
    SOCKET,
    TRANSPORT,
    addresses_of,
    class_name,
    is_known_client,
)
from cogenesis_langchain.privacy.trust.hosts import host_of, is_behind_proxy, is_trusted

_OURS: Final = "cogenesis_langchain."
_LOCAL: Final = (
    "langchain_core.embeddings.fake.",
    "langchain_core.language_models.fake",
    "langchain_core.example_selectors.length_based.",
    "langchain_core.messages.",
    "langchain_core.output_parsers.",
    "langchain_core.prompts.chat.MessagesPlaceholder",
    "langchain_core.prompts.dict.",
    "langchain_core.prompts.image.",
    "langchain_core.prompts.prompt.",
    "langchain_core.stores.InMemory",
    "langchain_text_splitters.",
    "langchain_community.chat_models.llamacpp.ChatLlamaCpp",
    "langchain_community.embeddings.llamacpp.LlamaCppEmbeddings",
    "langchain_community.retrievers.bm25.BM25Retriever",
    "langchain_community.retrievers.tfidf.TFIDFRetriever",
    "langchain_huggingface.embeddings.huggingface.HuggingFaceEmbeddings",
    "langchain_huggingface.llms.huggingface_pipeline.HuggingFacePipeline",
    "chromadb.api.rust.RustBindingsAPI",
    "chromadb.api.segment.SegmentAPI",
    "qdrant_client.local.qdrant_local.QdrantLocal",
)
"""Beginnings of the full names of classes that work in this process."""
_WRAPPERS: Final[Mapping[str, tuple[str, ...]]] = {
    "langchain_core.example_selectors.semantic_similarity.MaxMarginalRelevanceExampleSelector": (
        "vectorstore",
    ),
    "langchain_core.example_selectors.semantic_similarity.SemanticSimilarityExampleSelector": (
        "vectorstore",
    ),
    "langchain_core.prompts.chat.AIMessagePromptTemplate": ("prompt",),
    "langchain_core.prompts.chat.ChatMessagePromptTemplate": ("prompt",),
    "langchain_core.prompts.chat.ChatPromptTemplate": ("messages",),
    "langchain_core.prompts.chat.HumanMessagePromptTemplate": ("prompt",),
    "langchain_core.prompts.chat.SystemMessagePromptTemplate": ("prompt",),
    "langchain_core.prompts.few_shot.FewShotChatMessagePromptTemplate": (
        "example_selector",
        "example_prompt",
    ),
    "langchain_core.prompts.few_shot.FewShotPromptTemplate": ("example_selector", "example_prompt"),
    "langchain_core.prompts.few_shot_with_templates.FewShotPromptWithTemplates": (
        "example_selector",
        "example_prompt",
        "prefix",
        "suffix",
    ),
    "langchain_core.prompts.structured.StructuredPrompt": ("messages",),
    "langchain_core.vectorstores.base.VectorStoreRetriever": ("vectorstore",),
    "langchain_core.vectorstores.in_memory.InMemoryVectorStore": ("embedding",),
    "langchain_core.runnables.base.RunnableSequence": ("first", "middle", "last"),
    "langchain_core.runnables.base.RunnableParallel": ("steps__",),
    "langchain_core.runnables.base.RunnableBinding": ("bound",),
    "langchain_core.runnables.retry.RunnableRetry": ("bound",),
    "langchain_core.runnables.passthrough.RunnablePassthrough": ("func", "afunc"),
    "langchain_classic.retrievers.ensemble.EnsembleRetriever": ("retrievers",),
    "langchain_classic.retrievers.merger_retriever.MergerRetriever": ("retrievers",),
    "langchain_classic.retrievers.contextual_compression.ContextualCompressionRetriever": (
        "base_compressor",
        "base_retriever",
    ),
    "langchain_classic.retrievers.document_compressors.chain_extract.LLMChainExtractor": (
        "llm_chain",
    ),
    "langchain_classic.retrievers.document_compressors.embeddings_filter.EmbeddingsFilter": (
        "embeddings",
    ),
    "langchain_classic.retrievers.multi_query.MultiQueryRetriever": ("retriever", "llm_chain"),
    "langchain_classic.retrievers.parent_document_retriever.ParentDocumentRetriever": (
        "vectorstore",
        "docstore",
    ),
    "langchain_community.vectorstores.faiss.FAISS": ("embedding_function",),
    "langchain_chroma.vectorstores.Chroma": ("_client", "_embedding_function"),
    "chromadb.api.client.Client": ("_server",),
    "langchain_qdrant.qdrant.QdrantVectorStore": ("_client", "_embeddings"),
    "qdrant_client.qdrant_client.QdrantClient": ("_client",),
    "langchain_elasticsearch.vectorstores.ElasticsearchStore": ("client", "embedding"),
    "langchain_postgres.vectorstores.PGVector": ("_engine", "embedding_function"),
    "langchain_huggingface.chat_models.huggingface.ChatHuggingFace": ("llm",),
}
"""The parts of known wrappers that see text."""


def require_trusted(
    thing: object, trusted_hosts: Collection[str] = (), trust: Collection[object] = ()
) -> None:
    """Check that a model, embedding model, retriever or store keeps private text within trust.

    Args:
        thing: What is to see private text.
        trusted_hosts: Host names besides loopback that may receive it.
        trust: Objects and classes that the caller vouches for.

    Raises:
        UntrustedLocalModel: A part of it is of an unknown class, is a client of another host, or
            would send its requests through an environment proxy.
    """
    waiting, seen = [thing], set[int]()
    while waiting:
        part = waiting.pop()
        if id(part) in seen or _is_vouched_for(part, trust):
            continue
        seen.add(id(part))
        name = class_name(part)
        if is_known_client(part):
            _require_trusted_hosts(part, trusted_hosts)
        elif name in _WRAPPERS:
            waiting += [value for field in _WRAPPERS[name] for value in _parts(part, field)]
        elif not name.startswith((_OURS, *_LOCAL)):
            raise UntrustedLocalModel(
                f"{type(part).__name__} is not known to keep private text on this machine",
                remedy="if it does, pass it or its class in trust=[...], or set "
                "cogenesis_local: ClassVar[bool] = True on your own class",
            )


def require_trusted_host(
    host: str, name: str, trusted_hosts: Collection[str] = (), *, by_http: bool = True
) -> None:
    """Check that a client's host may receive private text.

    Args:
        host: The host.
        name: The client's class, for the error.
        trusted_hosts: Host names besides loopback that may receive it.
        by_http: Whether an environment proxy would carry its requests.

    Raises:
        UntrustedLocalModel: It may not, or an environment proxy would carry the requests.
    """
    if not is_trusted(host, trusted_hosts):
        raise UntrustedLocalModel(
            f"{name} would send private text to {host!r}",
            remedy="run it on this machine, or add the host to trusted_hosts if it may receive "
            "private text",
        )
    if by_http and is_behind_proxy(host):
        raise UntrustedLocalModel(
            f"{name} would send its requests to {host!r} through an environment proxy",
            remedy=f"add {host} to NO_PROXY, or unset HTTP_PROXY, HTTPS_PROXY and ALL_PROXY",
        )


def _require_trusted_hosts(client: object, trusted_hosts: Collection[str]) -> None:
    addresses = addresses_of(client)
    name = type(client).__name__
    for address in addresses:
        if address.startswith(SOCKET):
            continue
        if address.startswith(TRANSPORT):
            raise UntrustedLocalModel(
                f"{name} sends through the transport {address.removeprefix(TRANSPORT)!r}, and it "
                "cannot be seen where that sends private text",
                remedy="leave the transport out, or vouch for the model: trust=[model]",
            )
        require_trusted_host(host_of(address), name, trusted_hosts, by_http="://" in address)
    if not addresses:
        raise UntrustedLocalModel(
            f"it cannot be seen where {name} sends private text",
            remedy="give it an address explicitly, or pass it in trust=[...]",
        )


def _is_vouched_for(part: object, trust: Collection[object]) -> bool:
    declared = getattr(type(part), "cogenesis_local", False) is True
    return declared or any(
        part is one or (isinstance(one, type) and type(part) is one) for one in trust
    )


def _parts(wrapper: object, field: str) -> Iterator[object]:
    value = getattr(wrapper, field, None)
    if isinstance(value, Mapping):
        yield from value.values()
    elif isinstance(value, (list, tuple)):
        yield from value
    elif value is not None:
        yield value
