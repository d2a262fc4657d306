"""A received HTTP request with its exact bytes, and the connection to answer it."""

from __future__ import annotations

import gzip
import io
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from threading import Event
from typing import Final

_MAX_DECODED: Final = 256 * 2**20


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """A request as received.

    Attributes:
        method: ``POST``, ``GET``, ``CONNECT``, ...
        target: Path and query, or a whole URL if the client uses the recorder as a proxy.
        headers: Names and values as sent.
        head: The bytes of the request line and the headers.
        body: The bytes of the body, without chunked transfer encoding but still compressed.
        received: Clock time (`time.monotonic`) when it was complete.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    head: bytes
    body: bytes
    received: float = field(default_factory=time.monotonic, compare=False)

    @property
    def content(self) -> bytes:
        """The body, decompressed (zstd, gzip, deflate)."""
        encodings = [value for name, value in self.headers if name.lower() == "content-encoding"]
        body = self.body
        for encoding in reversed(",".join(encodings).replace(" ", "").lower().split(",")):
            body = _decode(body, encoding)
        return body

    @property
    def searchable(self) -> bytes:
        """Head, body and decompressed body: the bytes to search for leaks."""
        return b"\n".join(dict.fromkeys((self.head, self.body, self.content)))


class Exchange:
    """A request and the open connection on which a behaviour answers it.

    The connection closes after the answer, so that no client keeps it for another event loop.

    Args:
        request: The request.
        handler: The handler of the connection.
        stopping: Set when the recorder stops, to end a wait.
    """

    def __init__(
        self, request: ReceivedRequest, handler: BaseHTTPRequestHandler, stopping: Event
    ) -> None:
        self.request = request
        self._handler = handler
        self._stopping = stopping

    def answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Send a complete answer."""
        self.begin(status, {"Content-Length": str(len(body))} | dict(headers or {}))
        self.write(body)

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Send a status line and headers. The caller writes the body."""
        self._handler.send_response_only(status)
        for name, value in {"Connection": "close", **headers}.items():
            self._handler.send_header(name, value)
        self._handler.end_headers()

    def write(self, data: bytes) -> None:
        """Send raw bytes."""
        self._handler.wfile.write(data)
        self._handler.wfile.flush()

    def wait(self, seconds: float | None = None) -> bool:
        """Sleep until the time is over or the recorder stops; return whether it stopped."""
        return self._stopping.wait(seconds)


class Tee(io.BufferedIOBase):
    """A file object that keeps a copy of all bytes read through it.

    Args:
        source: The file object of the connection.
    """

    def __init__(self, source: io.BufferedIOBase) -> None:
        self._source = source
        self._kept = bytearray()

    def readline(self, size: int | None = -1) -> bytes:
        """Read a line."""
        return self._keep(self._source.readline(-1 if size is None else size))

    def read(self, size: int | None = -1) -> bytes:
        """Read bytes."""
        return self._keep(self._source.read(-1 if size is None else size))

    def take(self) -> bytes:
        """Return the bytes read since the last call."""
        taken = bytes(self._kept)
        self._kept.clear()
        return taken

    def close(self) -> None:
        """Close the source too."""
        self._source.close()
        super().close()

    def _keep(self, data: bytes) -> bytes:
        self._kept += data
        return data


def read_body(source: Tee, headers: Mapping[str, str]) -> bytes:
    """Read a request body with a content length or in chunks."""
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return b"".join(_chunks(source))
    return source.read(int(headers.get("content-length", 0)))


def _chunks(source: Tee) -> Iterator[bytes]:
    while size := int(source.readline().split(b";")[0], 16):
        yield source.read(size)
        source.readline()
    while source.readline().strip():
        """Skip the trailers."""


def _decode(body: bytes, encoding: str) -> bytes:
    if encoding == "gzip":
        return gzip.decompress(body)
    if encoding == "deflate":
        return zlib.decompress(body)
    if encoding == "zstd":
        import zstandard

        # A streamed frame does not contain its size, so the decompressor needs a limit.
        return zstandard.ZstdDecompressor().decompress(body, max_output_size=_MAX_DECODED)
    return body
