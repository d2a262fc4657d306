"""A low-rank adapter over the weights of a llama.cpp model."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import TYPE_CHECKING, final

from cogenesis_langchain.errors import ModelFileError

if TYPE_CHECKING:
    from llama_cpp._internals import LlamaContext, LlamaModel


@final
class LlamaCppAdapter:
    """An adapter that is loaded once and set in each context over the same weights.

    llama.cpp frees it with the weights.

    Args:
        weights: The weights that it was trained for.
        path: A GGUF file.

    Raises:
        ModelFileError: The file is no adapter, is damaged, or is for another model.
    """

    def __init__(self, weights: LlamaModel, path: Path) -> None:
        import llama_cpp

        if not path.is_file():
            raise ModelFileError(
                f"there is no adapter {path.name!r}", remedy="give the path of a GGUF file"
            )
        loaded = llama_cpp.llama_adapter_lora_init(weights.model, str(path).encode())
        if not loaded:  # a null pointer
            raise ModelFileError(
                f"the adapter {path.name!r} does not fit the model",
                remedy="it must be an undamaged GGUF adapter that was trained for this very model",
            )
        self._loaded = loaded
        self.name = path.stem

    def set_in(self, context: LlamaContext) -> None:
        """Let a context use the adapter.

        Raises:
            ModelFileError: llama.cpp refuses it.
        """
        import llama_cpp

        adapters = (llama_cpp.llama_adapter_lora_p_ctypes * 1)(self._loaded)
        scales = (ctypes.c_float * 1)(1.0)
        if llama_cpp.llama_set_adapters_lora(context.ctx, adapters, 1, scales):
            raise ModelFileError(
                f"llama.cpp cannot use the adapter {self.name!r}",
                remedy="train it anew for this model",
            )
