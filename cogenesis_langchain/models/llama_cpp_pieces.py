"""The bytes of each token of a GGUF model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from llama_cpp._internals import LlamaModel

_LONGEST_PIECE: Final = 1024


def piece_of(weights: LlamaModel, token: int) -> bytes:
    """Return the bytes of a token; a control token has none."""
    import ctypes

    from llama_cpp import llama_token_to_piece

    buffer = ctypes.create_string_buffer(_LONGEST_PIECE)
    size = llama_token_to_piece(weights.vocab, token, buffer, _LONGEST_PIECE, 0, False)
    return buffer.raw[: max(size, 0)]
