"""A real HTTP server on loopback that keeps every byte it receives."""

from __future__ import annotations

import socket
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Final, Self

from cogenesis_langchain.testing.behaviours import Behaviour, chat
from cogenesis_langchain.testing.exchange import Exchange, ReceivedRequest, Tee, read_body

_HOST: Final = "127.0.0.1"


class EgressRecorder:
    """Stands for whatever is beyond the border: a cloud model, a tracer's collector, a proxy.

    It answers OpenAI's chat completions, or misbehaves as it is told, and keeps the exact bytes of
    each request. It runs from ``with`` to the end of the block. Safe to share by threads.

    Args:
        *script: What to answer, one behaviour a request; the last one stays. Nothing: a chat
            answer that is a usable outline.

    Example:
        >>> from urllib.request import urlopen
        >>> with EgressRecorder() as recorder:
        ...     answer = urlopen(recorder.url + "/hello", data=b"good morning").read()
        >>> answer, recorder.requests[0].target, recorder.requests[0].body
        (b'{}', '/hello', b'good morning')
    """

    def __init__(self, *script: Behaviour) -> None:
        self._lock = threading.Lock()
        self._requests: list[ReceivedRequest] = []
        self._script: list[Behaviour] = []
        self._connections: set[socket.socket] = set()
        self._stopping = threading.Event()
        self.play(*script)
        self._server = _Server(self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    def play(self, *script: Behaviour) -> None:
        """Answer the next requests with these behaviours; the last one stays."""
        with self._lock:
            self._script = list(script) or [chat()]

    def clear(self) -> None:
        """Forget the requests so far."""
        with self._lock:
            self._requests.clear()

    @property
    def url(self) -> str:
        """Where it listens, for instance ``http://127.0.0.1:40123``."""
        return f"http://{_HOST}:{self._server.server_port}"

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return _HOST, self._server.server_port

    @property
    def base_url(self) -> str:
        """What a client of OpenAI's API takes as its base URL."""
        return f"{self.url}/v1"

    @property
    def requests(self) -> tuple[ReceivedRequest, ...]:
        """Every request so far, oldest first."""
        with self._lock:
            return tuple(self._requests)

    @property
    def received(self) -> bytes:
        """Everything that can be searched: heads, bodies and decoded bodies."""
        return b"\n".join(request.everything for request in self.requests)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._thread.join()
        with self._lock:
            connections = tuple(self._connections)
        for connection in connections:
            with suppress(OSError):  # the other side may have closed it already
                connection.shutdown(socket.SHUT_RDWR)
        self._server.server_close()

    def _serve(self, request: ReceivedRequest, handler: BaseHTTPRequestHandler) -> None:
        with self._lock:
            self._requests.append(request)
            behave = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        with suppress(OSError):  # a caller that has given up does not read the answer
            behave(Exchange(request, handler, self._stopping))
        handler.close_connection = True

    def _opened(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.add(connection)

    def _closed(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.discard(connection)


class _Server(ThreadingHTTPServer):
    request_queue_size = 128

    def __init__(self, recorder: EgressRecorder) -> None:
        self.recorder = recorder
        super().__init__((_HOST, 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a caller that breaks off: that is what some tests are about."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self._tee = Tee(self.rfile)
        self.rfile = self._tee
        self.server.recorder._opened(self.connection)

    def finish(self) -> None:
        self.server.recorder._closed(self.connection)
        super().finish()

    def __getattr__(self, name: str) -> object:
        """Serve every method alike."""
        if name.startswith("do_"):
            return self._receive
        raise AttributeError(name)

    def _receive(self) -> None:
        head = self._tee.take()
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = read_body(self._tee, headers)
        self._tee.take()
        request = ReceivedRequest(self.command, self.path, tuple(self.headers.items()), head, body)
        self.server.recorder._serve(request, self)

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""
