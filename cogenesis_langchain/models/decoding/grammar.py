"""Constrained decoding: holds a model's text to a grammar, on any tokenizer, with llguidance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final, final

from cogenesis_langchain.errors import GrammarError, MissingDependency

if TYPE_CHECKING:
    import numpy as np
    from llguidance import LLMatcher, LLTokenizer
    from numpy.typing import NDArray

_LONGEST_FAULT: Final = 300


@final
class GrammarVocabulary:
    """A tokenizer as llguidance knows it; a second or two are spent on a large one.

    Args:
        pieces: Bytes of every token, in order of id; control tokens have none.
        ends: Ids that end the assistant's turn.
        encode: Token ids of plain text.
        extra: Name of this project's extra that installs llguidance.

    Raises:
        MissingDependency: llguidance is not installed.
    """

    def __init__(
        self,
        pieces: Iterable[bytes],
        ends: Iterable[int],
        encode: Callable[[bytes], list[int]],
        *,
        extra: str,
    ) -> None:
        try:
            from llguidance import LLTokenizer, TokenizerWrapper
        except ImportError:
            raise MissingDependency("llguidance", extra=extra) from None
        tokenizer = _Tokenizer(list(pieces), sorted(ends), encode)
        self._tokenizer: LLTokenizer = LLTokenizer(
            TokenizerWrapper(tokenizer),
            n_vocab=len(tokenizer.tokens),
            eos_token=tokenizer.special_token_ids,
        )

    def mask(self, grammar: str) -> TokenMask:
        """Start a text that follows a grammar.

        Args:
            grammar: In llguidance's dialect of Lark.

        Raises:
            GrammarError: It cannot be compiled.
        """
        from llguidance import LLMatcher

        matcher = LLMatcher(self._tokenizer, LLMatcher.grammar_from_lark(grammar), log_level=0)
        if matcher.is_error():
            raise GrammarError(" ".join(matcher.get_error().split())[:_LONGEST_FAULT])
        return TokenMask(matcher, self._tokenizer.vocab_size)


class _Tokenizer:
    """What llguidance asks of a tokenizer."""

    bos_token_id = None

    def __init__(
        self, pieces: list[bytes], ends: list[int], encode: Callable[[bytes], list[int]]
    ) -> None:
        self.tokens = pieces
        self.special_token_ids = ends
        self.eos_token_id = ends[0]
        self._encode = encode

    def __call__(self, text: bytes) -> list[int]:
        return self._encode(text)


@final
class TokenMask:
    """Says, token by token, how a text may go on.

    Args:
        matcher: The grammar, at the beginning of a text.
        size: Number of token ids.
    """

    def __init__(self, matcher: LLMatcher, size: int) -> None:
        from llguidance.numpy import allocate_token_bitmask

        self._matcher = matcher
        self._bits = allocate_token_bitmask(1, size)
        self._size = size
        self._read = 0

    def allowed(self, generated: Sequence[int] | NDArray[np.intc]) -> NDArray[np.bool_]:
        """Return which tokens may come next.

        Args:
            generated: All tokens of the text so far.

        Returns:
            One entry a token id; shape (vocabulary,). An end token may come where the text is
            complete.
        """
        import numpy as np
        from llguidance.numpy import fill_next_token_bitmask

        for token in generated[self._read :]:
            self._matcher.consume_token(int(token))
        self._read = len(generated)
        fill_next_token_bitmask(self._matcher, self._bits)
        bits = np.unpackbits(self._bits.view(np.uint8), bitorder="little")
        return bits[: self._size].view(np.bool_)


@final
class GrammarProcessor:
    """The mask as llama-cpp-python applies it to logits.

    Args:
        mask: At the beginning of a text.
        prompt: Number of tokens before the text.
    """

    def __init__(self, mask: TokenMask, prompt: int) -> None:
        self._mask = mask
        self._prompt = prompt

    def __call__(self, ids: NDArray[np.intc], logits: NDArray[np.single]) -> NDArray[np.single]:
        """Return the logits of one step, with those of forbidden tokens at minus infinity."""
        import numpy as np

        logits[~self._mask.allowed(ids[self._prompt :])] = -np.inf
        return logits
