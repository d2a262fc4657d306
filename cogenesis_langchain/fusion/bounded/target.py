"""The distribution that a token is drawn from under a bound, for one position."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from cogenesis_langchain.fusion.bounded.clipping import clipped
from cogenesis_langchain.fusion.operators import Operator
from cogenesis_langchain.fusion.position import Position, complete, local_share
from cogenesis_langchain.fusion.repetition import PresencePenalty
from cogenesis_langchain.models.decoding.sampling import SamplingParameters, TokenDistribution

if TYPE_CHECKING:
    from cogenesis_langchain.fusion.verification.verifier import CloudView
    from cogenesis_langchain.models.base import Probabilities
    from cogenesis_langchain.models.decoding.token_exclusion import ExcludedTokens
    from cogenesis_langchain.models.scoring.scores import TopK


@dataclass(frozen=True, slots=True, repr=False)
class Reading:
    """The text before a position, and what the local model says of the next token.

    Attributes:
        text: Generated tokens before the position, as this reader knows them.
        probabilities: The local model's distribution for this reader, shape (vocabulary,).
    """

    text: Sequence[int]
    probabilities: Probabilities


@dataclass(frozen=True, slots=True, repr=False)
class Drawn:
    """A token drawn under the bound.

    Attributes:
        token: Its id.
        probability: The probability that it was drawn with.
        told: ``ln(p / q)``: what it tells against a writer without the private context, in nats.
        cloud: The cloud's top-k in local tokens; None where it had no vote.
        weight: The operator's weight of the local model.
        share: The local model's share of the token's probability.
    """

    token: int
    probability: float
    told: float
    cloud: TopK | None
    weight: float
    share: float


@dataclass(frozen=True, slots=True, repr=False)
class _Fused:
    allowed: Probabilities
    topk: TopK | None = None
    cloud: Probabilities | None = None
    weight: float = 1.0


@final
class BoundedTarget:
    """Makes the distribution of a position from a public and a private reading, and draws from it.

    Both readings are fused with the cloud's answer, and penalty, exclusion and temperature are
    applied to both, before the difference is clipped; top-p is applied to the public one alone.
    So nothing that is known of the private context acts without the clip.

    Args:
        operator: Fuses the local model's distribution and the cloud's.
        penalty: Presence penalty.
        excluded: Tokens that are not drawn. It must not depend on the private context.
        sampling: Temperature and top-p.
        clip: See `Bounded.clip`.
    """

    def __init__(
        self,
        operator: Operator,
        penalty: PresencePenalty,
        excluded: ExcludedTokens | None,
        sampling: SamplingParameters,
        clip: float,
    ) -> None:
        self._operator = operator
        self._penalty = penalty
        self._excluded = excluded
        self._sampling = sampling
        self._tempered = SamplingParameters(sampling.temperature)
        self._clip = clip

    def draft(self, public: Reading) -> int:
        """Return the favourite of the local model without the private context."""
        return int(self._allowed(public.probabilities, public.text).argmax())

    def draw(self, view: CloudView, public: Reading, private: Reading, uniform: float) -> Drawn:
        """Draw the token of a position.

        Args:
            view: The cloud's answer for this position.
            public: The reading of one who knows the view of the text alone.
            private: The reading with the private context.
            uniform: Random number in [0, 1).
        """
        fused = self._fused(view, public, public)
        base = self._sampling.apply(fused.allowed)
        tilted = self._tempered.apply(self._fused(view, private, public).allowed)
        target = clipped(base, tilted.probabilities, self._clip)
        token = target.draw(uniform)
        probability = _of(target, token)
        told = math.log(probability) - math.log(_of(base, token))
        share = 1.0
        if fused.cloud is not None:
            ours, theirs = public.probabilities[token], fused.cloud[token]
            share = local_share(fused.weight, float(ours), float(theirs))
        return Drawn(token, probability, told, fused.topk, fused.weight, share)

    def detail(self, private: Reading, ends: frozenset[int], uniform: float) -> tuple[int, int]:
        """Draw a token of a private detail: from the local model, without the bound.

        Args:
            private: The reading with the private context.
            ends: Tokens that are not drawn, since they end the text.
            uniform: Random number in [0, 1).

        Returns:
            The local model's favourite, which may be one of `ends`, and the token that was drawn.
        """
        allowed = self._allowed(private.probabilities, private.text)
        inside = allowed.copy()
        inside[list(ends)] = 0.0
        return int(allowed.argmax()), self._sampling.apply(inside).draw(uniform)

    def _fused(self, view: CloudView, reading: Reading, public: Reading) -> _Fused:
        local = reading.probabilities
        topk = view(local)
        if topk is None:
            return _Fused(self._allowed(local, reading.text))
        cloud = complete(topk, local)
        fused = self._operator.fuse(Position(local, cloud, public.probabilities))
        return _Fused(self._allowed(fused.probabilities, reading.text), topk, cloud, fused.weight)

    def _allowed(self, probabilities: Probabilities, text: Sequence[int]) -> Probabilities:
        penalised = self._penalty.apply(probabilities, text)
        return penalised if self._excluded is None else self._excluded.apply(penalised)


def _of(distribution: TokenDistribution, token: int) -> float:
    import numpy as np

    return float(distribution.of(np.array([token]))[0])
