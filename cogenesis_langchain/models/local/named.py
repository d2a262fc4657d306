"""Opens a local model by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cogenesis_langchain.errors import ConfigurationError
from cogenesis_langchain.models.base import LocalTextModel

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel

_OLLAMA: Final = "ollama:"


def open_local_model(name: str) -> LocalTextModel | BaseChatModel:
    """Open the model that a name stands for.

    Args:
        name: ``ollama:MODEL`` for a model of the Ollama server on this machine; otherwise a name of
            the catalog, ``hf:owner/repository/file.gguf`` or the path of a GGUF file.

    Raises:
        ConfigurationError: The package for Ollama is not installed.
        ModelFileError: The file cannot be had.
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
