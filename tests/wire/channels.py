"""Side channels: all ways in which a LangChain process may pass text to a third party."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from dotenv import load_dotenv
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.globals import set_debug, set_llm_cache, set_verbose
from langchain_core.load import dumps
from langchain_core.messages import BaseMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tracers import context as tracer_context
from langchain_core.tracers.context import register_configure_hook
from langchain_openai import ChatOpenAI
from pydantic import SecretStr
from wire.compositions import AnyRunnable
from wire.harness import CONDITIONS, Condition, Harness, log_captured
from wire.tracing import (
    configured,
    environment,
    explicit_tracer,
    traced_by_environment,
    within_tracing_context,
    within_tracing_v2,
)

from cogenesis_langchain.testing import CALL_STYLES
from cogenesis_langchain.testing.behaviours import redirect

Opening = Callable[[Harness], AbstractContextManager[RunnableConfig | None]]


def as_usual(model: AnyRunnable, harness: Harness) -> AnyRunnable:
    return model


def no_settings(harness: Harness) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Channel:
    """A side channel.

    Attributes:
        open: Opens the channel; may return a config for the calls.
        early: The channel takes effect when models are made, so it is opened before.
        refused: `ChatCoGenesis` refuses every call before anything is sent.
        refused_for_client: It does so because the local model is a client; fused decoding has a
            local model in this process.
        addressed: Models get a base URL; otherwise the environment decides it.
        cloud: Further settings of the cloud model.
        wrap: Wraps the model as a user would.
        leaks_when: Conditions in which an unprotected call leaks to a third party.
        leaks_by: Call styles in which it does.
    """

    open: Opening
    early: bool = False
    refused: bool = False
    refused_for_client: bool = False
    addressed: bool = True
    cloud: Callable[[Harness], dict[str, Any]] = no_settings
    wrap: Callable[[AnyRunnable, Harness], AnyRunnable] = as_usual
    leaks_when: Collection[Condition] = CONDITIONS
    leaks_by: Collection[str] = frozenset(CALL_STYLES)

    @property
    def reusable(self) -> bool:
        """Whether models made for another channel can be used, which saves time."""
        return not self.early and self.cloud is no_settings and self.wrap is as_usual


@contextmanager
def _debug(harness: Harness) -> Iterator[RunnableConfig | None]:
    set_debug(True)
    try:
        yield None
    finally:
        set_debug(False)


@contextmanager
def _verbose(harness: Harness) -> Iterator[RunnableConfig | None]:
    set_verbose(True)
    try:
        yield None
    finally:
        set_verbose(False)


class Listener(BaseCallbackHandler):
    """The handler of a monitoring product."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness

    def on_chat_model_start(
        self, serialized: dict[str, Any], messages: list[list[BaseMessage]], **kwargs: Any
    ) -> None:
        self.harness.captured.write(repr(messages))


@contextmanager
def _registered(harness: Harness) -> Iterator[RunnableConfig | None]:
    variable: ContextVar[BaseCallbackHandler | None] = ContextVar("listener", default=None)
    register_configure_hook(variable, inheritable=True)
    token = variable.set(Listener(harness))
    try:
        yield None
    finally:
        variable.reset(token)
        tracer_context._configure_hooks.pop()


@contextmanager
def _cached(harness: Harness) -> Iterator[RunnableConfig | None]:
    cache = InMemoryCache()
    set_llm_cache(cache)
    try:
        yield None
    finally:
        set_llm_cache(None)
        harness.captured.write(repr(cache._cache))


@contextmanager
def _logged(harness: Harness) -> Iterator[RunnableConfig | None]:
    with log_captured(harness):
        yield None


def _proxied(harness: Harness, name: str) -> AbstractContextManager[RunnableConfig | None]:
    return environment(**{name: harness.third_party_url, name.lower(): harness.third_party_url})


@contextmanager
def _redirected(harness: Harness) -> Iterator[RunnableConfig | None]:
    fails = harness.local if harness.condition == "failing local" else harness.cloud
    fails.play(redirect(f"{harness.third_party_url}/v1/chat/completions"))
    yield None


