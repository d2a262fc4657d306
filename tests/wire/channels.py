"""Every way by which a LangChain process tells somebody what passes through it."""

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
from wire.shapes import AnyRunnable
from wire.tracing import (
    configured,
    environment,
    explicit_tracer,
    traced_by_environment,
    within_tracing_context,
    within_tracing_v2,
)
from wire.world import CONDITIONS, Condition, World, log_kept

from cogenesis_langchain.testing import CALL_STYLES
from cogenesis_langchain.testing.behaviours import redirect

Opening = Callable[[World], AbstractContextManager[RunnableConfig | None]]


def as_usual(model: AnyRunnable, world: World) -> AnyRunnable:
    return model


def no_settings(world: World) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Channel:
    """One such way.

    Attributes:
        open: Opens it; may give a config to call with.
        early: It decides something when models are made, so it is opened before.
        refused: A call through the border is refused before anything happens.
        addressed: Models are given their base URL; otherwise the environment decides.
        cloud: Further settings of the model beyond the border, protected or not.
        wrap: What the user puts around the model.
        told: Conditions under which the unprotected call tells somebody besides its own model...
        ways: ... and the ways of calling in which it does.
    """

    open: Opening
    early: bool = False
    refused: bool = False
    addressed: bool = True
    cloud: Callable[[World], dict[str, Any]] = no_settings
    wrap: Callable[[AnyRunnable, World], AnyRunnable] = as_usual
    told: Collection[Condition] = CONDITIONS
    ways: Collection[str] = frozenset(CALL_STYLES)

    @property
    def makes_no_difference_yet(self) -> bool:
        """Models are made as without it, so that they may be kept from cell to cell."""
        return not self.early and self.cloud is no_settings and self.wrap is as_usual


@contextmanager
def _debug(world: World) -> Iterator[RunnableConfig | None]:
    set_debug(True)
    try:
        yield None
    finally:
        set_debug(False)


@contextmanager
def _verbose(world: World) -> Iterator[RunnableConfig | None]:
    set_verbose(True)
    try:
        yield None
    finally:
        set_verbose(False)


class Listener(BaseCallbackHandler):
    """A monitoring product's handler."""

    def __init__(self, world: World) -> None:
        self.world = world

    def on_chat_model_start(
        self, serialized: dict[str, Any], messages: list[list[BaseMessage]], **kwargs: Any
    ) -> None:
        self.world.taken.write(repr(messages))


@contextmanager
def _registered(world: World) -> Iterator[RunnableConfig | None]:
    variable: ContextVar[BaseCallbackHandler | None] = ContextVar("listener", default=None)
    register_configure_hook(variable, inheritable=True)
    token = variable.set(Listener(world))
    try:
        yield None
    finally:
        variable.reset(token)
        tracer_context._configure_hooks.pop()


@contextmanager
def _cached(world: World) -> Iterator[RunnableConfig | None]:
    cache = InMemoryCache()
    set_llm_cache(cache)
    try:
        yield None
    finally:
        set_llm_cache(None)
        world.taken.write(repr(cache._cache))


@contextmanager
def _logged(world: World) -> Iterator[RunnableConfig | None]:
    with log_kept(world):
        yield None


def _proxied(world: World, name: str) -> AbstractContextManager[RunnableConfig | None]:
    return environment(**{name: world.elsewhere_url, name.lower(): world.elsewhere_url})


@contextmanager
def _redirected(world: World) -> Iterator[RunnableConfig | None]:
    fails = world.local if world.condition == "failing local" else world.cloud
    fails.play(redirect(f"{world.elsewhere_url}/v1/chat/completions"))
    yield None


@contextmanager
def _env_file(world: World) -> Iterator[RunnableConfig | None]:
    """A file that some libraries read by themselves, and that the control loads."""
    lines = {
        "OPENAI_BASE_URL": f"{world.elsewhere_url}/v1",
        "OPENAI_API_BASE": f"{world.elsewhere_url}/v1",
        "HTTP_PROXY": world.elsewhere_url,
        "LANGSMITH_TRACING": "true",
        "LANGSMITH_ENDPOINT": world.elsewhere_url,
        "CHROMA_OTEL_COLLECTION_ENDPOINT": world.elsewhere_url,
    }
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        Path(folder, ".env").write_text("\n".join(f"{k}={v}" for k, v in lines.items()))
        patch.chdir(folder)
        yield None


