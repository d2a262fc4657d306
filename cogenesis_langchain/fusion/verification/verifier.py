"""The cloud side of fused decoding: its distributions after each token of a block.

A verifier answers in the local model's tokens, whatever tokenizer the cloud model has. Its answer
for a position depends on the text before that position and on the local distribution there, never
on later tokens of the block. Exact speculative decoding requires this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias, final

from cogenesis_langchain.errors import CloudAnswerInvalid, CloudRefused
from cogenesis_langchain.fusion.verification.alignment import Alignment
from cogenesis_langchain.models.base import TokenModel
from cogenesis_langchain.models.scoring.scores import BlockScorer, StringTopK, TextScorer, TopK
from cogenesis_langchain.privacy.text import PublicText
from cogenesis_langchain.privacy.views.disclosure import Disclosure, PublicTokens

if TYPE_CHECKING:
    from cogenesis_langchain.models.base import Probabilities

CloudView: TypeAlias = "Callable[[Probabilities], TopK | None]"
"""The cloud's top-k at one position, as a function of the local distribution there. It is in local
tokens, and None where the cloud has no vote (``w = 1``)."""

DEFAULT_K: Final = 20
"""Size of the top-k per position; servers commonly allow 20."""


class Verifier(Protocol):
    """Knows the cloud prompt and asks for the distributions of a block in one request."""

    @property
    def end_tokens(self) -> frozenset[int]:
        """Local token ids with which the cloud model ends its turn."""
        ...

    def verify(self, written: Sequence[int], block: Sequence[int]) -> list[CloudView]:
        """Ask for the positions of a block.

        Args:
            written: The settled tokens.
            block: The drafted tokens that follow them; may be empty.

        Returns:
            Views of the token after ``written + block[:i]`` for i = 0, 1, ...: at least one and at
                most len(block) + 1. A verifier may answer fewer positions than asked.

        Raises:
            CloudError: The cloud model cannot answer.
        """
        ...

    def shown(self, written: Sequence[int], block: Sequence[int]) -> Sequence[int] | None:
        """Return which tokens the request for a block shows as they are.

        Args:
            written: The settled tokens.
            block: The drafted tokens.

        Returns:
            Indices in ``written + block``; None if no position of the block can be asked for, so
                that the local model decides alone and no request is needed.
        """
        ...


@final
class TokenVerifier:
    """Verifies token ids, with a cloud model that shares the local model's tokenizer.

    Args:
        scorer: The cloud model.
        prompt: The cloud prompt.
        vocabulary_size: Vocabulary size of the local model. Servers pad their vocabulary; ids
            beyond this size are dropped.
        disclosure: Decides what the cloud model sees of the text.
        k: Size of the top-k per position. Capped at what the scorer allows.
    """

    def __init__(
        self,
        scorer: BlockScorer,
        prompt: PublicTokens,
        *,
        vocabulary_size: int,
        disclosure: Disclosure,
        k: int = DEFAULT_K,
    ) -> None:
        self._scorer = scorer
        self._prompt = prompt
        self._vocabulary_size = vocabulary_size
        self._disclosure = disclosure
        self._k = min(k, scorer.max_k)
        self.end_tokens = scorer.end_tokens

    def verify(self, written: Sequence[int], block: Sequence[int]) -> list[CloudView]:
        """Score every position of the block where the text has a view."""
        views = [
            self._disclosure.tokens(self._prompt, text) for text in _beginnings(written, block)
        ]
        known = [view for view in views if view is not None]
        if not known:
            return [abstain] * len(views)
        sequence, start = known[-1], len(known[0])
        if len(sequence) >= self._scorer.window:
            raise CloudRefused(
                f"the text no longer fits the cloud model's window of {self._scorer.window} tokens",
                remedy="serve the cloud model with a larger window, or lower max_tokens",
            )
        scores = self._scorer.score(sequence, start, self._k)
        if len(scores) != len(sequence) - start + 1:
            raise CloudAnswerInvalid(
                f"the cloud model scored {len(scores)} of {len(sequence) - start + 1} positions",
                remedy="check that the server supports log-probabilities of prompts",
            )
        return [
            abstain if view is None else _constant(self._in_vocabulary(scores[len(view) - start]))
            for view in views
        ]

    def shown(self, written: Sequence[int], block: Sequence[int]) -> Sequence[int] | None:
        """Return what the request for a block shows of the text; see `Verifier.shown`."""
        return self._disclosure.shown((*written, *block), len(written))

    def _in_vocabulary(self, topk: TopK) -> TopK | None:
        known = topk.ids < self._vocabulary_size
        if known.all():
            return topk
        return TopK(topk.ids[known], topk.logprobs[known]) if known.any() else None


@final
class AlignedVerifier:
    """Verifies text, with a cloud model that has another tokenizer than the local model.

    The cloud model is asked for what follows the text up to each local token. A position without a
    view, such as one inside a multi-byte character, cannot be asked about, so the local model
    decides alone there.

    Args:
        scorer: The cloud model.
        prompt: The cloud prompt.
        local: The local model, whose tokens are written.
        alignment: Projects the cloud's strings onto local tokens.
        disclosure: Decides what the cloud model sees of the text.
        k: Size of the top-k per position. Capped at what the scorer allows.
    """

    def __init__(
        self,
        scorer: TextScorer,
        prompt: PublicText,
        *,
        local: TokenModel,
        alignment: Alignment,
        disclosure: Disclosure,
        k: int = DEFAULT_K,
    ) -> None:
        self._scorer = scorer
        self._prompt = prompt
        self._local = local
        self._alignment = alignment
        self._disclosure = disclosure
        self._k = min(k, scorer.max_k)
        # Empty, because the alignment maps the cloud's end of turn to local end tokens.
        self.end_tokens: frozenset[int] = frozenset()

    def verify(self, written: Sequence[int], block: Sequence[int]) -> list[CloudView]:
        """Score the position after each local token of the block where the text has a view."""
        texts = [self._disclosure.text(self._prompt, text) for text in _beginnings(written, block)]
        prefixes = [text for text in texts if text is not None]
        answers = self._scorer.score_text(prefixes, self._k) if prefixes else []
        if prefixes and not answers:
            raise CloudAnswerInvalid(
                "the cloud model scored no position of the block",
                remedy="check that the server supports log-probabilities of prompts",
            )
        # The scorer may answer a prefix of what it was asked. Positions after the last answer are
        # left out; their drafts wait for the next request.
        remaining = iter(answers)
        views: list[CloudView] = []
        for text in texts:
            if text is None:
                views.append(abstain)
            elif (answer := next(remaining, None)) is not None:
                views.append(self._projected(answer))
            else:
                break
        return views

    def shown(self, written: Sequence[int], block: Sequence[int]) -> Sequence[int] | None:
        """Return what the request for a block shows of the text; see `Verifier.shown`."""
        return self._disclosure.shown((*written, *block), len(written))

    def _projected(self, answer: StringTopK) -> CloudView:
        return lambda local: self._alignment.project(answer, local)


def _constant(topk: TopK | None) -> CloudView:
    return lambda _: topk


def abstain(_: Probabilities) -> None:
    """The view of a position where the cloud has no vote."""


def _beginnings(written: Sequence[int], block: Sequence[int]) -> Iterator[Sequence[int]]:
    """The text before each position of a block."""
    return ((*written, *block[:count]) for count in range(len(block) + 1))
