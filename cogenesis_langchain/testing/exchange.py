"""One HTTP request that arrived, exactly as it did, and the way to answer it."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from threading import Event
from typing import Final

_MAX_DECODED: Final = 256 * 2**20


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """A request as it came over the wire.

    Attributes:
        method: ``POST``, ``GET``, ``CONNECT``, ...
        target: Path and query; a whole URL when the sender took the recorder for a proxy.
        headers: Names as sent, and values.
        head: The bytes of the request line and of the headers.
        body: The bytes of the body, with chunked transfer resolved and nothing else.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    head: bytes
    body: bytes

    @property
    def content(self) -> bytes:
        """The body as its sender wrote it: zstd, gzip and deflate resolved."""
        encodings = [value for name, value in self.headers if name.lower() == "content-encoding"]
        body = self.body
        for encoding in reversed(",".join(encodings).replace(" ", "").lower().split(",")):
            body = _decode(body, encoding)
        return body

    @property
    def everything(self) -> bytes:
        """Head, body, and decoded body: the bytes to search."""
        return b"\n".join(dict.fromkeys((self.head, self.body, self.content)))


class Exchange:
    """A request and the open connection it came on, for a behaviour to answer.

    The connection closes after the answer, so that none outlives its caller's event loop.

    Args:
        request: The request.
        handler: The connection.
        stopping: Set when the recorder stops; whoever waits ends then.
    """

    def __init__(
        self, request: ReceivedRequest, handler: BaseHTTPRequestHandler, stopping: Event
    ) -> None:
        self.request = request
        self._handler = handler
        self._stopping = stopping

    def answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Send a whole answer."""
        self.begin(status, {"Content-Length": str(len(body))} | dict(headers or {}))
        self.write(body)

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Send a status line and headers; the body is up to the caller."""
        self._handler.send_response_only(status)
        for name, value in {"Connection": "close", **headers}.items():
            self._handler.send_header(name, value)
        self._handler.end_headers()

    def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._handler.wfile.write(data)
        self._handler.wfile.flush()

    def wait(self, seconds: float | None = None) -> bool:
        """Sleep, at most until the recorder stops; tell whether it stopped."""
        return self._stopping.wait(seconds)


class Tee(io.BufferedIOBase):
    """Reads from a connection and keeps what was read.

    Args:
        source: The connection's reading side.
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
        """Return what was read since the last time."""
        taken = bytes(self._kept)
        self._kept.clear()
        return taken

    def close(self) -> None:
        """Close the connection's reading side."""
        self._source.close()
        super().close()

    def _keep(self, data: bytes) -> bytes:
        self._kept += data
        return data


def read_body(source: Tee, headers: Mapping[str, str]) -> bytes:
    """Read a request's body, however its length is told."""
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

        # The senders of streams do not write the size into the frame, so a limit is named.
        return zstandard.ZstdDecompressor().decompress(body, max_output_size=_MAX_DECODED)
    return body
