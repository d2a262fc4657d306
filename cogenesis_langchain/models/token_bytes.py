"""The bytes of each token of a Hugging Face tokenizer.

Decoding one token to a string loses the parts of a character that is split over several; fused
decoding needs the bytes themselves.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from cogenesis_langchain.errors import FusionError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

_BYTE: Final = re.compile(r"<0x([0-9A-F]{2})>")


def token_bytes(tokenizer: PreTrainedTokenizerFast) -> dict[int, bytes]:
    """Return the bytes of every token but the control tokens.

    Args:
        tokenizer: Byte-level (GPT-2, Llama 3, Qwen) or SentencePiece with byte fallback (Llama 2,
            Gemma).

    Raises:
        FusionError: It is of another kind.
    """
    control = set(tokenizer.all_special_ids)
    vocabulary = {
        token: text for text, token in tokenizer.get_vocab().items() if token not in control
    }
    decoder = json.dumps(json.loads(tokenizer.backend_tokenizer.to_str()).get("decoder"))
    if '"ByteLevel"' in decoder:
        return {token: _from_byte_level(text) for token, text in vocabulary.items()}
    if '"ByteFallback"' in decoder:
        return {token: _from_sentencepiece(text) for token, text in vocabulary.items()}
    raise FusionError(
        "the tokenizer is neither byte-level nor SentencePiece with byte fallback",
        remedy="use a local model with a byte-level tokenizer, such as Qwen or Llama",
    )


def _byte_level_alphabet() -> dict[str, int]:
    """Characters that stand for bytes: printable ones for themselves, the rest from 256 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(0x100) if byte not in printable]
    alphabet = {chr(byte): byte for byte in printable}
    return alphabet | {chr(0x100 + index): byte for index, byte in enumerate(others)}


_ALPHABET: Final = _byte_level_alphabet()


def _from_byte_level(text: str) -> bytes:
    if all(character in _ALPHABET for character in text):
        return bytes(_ALPHABET[character] for character in text)
    return text.encode()  # a token that was added as it reads


def _from_sentencepiece(text: str) -> bytes:
    byte = _BYTE.fullmatch(text)
    return bytes([int(byte[1], 16)]) if byte else text.replace("▁", " ").encode()
