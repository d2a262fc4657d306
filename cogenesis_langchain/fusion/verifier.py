"""The cloud's side of a round: its distributions after each token of a block.

A verifier answers in the local model's tokens, whatever tokens the cloud model uses. Its answer for
a position depends on the text before that position and on the local distribution there, never on
the block's later tokens. Exact fusion needs this.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias, final

from cogenesis_langchain.errors import CloudAnswerInvalid, CloudRefused
from cogenesis_langchain.fusion.alignment import Alignment
from cogenesis_langchain.models.base import BlockScorer, StringTopK, TextScorer, TokenModel, TopK
from cogenesis_langchain.privacy.disclosure import Disclosure, PublicTokens
from cogenesis_langchain.privacy.text import PublicText

if TYPE_CHECKING:
    from cogenesis_langchain.models.base import Probabilities

View: TypeAlias = "Callable[[Probabilities], TopK | None]"
"""Given the local distribution of a position, the cloud's top-k there in local tokens; None where
the cloud model has no say (``w = 1``)."""

DEFAULT_K: Final = 20
"""Tokens a position; what servers commonly allow."""


class Verifier(Protocol):
    """Knows the cloud prompt, and asks for the distributions of a block in one request."""

    @property
    def end_tokens(self) -> frozenset[int]:
        """Local ids with which the cloud model ends its turn."""
        ...

    def verify(self, written: Sequence[int], block: Sequence[int]) -> list[View]:
        """Ask for the positions of a block.

        Args:
            written: Settled tokens.
            block: Drafted tokens that follow them; may be empty.

        Returns:
            Views of the token after ``written + block[:i]`` for i = 0, 1, ...: at least one, at
            most len(block) + 1.

        Raises:
            CloudError: The cloud model cannot answer.
        """
        ...


@final
class TokenVerifier:
    """Judges with a cloud model that shares the local model's tokenizer.

    Args:
        scorer: The cloud model.
        prompt: The cloud prompt.
        vocabulary_size: Of the local model. Servers pad vocabularies; ids beyond it are dropped.
        disclosure: Makes what the cloud model sees of the text.
        k: Tokens a position; not more than the scorer allows are asked for.
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

    def verify(self, written: Sequence[int], block: Sequence[int]) -> list[View]:
        """Score every position of the block."""
        sequence = self._disclosure.tokens(self._prompt, (*written, *block))
        if len(sequence) >= self._scorer.window:
            raise CloudRefused(
                f"the text no longer fits the cloud model's window of {self._scorer.window} tokens",
                remedy="serve the cloud model with a larger window, or lower max_tokens",
            )
        start = len(sequence) - len(block)
        scores = self._scorer.score(sequence, start, self._k)
        if len(scores) != len(block) + 1:
            raise CloudAnswerInvalid(
                f"the cloud scored {len(scores)} positions of {len(block) + 1}",
                remedy="check that the server scores prompts as its documentation says",
            )
        return [_constant(self._known(topk)) for topk in scores]

    def _known(self, topk: TopK) -> TopK | None:
        known = topk.ids < self._vocabulary_size
        if known.all():
            return topk
        return TopK(topk.ids[known], topk.logprobs[known]) if known.any() else None


@final
class AlignedVerifier:
    """Judges with a cloud model that has another tokenizer; the local tokens are the master.

    The cloud model is asked for what follows the text up to each local token. A position in the
    middle of a character has no text to ask about: there the local model decides alone.

    Args:
        scorer: The cloud model.
        prompt: The cloud prompt.
        local: The local model, whose tokens are written.
        alignment: Projects the cloud's strings on local tokens.
        disclosure: Makes what the cloud model sees of the text.
        k: Tokens a position; not more than the scorer allows are asked for.
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
        self.end_tokens: frozenset[int] = frozenset()  # the alignment maps them to local ones

    def verify(self, written: Sequence[int], block: Sequence[int]) -> list[View]:
        """Score the position after each whole character that a token of the block completes."""
        texts = [
            _whole(self._local.decode((*written, *block[:count])))
            for count in range(len(block) + 1)
        ]
        prefixes = [self._disclosure.text(self._prompt, text) for text in texts if text is not None]
        answers = self._scorer.score_text(prefixes, self._k) if prefixes else []
        if prefixes and not answers:
            raise CloudAnswerInvalid(
                "the cloud scored no position of the block",
                remedy="check that the server scores prompts as its documentation says",
            )
        remaining = iter(answers)
        views: list[View] = []
        for text in texts:
            if text is None:
                views.append(_abstain)
            elif (answer := next(remaining, None)) is not None:
                views.append(self._projected(answer))
            else:
                break
        return views

    def _projected(self, answer: StringTopK) -> View:
        return lambda local: self._alignment.project(answer, local)


def _constant(topk: TopK | None) -> View:
    return lambda _: topk


def _abstain(_: Probabilities) -> None:
    return None


def _whole(text: bytes) -> str | None:
    try:
        return text.decode()
    except UnicodeDecodeError:
        return None
