"""Makes a local model of what the caller passes: a name, a chat model, or a local model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from langchain_core.language_models.chat_models import BaseChatModel

from cogenesis_langchain.errors import ConfigurationError
from cogenesis_langchain.models.base import LocalTextModel
from cogenesis_langchain.models.local.langchain import LocalChatModel

_OLLAMA: Final = "ollama:"


def as_local_model(
    local: LocalTextModel | BaseChatModel | str,
    trusted_hosts: Sequence[str],
    trust: Sequence[object],
) -> LocalTextModel:
    """Return a local model.

    Args:
        local: A local model, a LangChain chat model, or a name; see `open_local_model`.
        trusted_hosts: Hosts besides loopback that may receive private text.
        trust: What the caller vouches for.

    Raises:
        UntrustedLocalModel: The chat model is not admitted.
    """
    if isinstance(local, str):
        local = open_local_model(local)
    if isinstance(local, BaseChatModel):
        return LocalChatModel(local, trusted_hosts=trusted_hosts, trust=trust)
    return local


def open_local_model(name: str) -> LocalTextModel | BaseChatModel:
    """Open the model that a name stands for.

    Args:
        name: ``ollama:MODEL`` for a model of the Ollama server on this machine; otherwise a name of
            the catalog, ``hf:owner/repository/file.gguf`` or the path of a GGUF file.

    Raises:
        ConfigurationError: The package for Ollama is not installed.
        ModelFileError: The file cannot be obtained.
        LocalModelError: The file cannot be loaded.
    """
    if name.startswith(_OLLAMA):
        try:
            from langchain_ollama import ChatOllama
        except ImportError:
            raise ConfigurationError(
                f"the local model {name!r} needs the package langchain-ollama",
                remedy="pip install langchain-ollama",
            ) from None
        return ChatOllama(model=name.removeprefix(_OLLAMA))
    from cogenesis_langchain.models.local.llama_cpp import LlamaCppModel

    return LlamaCppModel(name)
