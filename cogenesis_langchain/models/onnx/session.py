"""Opens small ONNX models and their tokenizers, with onnxruntime's telemetry off."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from cogenesis_langchain.errors import MissingDependency, ModelFileDamaged

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer


def open_tokenizer(path: Path, *, remedy: str) -> Tokenizer:
    """Open a ``tokenizer.json``, without padding.

    Args:
        path: The file.
        remedy: What to do if the file is damaged.

    Raises:
        ModelFileDamaged: The file cannot be read.
    """
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_str(path.read_text(encoding="utf-8"))
    except Exception as error:  # the binding raises bare Exception
        raise _damaged(path, remedy) from error
    tokenizer.no_padding()
    return tokenizer


def open_session(path: Path, *, threads: int, extra: str, remedy: str) -> InferenceSession:
    """Open an ONNX model on the CPU.

    Args:
        path: The file.
        threads: Threads of a forward pass; 0 lets onnxruntime use every core.
        extra: The extra that installs ``onnxruntime``.
        remedy: What to do if the file is damaged.

    Raises:
        MissingDependency: The extra is not installed.
        ModelFileDamaged: The file cannot be read.
    """
    disable_telemetry()
    try:
        import onnxruntime
        from onnxruntime.capi.onnxruntime_pybind11_state import (
            Fail,
            InvalidArgument,
            InvalidGraph,
            InvalidProtobuf,
        )
    except ImportError:
        raise MissingDependency("onnxruntime", extra=extra) from None
    onnxruntime.disable_telemetry_events()  # for a process that had imported onnxruntime before
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except (Fail, InvalidArgument, InvalidGraph, InvalidProtobuf) as error:
        raise _damaged(path, remedy) from error


def disable_telemetry() -> None:
    """Keep onnxruntime from sending telemetry to its vendor.

    It does so from native code, which blocking Python's sockets does not stop. It reads the
    variable once, when it is first imported.
    """
    if "onnxruntime" in sys.modules and os.environ.get("ORT_DISABLE_TELEMETRY") != "1":
        warnings.warn(
            "onnxruntime was imported before its telemetry was disabled, and may have reported "
            "this process to its vendor; set ORT_DISABLE_TELEMETRY=1 before Python starts",
            RuntimeWarning,
            stacklevel=2,
        )
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"


def encodable(text: str) -> str:
    """Replace lone surrogates, which tokenizers reject; the length stays the same."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _damaged(path: Path, remedy: str) -> ModelFileDamaged:
    return ModelFileDamaged(f"{path} is not a valid model file", remedy=remedy)
