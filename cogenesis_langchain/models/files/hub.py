"""Model files from the hub over plain https, continued where an earlier run stopped.

The hub is the one named by the usual ``HF_ENDPOINT`` (``HF_TOKEN`` for gated repositories).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import quote, urljoin

from cogenesis_langchain.errors import (
    DownloadInterrupted,
    ModelFileUnknown,
    ModelFileUnreachable,
)

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

Progress = Callable[[int], None]
"""Called with the number of bytes of the file that are here so far."""

_CONNECT_SECONDS = 4.0
_LOOK_UP_SECONDS = 8.0
_STALL_SECONDS = 30.0
_TRIES = 3
_REFERENCE = re.compile(  # no segment starts with a dot, so none leads out of the cache folder
    r"hf:(?P<repository>\w[\w.-]*/\w[\w.-]*)/(?P<path>\w[\w.+ -]*(?:/\w[\w.+ -]*)*)"
)


@dataclass(frozen=True, slots=True)
class HubFile:
    """Where a file lives on the hub.

    Attributes:
        repository: ``owner/name``.
        path: Path inside the repository.
        revision: Branch, tag or commit.
    """

    repository: str
    path: str
    revision: str = "main"

    @classmethod
    def parse(cls, reference: str) -> HubFile:
        """Read ``hf:owner/name/path/to/file.gguf``.

        Raises:
            ModelFileUnknown: The reference has another form.
        """
        match = _REFERENCE.fullmatch(reference)
        if match is None:
            raise ModelFileUnknown(
                f"{reference!r} is not a hub reference",
                remedy="write it as hf:owner/repository/file.gguf",
            )
        return cls(match["repository"], match["path"])

    @property
    def url(self) -> str:
        """Address on the hub in use."""
        endpoint = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
        return f"{endpoint}/{self.repository}/resolve/{quote(self.revision)}/{quote(self.path)}"


@dataclass(frozen=True, slots=True)
class HubCopy:
    """The hub as a source of a file whose hash is known beforehand.

    Attributes:
        file: Where the hub has it.
        sha256: Hash of the content wanted.
    """

    file: HubFile
    sha256: str

    def extend(self, partial: Path, progress: Progress) -> None:
        """Append to ``partial`` what it still lacks.

        Raises:
            DownloadInterrupted: The connection broke off more than once; what arrived stays.
            ModelFileUnreachable: The hub cannot be reached or has no such content.
        """
        offer = look_up(self.file)
        if offer.sha256 not in (None, self.sha256):
            raise ModelFileUnreachable(
                f"{self.file.repository} on the hub has another version of {self.file.path}",
                remedy="upgrade this package, whose catalog may know the new one",
            )
        offer.extend(partial, progress)


@dataclass(frozen=True, slots=True)
class HubDownload:
    """A file as the hub describes it right now; a source like `HubCopy`.

    Attributes:
        url: Address to read from.
        size: Bytes, if the hub says.
        sha256: Hash of the content where the hub publishes one, else None.
        etag: The hub's version mark of the content.
    """

    url: str
    size: int | None
    sha256: str | None
    etag: str

    def extend(self, partial: Path, progress: Progress) -> None:
        """Append to ``partial`` what it still lacks.

        Raises:
            DownloadInterrupted: The connection broke off more than once; what arrived stays.
            ModelFileUnreachable: The hub answers with an error.
        """
        import httpx

        for _ in range(_TRIES):
            try:
                return self._append_rest(partial, progress)
            except httpx.TransportError:
                continue
        have = partial.stat().st_size if partial.exists() else 0
        raise DownloadInterrupted(
            f"the connection to {httpx.URL(self.url).host} broke off after {have} bytes",
            remedy="run the command again: it continues where it stopped",
        )

    def _append_rest(self, partial: Path, progress: Progress) -> None:
        have = partial.stat().st_size if partial.exists() else 0
        headers = {"Range": f"bytes={have}-"} if have else {}
        with (
            _client(_STALL_SECONDS) as client,
            client.stream("GET", self.url, headers=headers, follow_redirects=True) as answer,
        ):
            if answer.status_code == 416:  # what is here is no beginning of the file
                partial.unlink()
                return self._append_rest(partial, progress)
            _refuse_errors(answer)
            continues = answer.status_code == 206
            with partial.open("ab" if continues else "wb") as out:
                for chunk in answer.iter_raw():
                    out.write(chunk)
                    progress(out.tell())


def look_up(file: HubFile) -> HubDownload:
    """Ask the hub for a file's size and hash, without its content.

    Raises:
        ModelFileUnreachable: No connection within seconds, or the hub answers with an error.
    """
    import httpx

    try:
        with _client(_LOOK_UP_SECONDS) as client:
            answer = _head(client, file.url)
    except httpx.HTTPError as error:
        raise ModelFileUnreachable(
            f"{httpx.URL(file.url).host} cannot be reached ({type(error).__name__})",
            remedy="check the network connection, HF_ENDPOINT and HTTPS_PROXY",
        ) from None
    _refuse_errors(answer)
    headers = answer.headers
    etag = headers.get("x-linked-etag") or headers.get("etag", "")
    etag = etag.removeprefix("W/").strip('"')
    size = headers.get("x-linked-size")
    if size is None and answer.is_success:  # a redirect's length is that of its own page
        size = headers.get("content-length")
    return HubDownload(
        url=replace(file, revision=headers.get("x-repo-commit", file.revision)).url,
        size=int(size) if size else None,
        sha256=etag if re.fullmatch(r"[0-9a-f]{64}", etag) else None,
        etag=etag,
    )


def _head(client: httpx.Client, url: str) -> httpx.Response:
    """Ask for a file's description, following the hub's own redirects only.

    The redirect to the storage behind the hub carries the description; the storage knows less.
    """
    answer = client.head(url)
    for _ in range(_TRIES):
        if not answer.headers.get("location", "").startswith("/"):
            break
        url = urljoin(url, answer.headers["location"])  # a renamed repository
        answer = client.head(url)
    return answer


@contextmanager
def _client(seconds: float) -> Iterator[httpx.Client]:
    import httpx

    headers = {"Accept-Encoding": "identity"}  # sizes and ranges are those of the file itself
    token = os.environ.get("HF_TOKEN")
    if token:
        headers["Authorization"] = (
            f"Bearer {token}"  # httpx drops it when a redirect leaves the host
        )
    timeout = httpx.Timeout(seconds, connect=_CONNECT_SECONDS)
    with httpx.Client(headers=headers, timeout=timeout) as client:
        yield client


def _refuse_errors(answer: httpx.Response) -> None:
    if answer.status_code < 400:
        return
    remedies = {
        401: "set HF_TOKEN to a token that may read this repository",
        403: "accept the model's licence on its page and set HF_TOKEN",
        404: "check owner, repository and file name on the hub's page",
    }
    raise ModelFileUnreachable(
        f"{answer.request.url.host} answers {answer.status_code} for {answer.request.url.path}",
        remedy=remedies.get(answer.status_code, "try again later"),
    )
