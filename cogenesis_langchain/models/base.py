"""Protocols and plain values: the capabilities of the models on both sides.

Each side has two capabilities, as separate protocols:

- the cloud side gives text (`CloudTextModel`) and, where the server can, the top-k
  log-probabilities of a block (`models/scoring/scores.py`);
- the local side gives text (`LocalTextModel`) and, where the weights are at hand, full next-token
  log-probabilities with a cache that can be rolled back (`TokenModel`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, TypeVar, runtime_checkable

from cogenesis_langchain.privacy.border import EgressPermit
from cogenesis_langchain.privacy.text import PrivateText, PublicText

if TYPE_CHECKING:  # numpy costs a tenth of a second at import
    import numpy as np
    from numpy.typing import NDArray

_T = TypeVar("_T")
Role = Literal["system", "user", "assistant"]
FinishReason = Literal["stop", "length"]
Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
LogProbs: TypeAlias = "NDArray[np.float32]"
"""Natural-log probabilities over a whole vocabulary; shape (vocabulary,)."""
Probabilities: TypeAlias = "NDArray[np.float64]"
"""Probabilities over a whole vocabulary; shape (vocabulary,), sum 1."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one or more model calls."""

    input_tokens: int = 0
    output_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens, self.output_tokens + other.output_tokens
        )


@dataclass(frozen=True, slots=True)
class PrivateMessage:
    """One turn of a prompt for the local model."""

    role: Role
    text: PrivateText


@dataclass(frozen=True, slots=True)
class PublicMessage:
    """One turn of a prompt for the cloud model."""

    role: Role
    text: PublicText


@dataclass(frozen=True, slots=True)
class GenerationOptions:
    """How to generate.

    Attributes:
        max_tokens: Maximum number of tokens to generate.
        temperature: Sampling temperature; 0 is greedy.
        top_p: Probability mass of nucleus sampling, in (0, 1].
        stop: Strings that end the text; they are not part of it.
        seed: Makes sampling repeatable if the model supports it; None is a fresh seed.
        grammar: What the text must follow, in llguidance's dialect of Lark. Only models that are
            `FollowsGrammars` support it.
        explicit: Names of the options above that the caller chose. A local model with settings of
            its own keeps them where the caller chose nothing; `max_tokens` always holds.
        excluded: Characters that no token of the text may contain. Only models in this process
            support it, and a grammar takes precedence.
    """

    max_tokens: int = 512
    temperature: float = 0.7
    top_p: float = 0.95
    stop: tuple[str, ...] = ()
    seed: int | None = None
    grammar: str | None = None
    explicit: frozenset[str] = frozenset()
    excluded: str = ""


@dataclass(frozen=True, slots=True)
class LocalChunk:
    """A piece of locally generated text; the last one has the finish reason and the usage."""

    text: str
    finish_reason: FinishReason | None = None
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class CloudAnswer:
    """A cloud model's whole answer and its usage."""

    text: str
    usage: Usage


@runtime_checkable
class LocalTextModel(Protocol):
    """A model inside the trust boundary that writes text."""

    @property
    def name(self) -> str:
        """Model name for metadata; not private."""
        ...

    def prefill(self, messages: Sequence[PrivateMessage], options: GenerationOptions) -> None:
        """Start to read a prompt ahead of time, so that `stream` starts sooner.

        Args:
            messages: The turns known so far; the last one may still grow at its end.
            options: How the text will be generated.

        Raises:
            ContextTooLong: The messages do not fit the window.
        """
        ...

    def stream(
        self, messages: Sequence[PrivateMessage], options: GenerationOptions
    ) -> Iterator[LocalChunk]:
        """Generate the assistant's turn in pieces; closing the iterator stops the generation.

        Raises:
            ContextTooLong: Before anything is generated.
            LocalModelError: The model failed.
        """
        ...


@runtime_checkable
class NeedsExample(Protocol):
    """A local model that says whether its prompts show a worked example; others get none."""

    @property
    def needs_example(self) -> bool:
        """Whether a prompt for a whole text shows one, which small models need."""
        ...


def needs_example(model: object) -> bool:
    """Whether a local model needs a worked example."""
    return isinstance(model, NeedsExample) and model.needs_example


class CloudTextModel(Protocol):
    """A cloud model that writes text."""

    @property
    def name(self) -> str:
        """Model name for metadata."""
        ...

    def generate(self, messages: Sequence[PublicMessage], permit: EgressPermit) -> CloudAnswer:
        """Ask for one answer.

        Args:
            messages: The prompt.
            permit: The border's permission, which checks and records each request.

        Raises:
            CloudError: The request failed; the subclass says how. It contains no payload.
            PrivacyViolation: Something added private text to a request; nothing was sent.
        """
        ...


class TokenModel(Protocol):
    """A local model with full next-token log-probabilities and a cache that rolls back."""

    @property
    def vocabulary_size(self) -> int:
        """Number of token ids."""
        ...

    @property
    def window(self) -> int:
        """Maximum number of tokens in a sequence."""
        ...

    @property
    def end_tokens(self) -> frozenset[int]:
        """Ids that end the assistant's turn."""
        ...

    def encode(self, text: bytes) -> list[int]:
        """Token ids of plain text, without begin or end tokens."""
        ...

    def encode_chat(self, messages: Sequence[PrivateMessage]) -> list[int]:
        """Token ids of a prompt, up to where the assistant's turn begins."""
        ...

    def decode(self, ids: Sequence[int]) -> bytes:
        """Bytes of these tokens; a character may be split over several tokens."""
        ...

    def next_logprobs(self, ids: Sequence[int]) -> LogProbs:
        """Log-probabilities of the token after ``ids``.

        The prefix in common with the previous call is reused from the cache. The rest of the cache
        is rolled back.
        """
        ...

    def read(self, ids: Sequence[int], start: int, reduce: Callable[[LogProbs], _T]) -> list[_T]:
        """Score the last positions of a known text in large batches.

        Args:
            ids: The whole sequence.
            start: First position to predict, 1 <= start <= len(ids).
            reduce: Called with the log-probabilities of each position, shape (vocabulary,). It must
                not keep the array.

        Returns:
            One result for the token after ``ids[:i]``, for each i in start..len(ids).
        """
        ...


@runtime_checkable
class OffersTokens(Protocol):
    """A local model that gives next-token distributions: the local side of fused decoding."""

    def tokens(self) -> TokenModel:
        """Return a new `TokenModel` over the same weights, with a cache of its own."""
        ...
