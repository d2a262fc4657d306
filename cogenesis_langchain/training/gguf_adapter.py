"""Writes an adapter of peft as a GGUF file, which llama.cpp loads over the quantised base.

The names and the layout are those of llama.cpp's own converter (``convert_lora_to_gguf.py``). A
test compares the distributions of llama.cpp with those of peft.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cogenesis_langchain.errors import TrainingError, require_package
from cogenesis_langchain.whole_file import whole_file

if TYPE_CHECKING:
    import gguf
    import numpy as np
    from numpy.typing import NDArray
    from transformers import PretrainedConfig

_WEIGHT: Final = re.compile(r"base_model\.model\.(?P<part>.+)\.lora_(?P<side>[AB])\.weight")
_PERMUTED: Final = frozenset({"llama", "mistral"})
"""Models whose query and key rows llama.cpp keeps in another order."""
_ARCHITECTURES: Final = {"llama": "llama", "mistral": "llama", "qwen2": "qwen2", "qwen3": "qwen3"}
"""llama.cpp's names of the types of models whose adapters can be written."""


def export_gguf(adapter: Path, base: PretrainedConfig, target: Path) -> Path:
    """Write an adapter as GGUF, in half precision.

    Args:
        adapter: Folder of the adapter, in peft's format.
        base: Configuration of the model that it was trained for.
        target: The file to write; it appears when it is complete.

    Returns:
        The file.

    Raises:
        MissingDependency: The extra ``training`` is not installed.
        TrainingError: The folder holds no such adapter, or llama.cpp does not know the model.
    """
    require_package("gguf", extra="training")
    import gguf
    import numpy as np

    architecture = _architecture(base.model_type)
    settings = _read_settings(adapter)
    with whole_file(target) as partial:
        writer = gguf.GGUFWriter(partial, gguf.MODEL_ARCH_NAMES[architecture])
        writer.add_type(gguf.GGUFType.ADAPTER)
        writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
        writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, float(settings["lora_alpha"]))
        names = gguf.get_tensor_name_map(architecture, base.num_hidden_layers)
        for part, side, weights in _weights(adapter):
            ordered = _ordered(part, weights, base) if side == "b" else weights
            name = f"{names.get_name(part)}.weight.lora_{side}"
            writer.add_tensor(name, ordered.astype(np.float16))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
    return target


def check_type(model_type: str) -> None:
    """Check that adapters of a type of models can be written.

    Raises:
        TrainingError: They cannot.
    """
    if model_type not in _ARCHITECTURES:
        raise TrainingError(
            f"adapters for models of type {model_type!r} cannot be written for llama.cpp",
            remedy=f"train a model of one of the types {', '.join(_ARCHITECTURES)}",
        )


def _architecture(model_type: str) -> gguf.MODEL_ARCH:
    import gguf

    check_type(model_type)
    name = _ARCHITECTURES[model_type]
    return next(known for known, other in gguf.MODEL_ARCH_NAMES.items() if other == name)


def _read_settings(adapter: Path) -> dict[str, float]:
    try:
        settings: dict[str, float] = json.loads((adapter / "adapter_config.json").read_bytes())
    except (OSError, ValueError):
        raise TrainingError(
            f"{adapter} holds no adapter of peft", remedy="give the folder that training wrote"
        ) from None
    return settings


def _weights(adapter: Path) -> Iterator[tuple[str, str, NDArray[np.float32]]]:
    """Part of the model, side (``a`` or ``b``) and weights of each matrix."""
    import torch
    from safetensors import safe_open

    with safe_open(adapter / "adapter_model.safetensors", framework="pt") as file:
        for key in sorted(file.keys()):
            found = _WEIGHT.fullmatch(key)
            if found is None:
                raise TrainingError(
                    f"the adapter holds {key!r}, which is not a low-rank matrix",
                    remedy="train without other parts of the model",
                )
            weights = file.get_tensor(key).to(torch.float32).numpy()
            yield found["part"], found["side"].lower(), weights


def _ordered(
    part: str, weights: NDArray[np.float32], base: PretrainedConfig
) -> NDArray[np.float32]:
    """Query and key rows in llama.cpp's order: both halves of a head interleaved."""
    sizes = {"q_proj": base.num_attention_heads, "k_proj": base.num_key_value_heads}
    heads = sizes.get(part.rpartition(".")[2])
    if heads is None or base.model_type not in _PERMUTED:
        return weights
    rows, rank = weights.shape
    return weights.reshape(heads, 2, rows // heads // 2, rank).swapaxes(1, 2).reshape(rows, rank)
