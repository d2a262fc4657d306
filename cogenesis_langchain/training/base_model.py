"""Opens the model that is trained: weights of the Hugging Face hub, a folder, or a GGUF file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from cogenesis_langchain.errors import ModelFileUnknown, TrainingError, require_package
from cogenesis_langchain.models.files import catalog

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast


def open_base(name: str) -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
    """Open a model and its tokenizer.

    Args:
        name: A catalog name, the path of a GGUF file, which is dequantised, a folder, or
            ``owner/repository`` of the hub.

    Raises:
        MissingDependency: The extra ``training`` is not installed.
        TrainingError: There is no such model, or it has no chat template.
        ModelFileError: The file of the catalog cannot be obtained.
    """
    for package in ("peft", "transformers"):
        require_package(package, extra="training")
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    place, options = _located(name)
    # Half precision is emulated on most processors; a GPU has it.
    dtype = torch.bfloat16 if torch.cuda.is_available() else torch.float32
    try:
        tokenizer = AutoTokenizer.from_pretrained(place, **options)
        model = AutoModelForCausalLM.from_pretrained(place, dtype=dtype, **options)
    except (OSError, ValueError) as error:
        raise TrainingError(
            f"the model {name!r} cannot be opened ({type(error).__name__})",
            remedy="give a catalog name, a GGUF file, a folder or owner/repository of the hub",
        ) from None
    if tokenizer.chat_template is None:
        raise TrainingError(
            f"the model {name!r} has no chat template",
            remedy="train an instruction-tuned model (its name often ends in -instruct)",
        )
    vars(model)["is_quantized"] = False  # a GGUF file was dequantised; the trainer would refuse it
    return cast("PreTrainedModel", model), cast("PreTrainedTokenizerFast", tokenizer)


def _located(name: str) -> tuple[str, dict[str, str]]:
    """Where transformers finds a model, and the GGUF file in that folder, if it is one."""
    if Path(name).is_dir():
        return name, {}
    try:
        path = catalog.fetch(name)
    except ModelFileUnknown:
        return name, {}
    return str(path.parent), {"gguf_file": path.name}
