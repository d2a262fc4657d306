"""Clients and retrievers for the tests of admission to the private side."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

KEY = SecretStr("key")


def openai_at(url: str | None, **settings: Any) -> ChatOpenAI:
    return ChatOpenAI(model="m", base_url=url, api_key=KEY, **settings)


def of_class(name: str, **attributes: object) -> object:
    """An object of a class with this full name: packages need not be installed for the test."""
    module, _, short = name.rpartition(".")
    made = type(short, (SimpleNamespace,), {"__module__": module})(**attributes)
    return made


def ollama(url: str) -> object:
    client = SimpleNamespace(_client=SimpleNamespace(base_url=url))
    return of_class("langchain_ollama.chat_models.ChatOllama", _client=client)


class Unknown(BaseRetriever):
    """Could send its query anywhere; nothing of it looks like an address."""

    slot: object = None

    def _get_relevant_documents(self, query: str, *, run_manager: object) -> list[Document]:
        return []
