"""CoGenesis for LangChain: a cloud model and a local model write, and private context stays local.

Everything that an application needs is importable from here. Further public modules are `errors`,
`fusion.operators`, `fusion.position`, `fusion.learned_weight`, `fusion.trace` and `testing`; all
others are internal and may change.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from cogenesis_langchain.version import __version__

if TYPE_CHECKING:
    from cogenesis_langchain.agents.rules import private_tool
    from cogenesis_langchain.chains.fused_decoding import create_fused_decoding_chain
    from cogenesis_langchain.chains.sketch_fill import create_sketch_fill_chain
    from cogenesis_langchain.chat_model import ChatCoGenesis
    from cogenesis_langchain.middleware.private_agent import PrivateAgentMiddleware
    from cogenesis_langchain.models.cloud.stand_in import StandInCloud, open_cloud
    from cogenesis_langchain.models.local.llama_cpp import LlamaCppModel
    from cogenesis_langchain.models.local.transformers import TransformersModel
    from cogenesis_langchain.models.onnx.named_entities import NamedEntityModel
    from cogenesis_langchain.privacy.detectors.presidio import PresidioDetector
    from cogenesis_langchain.privacy.ledger.entry import MemoryLedger
    from cogenesis_langchain.privacy.ledger.file import FileLedger
    from cogenesis_langchain.privacy.messages.marks import private, private_prompt, public
    from cogenesis_langchain.privacy.trust.private_chain import private_chain
    from cogenesis_langchain.privacy.values import PrivateValue
    from cogenesis_langchain.privacy.views.limits import Bounded, Budget
    from cogenesis_langchain.retrievers.context_store import ContextStore
    from cogenesis_langchain.retrievers.embeddings import LocalMiniLM
    from cogenesis_langchain.retrievers.private_context import PrivateContextRetriever
    from cogenesis_langchain.retrievers.search import Search
    from cogenesis_langchain.retrievers.storage.encryption import (
        keyring_key,
        new_key_file,
        read_key_file,
    )
    from cogenesis_langchain.retrievers.storage.filters import Filter
    from cogenesis_langchain.retrievers.storage.rebuild import rebuild_store

__all__ = [
    "Bounded",
    "Budget",
    "ChatCoGenesis",
    "ContextStore",
    "FileLedger",
    "Filter",
    "LlamaCppModel",
    "LocalMiniLM",
    "MemoryLedger",
    "NamedEntityModel",
    "PresidioDetector",
    "PrivateAgentMiddleware",
    "PrivateContextRetriever",
    "PrivateValue",
    "Search",
    "StandInCloud",
    "TransformersModel",
    "__version__",
    "create_fused_decoding_chain",
    "create_sketch_fill_chain",
    "keyring_key",
    "new_key_file",
    "open_cloud",
    "private",
    "private_chain",
    "private_prompt",
    "private_tool",
    "public",
    "read_key_file",
    "rebuild_store",
]

_HOMES: Final = {
    "Bounded": "privacy.views.limits",
    "Budget": "privacy.views.limits",
    "ChatCoGenesis": "chat_model",
    "ContextStore": "retrievers.context_store",
    "FileLedger": "privacy.ledger.file",
    "Filter": "retrievers.storage.filters",
    "LlamaCppModel": "models.local.llama_cpp",
    "LocalMiniLM": "retrievers.embeddings",
    "MemoryLedger": "privacy.ledger.entry",
    "NamedEntityModel": "models.onnx.named_entities",
    "PresidioDetector": "privacy.detectors.presidio",
    "PrivateAgentMiddleware": "middleware.private_agent",
    "PrivateContextRetriever": "retrievers.private_context",
    "PrivateValue": "privacy.values",
    "Search": "retrievers.search",
    "StandInCloud": "models.cloud.stand_in",
    "TransformersModel": "models.local.transformers",
    "create_fused_decoding_chain": "chains.fused_decoding",
    "create_sketch_fill_chain": "chains.sketch_fill",
    "keyring_key": "retrievers.storage.encryption",
    "new_key_file": "retrievers.storage.encryption",
    "open_cloud": "models.cloud.stand_in",
    "private": "privacy.messages.marks",
    "private_chain": "privacy.trust.private_chain",
    "private_prompt": "privacy.messages.marks",
    "private_tool": "agents.rules",
    "public": "privacy.messages.marks",
    "read_key_file": "retrievers.storage.encryption",
    "rebuild_store": "retrievers.storage.rebuild",
}


def __getattr__(name: str) -> object:
    """Load a public name when it is first used, so that importing the package is cheap."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