@contextmanager
def _env_file(harness: Harness) -> Iterator[RunnableConfig | None]:
    """Write a ``.env`` file, which some libraries read by themselves and the control loads."""
    lines = {
        "OPENAI_BASE_URL": f"{harness.third_party_url}/v1",
        "OPENAI_API_BASE": f"{harness.third_party_url}/v1",
        "HTTP_PROXY": harness.third_party_url,
        "LANGSMITH_TRACING": "true",
        "LANGSMITH_ENDPOINT": harness.third_party_url,
        "CHROMA_OTEL_COLLECTION_ENDPOINT": harness.third_party_url,
    }
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        Path(folder, ".env").write_text("\n".join(f"{k}={v}" for k, v in lines.items()))
        patch.chdir(folder)
        yield None


@contextmanager
def loaded_env_file() -> Iterator[None]:
    """Load the ``.env`` file as a program that calls `load_dotenv` does."""
    before = dict(os.environ)
    load_dotenv(Path.cwd() / ".env")
    os.environ.pop("LANGSMITH_TRACING", None)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _metadata(harness: Harness) -> AbstractContextManager[RunnableConfig | None]:
    value = harness.canaries.name
    config: RunnableConfig = {
        "metadata": {"owner": value},
        "tags": [value],
        "configurable": {"owner": value},
    }
    return nullcontext(config)


def _with_a_fallback(model: AnyRunnable, harness: Harness) -> AnyRunnable:
    other = ChatOpenAI(
        model="other", base_url=f"{harness.third_party_url}/v1", api_key=SecretStr("key")
    )
    return model.with_fallbacks([other])


def _with_kwargs(model: AnyRunnable, harness: Harness) -> AnyRunnable:
    bound = model.bind(stop=[harness.owner.name])
    harness.captured.write(dumps(model) + repr(model))
    return bound


def _nothing(harness: Harness) -> AbstractContextManager[RunnableConfig | None]:
    return nullcontext(None)


FAILING: tuple[Condition, ...] = ("failing cloud", "failing local")
HEALTHY: tuple[Condition, ...] = ("healthy",)

CHANNELS: dict[str, Channel] = {
    "LANGSMITH_TRACING": Channel(
        lambda harness: traced_by_environment(harness, "LANGSMITH", "TRACING"), refused=True
    ),
    "LANGCHAIN_TRACING_V2": Channel(
        lambda harness: traced_by_environment(harness, "LANGCHAIN", "TRACING_V2"), refused=True
    ),
    "a tracer in the config": Channel(explicit_tracer, refused=True),
    "tracing_context": Channel(within_tracing_context, refused=True),
    "tracing_v2_enabled": Channel(within_tracing_v2, refused=True),
    "langsmith.configure": Channel(configured, refused=True),
    "set_debug": Channel(_debug, refused=True),
    "a registered handler": Channel(_registered, refused=True),
    "set_verbose": Channel(_verbose, leaks_when=()),
    "the global cache": Channel(
        _cached, leaks_when=HEALTHY, leaks_by={"invoke", "ainvoke", "batch", "abatch"}
    ),
    "exceptions": Channel(_nothing, leaks_when=FAILING),
    "logging at DEBUG": Channel(_logged, leaks_when=()),
    "config metadata": Channel(_metadata, leaks_when=()),
    "HTTP redirects": Channel(_redirected),
    "HTTP_PROXY": Channel(
        lambda harness: _proxied(harness, "HTTP_PROXY"), early=True, refused_for_client=True
    ),
    "ALL_PROXY": Channel(
        lambda harness: _proxied(harness, "ALL_PROXY"), early=True, refused_for_client=True
    ),
    "OPENAI_PROXY": Channel(
        lambda harness: _proxied(harness, "OPENAI_PROXY"), early=True, refused_for_client=True
    ),
    "OPENAI_BASE_URL": Channel(
        lambda harness: environment(OPENAI_BASE_URL=f"{harness.third_party_url}/v1"),
        early=True,
        refused_for_client=True,
        addressed=False,
    ),
    "LANGSMITH_GATEWAY": Channel(
        lambda harness: environment(
            LANGSMITH_GATEWAY=harness.third_party_url, LANGSMITH_API_KEY="lsv2_pt_key"
        ),
        early=True,
        refused=True,
        addressed=False,
    ),
    ".env": Channel(_env_file, early=True),
    "retries": Channel(_nothing, cloud=lambda harness: {"max_retries": 1}, leaks_when=()),
    "fallbacks": Channel(_nothing, refused=True, wrap=_with_a_fallback, leaks_when=FAILING),
    "fields and kwargs": Channel(_nothing, wrap=_with_kwargs, leaks_when=()),
    "store": Channel(_nothing, cloud=lambda harness: {"use_responses_api": True}, leaks_when=()),
}
