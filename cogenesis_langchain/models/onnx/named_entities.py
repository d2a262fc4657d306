"""A named-entity model as a further detector of private values, beside the built-in rules.

The model is Rampart (National Design Studio, CC BY 4.0): a MiniLM of six layers for seven
languages, as a 4-bit ONNX file of 15 MB. It runs on this machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, final

from cogenesis_langchain.errors import ConfigurationError, require_package
from cogenesis_langchain.models.files import catalog
from cogenesis_langchain.models.onnx.session import encodable, open_session, open_tokenizer
from cogenesis_langchain.privacy.detectors.spans import ValueKind
from cogenesis_langchain.privacy.values import PrivateValue

if TYPE_CHECKING:
    from tokenizers import Encoding

MAX_TOKENS: Final = 512
"""Longest input of the model."""
_WINDOW: Final = 480
"""Characters that the model reads at once. With longer inputs it finds less."""
_OVERLAP: Final = 64
_KEPT_WINDOWS: Final = 2048
"""Windows that are kept with their values, since a conversation is read again at each turn: some
megabytes of text."""
_BREAK: Final = re.compile(r"\s")
_FEWEST_DIGITS: Final = 5
"""Digits of a number that says something: "14 Harbour Lane" does, 14 does not."""

# The order of the model's outputs: O, then "begins" and "goes on" for each of these.
_LABELS: Final[Sequence[ValueKind]] = (
    "NAME",  # given name
    "NAME",  # surname
    "EMAIL",
    "PHONE",
    "URL",
    "ID",  # tax number
    "ACCOUNT",  # bank account
    "ACCOUNT",  # routing number
    "ID",  # number of a government
    "ID",  # passport
    "ID",  # driver's licence
    "ADDRESS",  # number of a building
    "ADDRESS",  # street
    "ADDRESS",  # flat
    "PLACE",  # city
    "PLACE",  # state
    "ADDRESS",  # postcode
)


class _Token(NamedTuple):
    start: int
    end: int
    label: int
    begins: bool

    @property
    def kind(self) -> ValueKind:
        return _LABELS[self.label]


@final
class NamedEntityModel:
    """Finds names, addresses and places with a model. It is a `Detector`.

    Use it for the private context: ``ChatCoGenesis(context_detectors=[NamedEntityModel()])``. In an
    instruction it would take common words for names.

    Safe to share between threads. It keeps the texts that it read last, and what it found in them,
    in memory.

    Args:
        model: ONNX file, by catalog name or path.
        tokenizer: Its ``tokenizer.json``, by catalog name or path.
        download: Whether a file that is missing is downloaded.
        min_score: Least probability of a label, in (0, 1].
        threads: Threads of a forward pass; None lets onnxruntime use every core.

    Raises:
        MissingDependency: The extra ``ner`` is not installed.
        ModelFileError: A file is missing, or cannot be downloaded.
        ModelFileDamaged: A file cannot be read.
        ConfigurationError: `min_score` is out of range, or the file is another model.
    """

    def __init__(
        self,
        model: str | Path = "rampart-ner",
        tokenizer: str | Path = "rampart-ner-tokenizer",
        *,
        download: bool = True,
        min_score: float = 0.5,
        threads: int | None = None,
    ) -> None:
        if not 0.0 < min_score <= 1.0:
            raise ConfigurationError(
                f"min_score={min_score} is no probability", remedy="give a number in (0, 1]"
            )
        require_package("tokenizers", extra="ner")  # before anything is downloaded
        find = catalog.fetch if download else catalog.require
        remedy = f"fetch both files again: cogenesis models pull {model} {tokenizer}"
        self._tokenizer = open_tokenizer(find(tokenizer), remedy=remedy)
        self._tokenizer.enable_truncation(MAX_TOKENS, stride=_OVERLAP)
        self._session = open_session(find(model), threads=threads or 0, extra="ner", remedy=remedy)
        labels = self._session.get_outputs()[0].shape[-1]
        if labels != 1 + 2 * len(_LABELS):
            raise ConfigurationError(
                f"{model} has {labels} labels, and Rampart has {1 + 2 * len(_LABELS)}",
                remedy="use the files of the catalog, or write a detector for your model",
            )
        self._min_score = min_score
        self._values = lru_cache(_KEPT_WINDOWS)(self._values_of_window)

    def __call__(self, text: str) -> Iterator[PrivateValue]:
        """Find the private values of a text.

        Args:
            text: A private text.

        Yields:
            Values, once for each window that holds them.
        """
        for window in _windows(encodable(text)):
            yield from self._values(window)

    def _values_of_window(self, window: str) -> tuple[PrivateValue, ...]:
        encoding = self._tokenizer.encode(window)
        # More than `MAX_TOKENS` tokens: a Korean syllable makes three.
        tokens = [
            token for part in (encoding, *encoding.overflowing) for token in self._classified(part)
        ]
        found = (
            PrivateValue(token.kind, window[token.start : token.end])
            for token in _joined(window, tokens)
        )
        return tuple(value for value in found if _says_something(value.text))

    def _classified(self, encoding: Encoding) -> Iterator[_Token]:
        """Yield the tokens that are part of a value."""
        import numpy as np

        ids = np.array([encoding.ids], dtype=np.int64)
        (logits,) = self._session.run(
            ["logits"],
            {
                "input_ids": ids,
                "attention_mask": np.ones_like(ids),
                "token_type_ids": np.zeros_like(ids),
            },
        )[0]
        scores = np.exp(logits - logits.max(axis=1, keepdims=True))
        scores /= scores.sum(axis=1, keepdims=True)
        for (start, end), label, score in zip(
            encoding.offsets, scores.argmax(axis=1).tolist(), scores.max(axis=1), strict=True
        ):
            if label and score >= self._min_score and end > start:
                yield _Token(start, end, (label - 1) // 2, bool(label % 2))


def _windows(text: str) -> Iterator[str]:
    """Yield overlapping pieces of a text, which begin and end between words where they can."""
    start = 0
    while len(text) - start > _WINDOW:
        spaces = list(_BREAK.finditer(text, start + _WINDOW // 2, start + _WINDOW))
        end = spaces[-1].start() if spaces else start + _WINDOW
        yield text[start:end]
        space = _BREAK.search(text, end - _OVERLAP, end)
        start = space.end() if space else end - _OVERLAP
    yield text[start:]


def _joined(text: str, tokens: Sequence[_Token]) -> Iterator[_Token]:
    """Join tokens to values of whole words: parts of a word, and of a name or an address."""
    current: _Token | None = None
    for token in sorted(tokens):
        start, end = _whole_words(text, token.start, token.end)
        if current is not None and _belongs(text[current.end : start], current, token):
            current = current._replace(end=max(end, current.end), label=token.label)
            continue
        if current is not None:
            yield current
        current = token._replace(start=start, end=end)
    if current is not None:
        yield current


def _belongs(between: str, current: _Token, token: _Token) -> bool:
    """Return whether a token goes on with a value."""
    if token.kind != current.kind or between.strip(" ," if token.kind == "ADDRESS" else " "):
        return False
    # "Ada Bo" is a given name twice; "Ada Quist" is a given name and a surname.
    return not between or not token.begins or token.label != current.label


def _whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """Widen a span to the words in which it begins and ends."""
    while start > 0 and text[start].isalnum() and text[start - 1].isalnum():
        start -= 1
    while end < len(text) and text[end - 1].isalnum() and text[end].isalnum():
        end += 1
    return start, end


def _says_something(value: str) -> bool:
    return any(map(str.isalpha, value)) or sum(map(str.isdigit, value)) >= _FEWEST_DIGITS
