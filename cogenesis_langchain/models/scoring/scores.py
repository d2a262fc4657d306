"""Types of the answers of scoring servers, and the protocols of models that score a block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from cogenesis_langchain.privacy.text import PublicText
from cogenesis_langchain.privacy.views.disclosure import PublicTokens

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class TopK:
    """The top-k of one next-token distribution, as a server returns it.

    Attributes:
        ids: Token ids, most probable first; shape (k,).
        logprobs: Natural-log probabilities; shape (k,).
    """

    ids: NDArray[np.int64]
    logprobs: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class StringTopK:
    """The top-k of one next-token distribution as strings, for a model with another tokenizer.

    Attributes:
        strings: Bytes of the tokens, most probable first; empty for tokens without bytes.
        logprobs: Natural-log probabilities; shape (k,).
        end_logprob: Natural-log probability that the turn ends here, if the server reports it.
    """

    strings: tuple[bytes, ...]
    logprobs: NDArray[np.float64]
    end_logprob: float | None = None


class BlockScorer(Protocol):
    """A cloud model that scores a block of tokens in one request."""

    @property
    def window(self) -> int:
        """Maximum number of tokens in a sequence."""
        ...

    @property
    def max_k(self) -> int:
        """Maximum number of tokens per position."""
        ...

    @property
    def end_tokens(self) -> frozenset[int]:
        """Ids that end the cloud model's turn, if the server reports them."""
        ...

    def score(self, sequence: PublicTokens, start: int, k: int) -> list[TopK]:
        """Score the positions of a block.

        Args:
            sequence: The whole sequence: prompt, text so far, block.
            start: Index of the first position to predict, 1 <= start <= len(sequence).
            k: Tokens per position, at most `max_k`.

        Returns:
            Top-k of ``p(x | ids[:i])`` for each i in start..len(sequence), that is
            len(sequence) - start + 1 entries.

        Raises:
            CloudError: The request failed; the subclass says how. It contains no payload.
        """
        ...


class TextScorer(Protocol):
    """A cloud model that scores a block given as text, for local models with another tokenizer."""

    @property
    def max_k(self) -> int:
        """Maximum number of tokens per position."""
        ...

    def score_text(self, prefixes: Sequence[PublicText], k: int) -> list[StringTopK]:
        """Score the token after each of several texts, which are tokenised separately.

        Args:
            prefixes: Texts that each start with the previous one. The first is the prompt with the
                text so far, the last also contains the whole block.
            k: Tokens per position, at most `max_k`.

        Returns:
            Top-k of the token after ``prefixes[i]``. The answer may cover only the first prefixes,
            so there are 1 to len(prefixes) entries.

        Raises:
            CloudError: The request failed; the subclass says how. It contains no payload.
        """
        ...
