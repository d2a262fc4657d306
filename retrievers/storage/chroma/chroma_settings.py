"""The settings of Chroma's clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cogenesis_langchain.errors import MissingDependency

if TYPE_CHECKING:
    from chromadb.config import Settings

_EMBEDDED: Final = "chromadb.api.rust.RustBindingsAPI"
"""The client that opens a folder in this process. ``CHROMA_API_IMPL`` must not choose another."""


def chroma_settings() -> Settings:
    """Chroma settings without telemetry; neither ``.env`` nor the environment names a server.

    Raises:
        MissingDependency: The extra ``chroma`` is not installed.
    """
    try:
        from chromadb.config import Settings
    except ImportError:
        raise MissingDependency("chromadb", extra="chroma") from None
    return Settings(
        _env_file=None,
        chroma_api_impl=_EMBEDDED,
        chroma_server_host=None,
        anonymized_telemetry=False,
        chroma_otel_collection_endpoint="",
        chroma_otel_granularity=None,
        allow_reset=False,
    )
