"""The cloud endpoint of examples and demo: the one configured, or the stand-in on loopback."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from pydantic import SecretStr

from cogenesis_langchain.errors import MissingDependency
from cogenesis_langchain.models.stand_in import StandInCloud

if TYPE_CHECKING:
    from langchain_openai import ChatOpenAI

_SKETCH_TOKENS: Final = 300
_DEFAULT_MODEL: Final = "gpt-4.1-mini"
_NO_KEY: Final = "none"  # servers on loopback ask for none, the client insists on one


def configured() -> bool:
    """Whether the environment names an endpoint, so that no stand-in is needed."""
    return bool(os.environ.get("OPENAI_BASE_URL") or os.environ.get("OPENAI_API_KEY"))


@contextmanager
def open_cloud(base_url: str | None = None, model: str | None = None) -> Iterator[ChatOpenAI]:
    """Open a cloud chat model.

    Args:
        base_url: An OpenAI-compatible endpoint; None takes ``OPENAI_BASE_URL``.
        model: Its model; None takes ``OPENAI_MODEL``.

    Yields:
        A chat model for that endpoint or, with ``OPENAI_API_KEY`` set, for OpenAI. With neither,
        one for a stand-in: a real llama-server on loopback that ends with the block.

    Raises:
        MissingDependency: langchain-openai is not installed.
        ModelFileError: The stand-in's model file cannot be had.
        ConfigurationError: The stand-in does not start.
    """
    try:
        from langchain_openai import ChatOpenAI
    except ImportError:
        raise MissingDependency("langchain_openai", extra="openai") from None
    base_url = base_url or os.environ.get("OPENAI_BASE_URL")
    key = os.environ.get("OPENAI_API_KEY")
    if base_url or key:
        name = model or os.environ.get("OPENAI_MODEL", _DEFAULT_MODEL)
        yield ChatOpenAI(base_url=base_url, api_key=SecretStr(key or _NO_KEY), model=name)
        return
    half = max(1, (os.cpu_count() or 2) // 2)  # the local model computes at the same time
    with StandInCloud(threads=half) as cloud:
        yield ChatOpenAI(
            base_url=cloud.base_url,
            api_key=SecretStr(_NO_KEY),
            model=cloud.model,
            temperature=0,
            max_completion_tokens=_SKETCH_TOKENS,
        )
