"""Write text with a `TokenModel` alone, token by token."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, final

from cogenesis_langchain.errors import ContextTooLong
from cogenesis_langchain.models.base import (
    FinishReason,
    GenerationOptions,
    LocalChunk,
    PrivateMessage,
    TokenModel,
    Usage,
)
from cogenesis_langchain.models.decoding.grammar import GrammarVocabulary, TokenMask
from cogenesis_langchain.models.decoding.sampling import SamplingParameters, next_probabilities
from cogenesis_langchain.models.decoding.text_stream import TextStream
from cogenesis_langchain.models.decoding.token_exclusion import KnownExclusions

if TYPE_CHECKING:
    import numpy as np
    from numpy.random import Generator
    from numpy.typing import NDArray

    from cogenesis_langchain.models.base import Probabilities


def encode_fitting(
    model: TokenModel, messages: Sequence[PrivateMessage], options: GenerationOptions
) -> list[int]:
    """Return the token ids of a prompt that fits the window together with the answer.

    Raises:
        ContextTooLong: It does not fit.
    """
    ids = model.encode_chat(messages)
    if len(ids) + options.max_tokens > model.window:
        raise ContextTooLong(len(ids) + options.max_tokens, model.window)
    return ids


@final
class TokenWriter:
    """Writes answers with one model; follows every option.

    Args:
        model: The model.
    """

    def __init__(self, model: TokenModel) -> None:
        self._model = model
        self._excluded = KnownExclusions(model)

    def stream(
        self, messages: Sequence[PrivateMessage], options: GenerationOptions
    ) -> Iterator[LocalChunk]:
        """Write the assistant's turn, piece by piece.

        Raises:
            ContextTooLong: Before anything is generated.
            ConfigurationError: The temperature or the nucleus share is out of range, or the
                grammar cannot be compiled.
        """
        prompt = encode_fitting(self._model, messages, options)
        mask = self.vocabulary.mask(options.grammar) if options.grammar else None
        parameters = (
            SamplingParameters(options.temperature, options.top_p) if options.temperature else None
        )
        return self._write(prompt, parameters, options, mask)

    @cached_property
    def vocabulary(self) -> GrammarVocabulary:
        """The model's tokens, for grammars."""
        ids = range(self._model.vocabulary_size)
        return GrammarVocabulary(
            map(self._piece, ids), self._model.end_tokens, self._model.encode, extra="transformers"
        )

    def _write(
        self,
        prompt: list[int],
        parameters: SamplingParameters | None,
        options: GenerationOptions,
        mask: TokenMask | None,
    ) -> Iterator[LocalChunk]:
        import numpy as np

        random = np.random.default_rng(
            secrets.randbits(63) if options.seed is None else options.seed
        )
        text = TextStream(options.stop)
        count = 0
        finish: FinishReason = "length"
        ids = list(prompt)
        excluded = None if mask is not None else self._excluded.of(options.excluded)
        while count < options.max_tokens:
            probabilities = next_probabilities(self._model, ids)
            if mask is not None:
                probabilities = _masked(probabilities, mask.allowed(ids[len(prompt) :]))
            elif excluded is not None:
                probabilities = excluded.apply(probabilities)
            token = _choose(probabilities, parameters, random)
            ids.append(token)
            count += 1
            piece = "" if token in self._model.end_tokens else text.feed(self._piece(token))
            if piece:
                yield LocalChunk(piece)
            if token in self._model.end_tokens or text.stopped:
                finish = "stop"
                break
        yield LocalChunk(text.close(), finish, Usage(len(prompt), count))

    def _piece(self, token: int) -> bytes:
        return self._model.decode((token,))


def _masked(probabilities: Probabilities, allowed: NDArray[np.bool_]) -> Probabilities:
    """Keep the allowed tokens; the floor keeps one where all of them have vanished to 0."""
    import numpy as np

    kept = np.where(allowed, np.maximum(probabilities, np.finfo(np.float64).tiny), 0.0)
    kept /= kept.sum()
    return kept


def _choose(
    probabilities: Probabilities, parameters: SamplingParameters | None, random: Generator
) -> int:
    if parameters is None:
        return int(probabilities.argmax())
    return parameters.apply(probabilities).draw(random.random())
