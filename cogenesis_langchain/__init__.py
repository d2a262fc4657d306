"""CoGenesis for LangChain: a cloud model outlines, a local model writes, secrets stay."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from cogenesis_langchain.version import __version__

if TYPE_CHECKING:
    from cogenesis_langchain.chat_model import ChatCoGenesis
    from cogenesis_langchain.models.cloud.stand_in import StandInCloud
    from cogenesis_langchain.models.local.llama_cpp import LlamaCppModel
    from cogenesis_langchain.models.local.transformers import TransformersModel
    from cogenesis_langchain.privacy.ledger.entry import MemoryLedger
    from cogenesis_langchain.privacy.ledger.file import FileLedger
    from cogenesis_langchain.privacy.marks import private, private_prompt, public

__all__ = [
    "ChatCoGenesis",
    "FileLedger",
    "LlamaCppModel",
    "MemoryLedger",
    "StandInCloud",
    "TransformersModel",
    "__version__",
    "private",
    "private_prompt",
    "public",
]

_HOMES: Final = {
    "ChatCoGenesis": "chat_model",
    "FileLedger": "privacy.ledger.file",
    "LlamaCppModel": "models.local.llama_cpp",
    "MemoryLedger": "privacy.ledger.entry",
    "StandInCloud": "models.cloud.stand_in",
    "TransformersModel": "models.local.transformers",
    "private": "privacy.marks",
    "private_prompt": "privacy.marks",
    "public": "privacy.marks",
}


def __getattr__(name: str) -> object:
    """Load a public name when it is first used, so that importing the package is cheap."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
