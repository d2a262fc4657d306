"""Sources of model files for tests: a hub on loopback, and small wheels for the real pip."""

from __future__ import annotations

import hashlib
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass
class Hub:
    """A hub that has one content at every address; the fields say how it behaves.

    Attributes:
        content: The bytes of the file.
        etag: Published version mark; by default the content's SHA-256.
        cut_after: Each answer ends after so many bytes.
        stops_at: No answer goes beyond this byte of the file.
        understands_ranges: Whether a request can ask for the rest of the file.
        announced_size: Size that it announces; by default the content's.
        status: Answer to every question about the file.
        seconds_a_kilobyte: How slow it is.
        renamed_from: Addresses that begin like this are redirected.
        gets: The Range header of each request for the content.
        tokens: The Authorization header of each request, by host name.
    """

    content: bytes
    etag: str | None = None
    cut_after: int | None = None
    stops_at: int | None = None
    understands_ranges: bool = True
    announced_size: int | None = None
    status: int = 200
    seconds_a_kilobyte: float = 0.0
    renamed_from: str = "/old/"
    gets: list[str | None] = field(default_factory=list)
    tokens: dict[str, str | None] = field(default_factory=dict)
    url: str = ""

    @property
    def published_etag(self) -> str:
        return hashlib.sha256(self.content).hexdigest() if self.etag is None else self.etag

    @property
    def commit(self) -> str:
        return hashlib.sha1(self.published_etag.encode()).hexdigest()

    @property
    def storage_url(self) -> str:
        """Address of the content: another host than the hub's, as with the real one."""
        return self.url.replace("127.0.0.1", "localhost") + "/storage/file"


@contextmanager
def running_hub(hub: Hub) -> Iterator[Hub]:
    class Handler(BaseHTTPRequestHandler):
        def note_token(self) -> None:
            host = (self.headers["Host"] or "").partition(":")[0]
            hub.tokens[host] = self.headers["Authorization"]

        def do_HEAD(self) -> None:
            self.note_token()
            if self.path.startswith(hub.renamed_from):
                self.send_response(307)
                self.send_header("Location", self.path.replace(hub.renamed_from, "/new/", 1))
            elif hub.status != 200:
                self.send_response(hub.status)
            else:
                self.send_response(302)
                self.send_header("Location", hub.storage_url)
                self.send_header("X-Linked-Etag", f'"{hub.published_etag}"')
                self.send_header("X-Linked-Size", str(hub.announced_size or len(hub.content)))
                self.send_header("X-Repo-Commit", hub.commit)
            self.end_headers()

        def do_GET(self) -> None:
            if self.path.startswith("/api/"):  # what huggingface_hub asks about itself
                self.send_error(404)
                return
            self.note_token()
            if not self.path.startswith("/storage/"):
                self.send_response(302)
                self.send_header("Location", hub.storage_url)
                self.end_headers()
                return
            asked = self.headers["Range"]
            hub.gets.append(asked)
            first = int(asked[len("bytes=") : -1]) if asked and hub.understands_ranges else 0
            if first >= len(hub.content) > 0:
                self.send_response(416)
                self.end_headers()
                return
            self.send_response(206 if first else 200)
            self.send_header("Content-Length", str(len(hub.content) - first))
            if first:
                last, size = len(hub.content) - 1, len(hub.content)
                self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
            self.end_headers()
            last = len(hub.content) if hub.stops_at is None else hub.stops_at
            last = last if hub.cut_after is None else min(last, first + hub.cut_after)
            for start in range(first, last, 1024):
                self.wfile.write(hub.content[start : min(start + 1024, last)])
                time.sleep(hub.seconds_a_kilobyte)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def build_wheel(folder: Path, distribution: str, member: str, content: bytes) -> Path:
    """Write version 1 of a wheel that carries one data file."""
    package = distribution.replace("-", "_")
    info = f"{package}-1.dist-info"
    wheel = folder / f"{package}-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, content)
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1\n"
        )
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return wheel
