"""Test harness: recording servers for both models and for third parties, and captured output."""

from __future__ import annotations

import io
import json
import logging
import socket
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from support.byte_models import ByteLocal, Script, a_letter, byte_server, routed

from cogenesis_langchain.errors import LocalModelError
from cogenesis_langchain.testing import Canaries, EgressRecorder, behaviours, make_canaries

INSTRUCTION = "Write a short letter to my landlord about the broken heating."
THIRD_PARTY = "third-party.test"

Condition = Literal["healthy", "failing cloud", "failing local"]
CONDITIONS: tuple[Condition, ...] = ("healthy", "failing cloud", "failing local")


@dataclass
class Harness:
    """Recording servers and captured output.

    Attributes:
        cloud: The cloud model.
        local: The local model, which may receive private text.
        in_process: The local model of fused decoding, which has no server. It writes a public
            letter.
        quoting: Another one, which writes the private document.
        third_party: Stands for a tracing collector, a proxy, the target of a redirect, or another
            endpoint. Its host name is not a loopback name.
        canaries: The private context of the current call.
        owner: Private values that are known when the models are made.
        condition: Which model fails. A failing model repeats the request in its error.
        captured: Output, logs and errors of the process.
    """

    cloud: EgressRecorder
    local: EgressRecorder
    third_party: EgressRecorder
    in_process: ByteLocal = field(init=False)
    quoting: ByteLocal = field(init=False)
    canaries: Canaries = field(default_factory=make_canaries)
    owner: Canaries = field(default_factory=make_canaries)
    condition: Condition = "healthy"
    captured: io.StringIO = field(default_factory=io.StringIO)

    def __post_init__(self) -> None:
        def unless_failing(script: Script) -> ByteLocal:
            def write(prompt: str) -> str:
                if self.condition == "failing local":
                    raise LocalModelError("the local model failed", remedy="none")
                return script(prompt)

            return ByteLocal(write)

        self.in_process = unless_failing(a_letter)
        self.quoting = unless_failing(lambda prompt: f"Dear Sir, {self.canaries.document}")

    @property
    def third_party_url(self) -> str:
        return self.third_party.url.replace("127.0.0.1", THIRD_PARTY)

    def reset(self, condition: Condition) -> None:
        """Delete everything recorded, and set the behaviours for a condition."""
        self.condition = condition
        for recorder in (self.cloud, self.local, self.third_party):
            recorder.clear()
        self.in_process.prompts.clear()
        self.quoting.prompts.clear()
        self.captured = io.StringIO()
        failing = behaviours.echo(500)
        self.cloud.play(failing if condition == "failing cloud" else routed(byte_server()))
        self.local.play(failing if condition == "failing local" else behaviours.chat("Done."))
        self.third_party.play(collector())

    @property
    def told_local(self) -> bytes:
        """Everything that reached the local model."""
        prompts = [*self.in_process.prompts, *self.quoting.prompts]
        return self.local.received + "\n".join(prompts).encode()

    @property
    def side_channels(self) -> bytes:
        """Everything that reached anything but the two models."""
        return self.third_party.received + self.captured.getvalue().encode()

    @property
    def outbound(self) -> bytes:
        """Everything that reached anything but the local model."""
        return self.cloud.received + bytes_of_ids(self.cloud) + self.side_channels

    def capture_errors(self, call: Callable[..., object], *args: object) -> Exception | None:
        """Call a function, capture its output and everything in its exception, and return that."""
        with redirect_stdout(self.captured), redirect_stderr(self.captured):
            try:
                call(*args)
            except Exception as error:
                self.captured.write(everything_in(error))
                return error
        return None


def bytes_of_ids(cloud: EgressRecorder) -> bytes:
    """The token ids of this server are bytes."""
    bodies = [json.loads(one.body) for one in cloud.requests if one.body]
    prompts = [prompt for body in bodies for prompt in body.get("prompt", ())]
    return b"\n".join(bytes(i % 256 for i in ids) for ids in prompts if isinstance(ids, list))


@contextmanager
def running_harness() -> Iterator[Harness]:
    with (
        pytest.MonkeyPatch.context() as patch,
        EgressRecorder() as cloud,
        EgressRecorder() as local,
        EgressRecorder() as third_party,
    ):
        look_up = socket.getaddrinfo

        def resolve(host: Any, *args: Any, **kwargs: Any) -> Any:
            known = host in (THIRD_PARTY, THIRD_PARTY.encode())
            return look_up("127.0.0.1" if known else host, *args, **kwargs)

        patch.setattr(socket, "getaddrinfo", resolve)
        patch.setenv("OPENAI_API_KEY", "key")
        patch.setattr("cogenesis_langchain.models.cloud.cloud_model._FIRST_PAUSE", 0.001)
        patch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.001)
        yield Harness(cloud, local, third_party)


def collector() -> behaviours.Behaviour:
    """Answer like LangSmith's collector of compressed traces, or else like a chat model."""
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
def log_captured(harness: Harness) -> Iterator[None]:
    handler = logging.StreamHandler(harness.captured)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(handler)


def everything_in(error: BaseException | None) -> str:
    """Return all text of an exception and its chain: notes, attributes, requests, responses."""
    pieces: list[str] = []
    while error is not None:
        pieces += traceback.format_exception_only(error)
        for value in (*error.args, *vars(error).values()):
            pieces.append(repr(value))
            with suppress(RuntimeError):  # a streamed request has no content
                pieces.append(str(getattr(value, "content", "")))
        error = error.__cause__ or error.__context__
    return "\n".join(pieces)
