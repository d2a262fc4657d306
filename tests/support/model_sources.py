"""Sources of model files for tests: a model hub on loopback, and tiny wheels for pip."""

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
    """A hub that serves the same content at every address; the fields define its behaviour.

    `gets` contains the Range header of each request for the content.
    """

    content: bytes
    etag: str | None = None
    cut_after: int | None = None
    understands_ranges: bool = True
    status: int = 200
    seconds_a_kilobyte: float = 0.0
    renamed_from: str = "/old/"
    gets: list[str | None] = field(default_factory=list)
    url: str = ""

    @property
    def published_etag(self) -> str:
        return hashlib.sha256(self.content).hexdigest() if self.etag is None else self.etag


@contextmanager
def running_hub(hub: Hub) -> Iterator[Hub]:
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            if self.path.startswith(hub.renamed_from):
                self.send_response(307)
                self.send_header("Location", self.path.replace(hub.renamed_from, "/new/", 1))
            elif hub.status != 200:
                self.send_response(hub.status)
            else:
                self.send_response(302)
                self.send_header("Location", f"{hub.url}/storage/file")
                self.send_header("X-Linked-Etag", f'"{hub.published_etag}"')
                self.send_header("X-Linked-Size", str(len(hub.content)))
                self.send_header("X-Repo-Commit", hub.published_etag[:7])
            self.end_headers()

        def do_GET(self) -> None:
            if not self.path.startswith("/storage/"):
                self.send_response(302)
                self.send_header("Location", f"{hub.url}/storage/file")
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
            self.end_headers()
            last = len(hub.content) if hub.cut_after is None else first + hub.cut_after
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
    """Write version 1 of a wheel that contains one data file."""
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
