"""Opens a GGUF file with llama.cpp, and its chat template."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cogenesis_langchain.errors import LocalModelError, ModelFileError, require_package
from cogenesis_langchain.models.decoding.chat_template import Renderer

if TYPE_CHECKING:
    from llama_cpp import Llama

_BATCH: Final = 256


def open_llama(path: Path, n_ctx: int, n_threads: int | None) -> Llama:
    """Load a model.

    Args:
        path: The model file.
        n_ctx: Window, in tokens.
        n_threads: CPU threads; None is `usable_cores`.

    Raises:
        ModelFileError: It is not a GGUF model.
    """
    from llama_cpp import Llama

    threads = n_threads or usable_cores()
    try:
        return Llama(str(path), n_ctx=n_ctx, n_batch=_BATCH, n_threads=threads, verbose=False)
    except ValueError:
        raise _not_a_model(path) from None


def usable_cores() -> int:
    """Return the number of physical cores that this process may use.

    llama-cpp-python takes half of the logical ones, which is half of the speed where each core
    has one thread: on ARM, and on many virtual machines. Where the process may use some of the
    logical ones, each is counted as its share of a physical one. Quotas of containers are not seen.

    Raises:
        MissingDependency: psutil is not installed.
    """
    require_package("psutil", extra="llama-cpp")
    import psutil  # type: ignore[import-untyped]

    logical = psutil.cpu_count() or 1
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else logical
    physical = psutil.cpu_count(logical=False) or logical
    return max(1, min(allowed, round(allowed * physical / logical)))


def renderer_of(llama: Llama) -> Renderer:
    """The chat template that the model file carries.

    Raises:
        ModelFileError: It carries none.
    """
    from jinja2 import TemplateError
    from llama_cpp.llama_chat_format import Jinja2ChatFormatter

    template = llama.metadata.get("tokenizer.chat_template")
    if template is None:
        raise ModelFileError(
            "the model file carries no chat template",
            remedy="use an instruction-tuned model (its name often ends in -instruct or -chat)",
        )
    # Detokenising drops control tokens, so the begin and end marks are read from the vocabulary.
    begin, end = (
        llama._model.token_get_text(token) if token != -1 else ""
        for token in (llama.token_bos(), llama.token_eos())
    )
    formatter = Jinja2ChatFormatter(template=template, bos_token=begin, eos_token=end)

    def render(turns: list[dict[str, str]]) -> str:
        try:
            return formatter(messages=turns).prompt  # type: ignore[arg-type]  # plain role/content
        except (TemplateError, ValueError):
            raise LocalModelError(
                "the model's chat template refuses this order of roles",
                remedy="use a model whose chat template takes a system turn",
            ) from None

    return render


def decoder_of(path: Path) -> Callable[[Sequence[int]], str]:
    """A function that turns token ids of a model into text; the weights are not loaded.

    Raises:
        MissingDependency: llama-cpp-python is not installed.
        ModelFileError: It is not a GGUF model.
    """
    require_package("llama_cpp", extra="llama-cpp")
    from llama_cpp import Llama

    try:
        vocabulary = Llama(str(path), vocab_only=True, verbose=False)
    except ValueError:
        raise _not_a_model(path) from None

    def decode(ids: Sequence[int]) -> str:
        content: bytes = vocabulary.detokenize(list(ids), special=True)
        return content.decode(errors="backslashreplace")

    return decode


def _not_a_model(path: Path) -> ModelFileError:
    return ModelFileError(
        f"llama.cpp cannot open {path.name!r}",
        remedy="it must be an undamaged GGUF file; `cogenesis models pull NAME` fetches one",
    )
