"""`EgressRecorder`: an HTTP server on loopback that records every byte it receives."""

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
    """A recording HTTP server that stands for a cloud model, a tracing collector or a proxy.

    It answers like OpenAI's chat completions API, or as scripted, and keeps the exact bytes of each
    request. It runs inside a ``with`` block. Thread-safe.

    Args:
        *script: One behaviour for each request; the last one is repeated. Default: a chat
            completion with a usable outline.

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
        """Answer the next requests with these behaviours; the last one is repeated."""
        with self._lock:
            self._script = list(script) or [chat()]

    def clear(self) -> None:
        """Delete the recorded requests."""
        with self._lock:
            self._requests.clear()

    @property
    def url(self) -> str:
        """The URL of the server, for instance ``http://127.0.0.1:40123``."""
        return f"http://{_HOST}:{self._server.server_port}"

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the server."""
        return _HOST, self._server.server_port

    @property
    def base_url(self) -> str:
        """The base URL for clients of the OpenAI API."""
        return f"{self.url}/v1"

    @property
    def requests(self) -> tuple[ReceivedRequest, ...]:
        """All requests, oldest first."""
        with self._lock:
            return tuple(self._requests)

    @property
    def received(self) -> bytes:
        """Heads, bodies and decompressed bodies of all requests: the bytes to search for leaks."""
        return b"\n".join(request.searchable for request in self.requests)

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
            with suppress(OSError):  # the client may have closed it already
                connection.shutdown(socket.SHUT_RDWR)
        self._server.server_close()

    def _serve(self, request: ReceivedRequest, handler: BaseHTTPRequestHandler) -> None:
        with self._lock:
            self._requests.append(request)
            behave = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        with suppress(OSError):  # a client that timed out does not read the answer
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
        """Ignore connection errors, because some tests interrupt connections on purpose."""
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
        """Handle every HTTP method in the same way."""
        if name.startswith("do_"):
            return self._receive
        raise AttributeError(name)

    def _receive(self) -> None:
        head = self._tee.take()
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = read_body(self._tee, headers)
        self._tee.take()  # the next request on this connection starts with an empty copy
        request = ReceivedRequest(self.command, self.path, tuple(self.headers.items()), head, body)
        self.server.recorder._serve(request, self)

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""
