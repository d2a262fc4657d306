"""Everything around one process that calls models: what it may reach, and all it must not."""

from __future__ import annotations

import io
import logging
import socket
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from cogenesis_langchain.testing import Canaries, EgressRecorder, behaviours, make_canaries

INSTRUCTION = "Write a short letter to my landlord about the broken heating."
ELSEWHERE = "elsewhere.test"

Condition = Literal["healthy", "failing cloud", "failing local"]
CONDITIONS: tuple[Condition, ...] = ("healthy", "failing cloud", "failing local")


@dataclass
class World:
    """A cloud model, a local model, and one server for whoever else might be told.

    Attributes:
        cloud: Beyond the border.
        local: Inside it; may be told everything.
        elsewhere: A tracer's collector, a proxy, the target of a redirect, another endpoint. Its
            name is not a loopback name.
        canaries: The private context of the call in progress.
        owner: Private values that are there when models are made.
        condition: Which model fails, if any; a failing one repeats what it got.
        taken: What the process itself kept or printed.
    """

    cloud: EgressRecorder
    local: EgressRecorder
    elsewhere: EgressRecorder
    canaries: Canaries = field(default_factory=make_canaries)
    owner: Canaries = field(default_factory=make_canaries)
    condition: Condition = "healthy"
    taken: io.StringIO = field(default_factory=io.StringIO)

    @property
    def elsewhere_url(self) -> str:
        return self.elsewhere.url.replace("127.0.0.1", ELSEWHERE)

    def begin(self, condition: Condition) -> None:
        """Forget what was."""
        self.condition = condition
        for recorder in (self.cloud, self.local, self.elsewhere):
            recorder.clear()
        self.taken = io.StringIO()
        failing = behaviours.echo(500)
        self.cloud.play(failing if condition == "failing cloud" else behaviours.chat())
        self.local.play(failing if condition == "failing local" else behaviours.chat("Done."))
        self.elsewhere.play(collector())

    @property
    def told_elsewhere(self) -> bytes:
        """What left to anything but the two models."""
        return self.elsewhere.received + self.taken.getvalue().encode()

    @property
    def left(self) -> bytes:
        """What left to anything but the local model."""
        return self.cloud.received + self.told_elsewhere

    def attempt(self, call: Callable[..., object], *args: object) -> Exception | None:
        """Call; keep what is printed, and all that an exception tells, which is returned."""
        with redirect_stdout(self.taken), redirect_stderr(self.taken):
            try:
                call(*args)
            except Exception as error:
                self.taken.write(anatomy(error))
                return error
        return None


@contextmanager
def world() -> Iterator[World]:
    with (
        pytest.MonkeyPatch.context() as patch,
        EgressRecorder() as cloud,
        EgressRecorder() as local,
        EgressRecorder() as elsewhere,
    ):
        look_up = socket.getaddrinfo

        def resolve(host: Any, *args: Any, **kwargs: Any) -> Any:
            known = host in (ELSEWHERE, ELSEWHERE.encode())
            return look_up("127.0.0.1" if known else host, *args, **kwargs)

        patch.setattr(socket, "getaddrinfo", resolve)
        patch.setenv("OPENAI_API_KEY", "key")
        patch.setattr("cogenesis_langchain.models.cloud.chat._FIRST_PAUSE", 0.001)
        patch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.001)
        yield World(cloud, local, elsewhere)


def collector() -> behaviours.Behaviour:
    """LangSmith's collector, which takes compressed traces; a chat model on other paths."""
    info = (
        b'{"version": "0.13", "instance_flags": {"zstd_compression_enabled": true},'
        b' "batch_ingest_config": {"use_multipart_endpoint": true, "size_limit": 100,'
        b' "size_limit_bytes": 20971520, "scale_up_nthreads_limit": 1,'
        b' "scale_up_qsize_trigger": 1000, "scale_down_nempty_trigger": 4}}'
    )
    chat = behaviours.chat()

    def behave(exchange: Any) -> None:
        if exchange.request.target.endswith("/info"):
            exchange.answer(200, info, {"Content-Type": "application/json"})
        else:
            chat(exchange)

    return behave


@contextmanager
def log_kept(world: World) -> Iterator[None]:
    handler = logging.StreamHandler(world.taken)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(handler)


def anatomy(error: BaseException | None) -> str:
    """All that an exception and its chain tell: text, notes, attributes, requests, responses."""
    pieces: list[str] = []
    while error is not None:
        pieces += traceback.format_exception_only(error)
        for value in (*error.args, *vars(error).values()):
            pieces.append(repr(value))
            with suppress(RuntimeError):  # a request that was streamed keeps no content
                pieces.append(str(getattr(value, "content", "")))
        error = error.__cause__ or error.__context__
    return "\n".join(pieces)