@contextmanager
def loaded_env_file() -> Iterator[None]:
    """What a program that calls `load_dotenv` does to its environment."""
    before = dict(os.environ)
    load_dotenv(Path.cwd() / ".env")
    os.environ.pop("LANGSMITH_TRACING", None)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _metadata(world: World) -> AbstractContextManager[RunnableConfig | None]:
    value = world.canaries.name
    config: RunnableConfig = {
        "metadata": {"owner": value},
        "tags": [value],
        "configurable": {"owner": value},
    }
    return nullcontext(config)


def _with_a_fallback(model: AnyRunnable, world: World) -> AnyRunnable:
    other = ChatOpenAI(
        model="other", base_url=f"{world.elsewhere_url}/v1", api_key=SecretStr("key")
    )
    return model.with_fallbacks([other])


def _with_kwargs(model: AnyRunnable, world: World) -> AnyRunnable:
    bound = model.bind(user=world.owner.name)
    world.taken.write(dumps(model) + repr(model))
    return bound


def _nothing(world: World) -> AbstractContextManager[RunnableConfig | None]:
    return nullcontext(None)


FAILING: tuple[Condition, ...] = ("failing cloud", "failing local")
HEALTHY: tuple[Condition, ...] = ("healthy",)

CHANNELS: dict[str, Channel] = {
    "LANGSMITH_TRACING": Channel(
        lambda world: traced_by_environment(world, "LANGSMITH", "TRACING"), refused=True
    ),
    "LANGCHAIN_TRACING_V2": Channel(
        lambda world: traced_by_environment(world, "LANGCHAIN", "TRACING_V2"), refused=True
    ),
    "a tracer in the config": Channel(explicit_tracer, refused=True),
    "tracing_context": Channel(within_tracing_context, refused=True),
    "tracing_v2_enabled": Channel(within_tracing_v2, refused=True),
    "langsmith.configure": Channel(configured, refused=True),
    "set_debug": Channel(_debug, refused=True),
    "a registered handler": Channel(_registered, refused=True),
    "set_verbose": Channel(_verbose, told=()),
    "the global cache": Channel(
        _cached, told=HEALTHY, ways={"invoke", "ainvoke", "batch", "abatch"}
    ),
    "exceptions": Channel(_nothing, told=FAILING),
    "logging at DEBUG": Channel(_logged, told=()),
    "config metadata": Channel(_metadata, told=()),
    "HTTP redirects": Channel(_redirected),
    "HTTP_PROXY": Channel(lambda world: _proxied(world, "HTTP_PROXY"), early=True, refused=True),
    "ALL_PROXY": Channel(lambda world: _proxied(world, "ALL_PROXY"), early=True, refused=True),
    "OPENAI_PROXY": Channel(
        lambda world: _proxied(world, "OPENAI_PROXY"), early=True, refused=True
    ),
    "OPENAI_BASE_URL": Channel(
        lambda world: environment(OPENAI_BASE_URL=f"{world.elsewhere_url}/v1"),
        early=True,
        refused=True,
        addressed=False,
    ),
    "LANGSMITH_GATEWAY": Channel(
        lambda world: environment(
            LANGSMITH_GATEWAY=world.elsewhere_url, LANGSMITH_API_KEY="lsv2_pt_key"
        ),
        early=True,
        refused=True,
        addressed=False,
    ),
    ".env": Channel(_env_file, early=True),
    "retries": Channel(_nothing, cloud=lambda world: {"max_retries": 1}, told=()),
    "fallbacks": Channel(_nothing, refused=True, wrap=_with_a_fallback, told=FAILING),
    "fields and kwargs": Channel(_nothing, wrap=_with_kwargs, told=()),
    "store": Channel(_nothing, cloud=lambda world: {"use_responses_api": True}, told=()),
}
