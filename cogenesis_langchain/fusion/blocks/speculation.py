"""Drafts ahead with the local model and settles what the cloud model has verified."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, final

from cogenesis_langchain.fusion.operators import Operator
from cogenesis_langchain.fusion.position import Position, complete, local_share
from cogenesis_langchain.fusion.repetition import PresencePenalty
from cogenesis_langchain.fusion.settled_token import SettledToken
from cogenesis_langchain.models.base import TokenModel
from cogenesis_langchain.models.decoding.sampling import next_probabilities
from cogenesis_langchain.models.scoring.scores import TopK

if TYPE_CHECKING:
    from cogenesis_langchain.fusion.blocks.speculative_sampling import Proposal, Sampler
    from cogenesis_langchain.fusion.influence import Influence
    from cogenesis_langchain.fusion.verification.verifier import CloudView
    from cogenesis_langchain.models.base import Probabilities
    from cogenesis_langchain.models.decoding.token_exclusion import ExcludedTokens

_NO_PENALTY: Final = PresencePenalty(0.0)


@final
class LocalSide:
    """The local model with its prompt and, for some operators, again without the context.

    Args:
        model: The local model.
        prompt: Token ids of the local prompt, with the private context.
        baseline: A second model and the token ids of its prompt without the private context. It
            needs its own cache; the weights may be shared.
    """

    def __init__(
        self,
        model: TokenModel,
        prompt: Sequence[int],
        baseline: tuple[TokenModel, Sequence[int]] | None = None,
    ) -> None:
        self._model = model
        self._prompt = tuple(prompt)
        self._baseline = baseline

    def after(self, written: Sequence[int]) -> tuple[Probabilities, Probabilities | None]:
        """Return ``p_s(C)`` after these tokens and, with a baseline, ``p_s(without C)``."""
        local = next_probabilities(self._model, (*self._prompt, *written))
        if self._baseline is None:
            return local, None
        model, prompt = self._baseline
        return local, next_probabilities(model, (*prompt, *written))


@dataclass(frozen=True, slots=True, repr=False)
class Draft:
    """A drafted token and the distributions that it came from.

    Attributes:
        proposal: The token and what it was drawn from.
        local: ``p_s(C)`` at its position.
        baseline: ``p_s(without C)`` there, if the operator needs it.
        confidence: Largest probability of the distribution it was drafted from, before temperature,
            top-k and top-p.
    """

    proposal: Proposal
    local: Probabilities
    baseline: Probabilities | None
    confidence: float

    @property
    def token(self) -> int:
        """Id of the token."""
        return self.proposal.token


@final
class Speculation:
    """The text so far and the drafts that may continue it.

    It handles token ids only, no requests and no time. Drafts after an accepted token stay valid; a
    correction discards the drafts after it.

    Args:
        local: The local side.
        operator: Fuses the two distributions.
        sampler: Greedy or sampled.
        penalty: Presence penalty, applied to drafts and to the fused distribution.
        excluded: Tokens that neither drafts nor corrections may choose.
        influence: Measures every token of the text and every draft.
    """

    def __init__(
        self,
        local: LocalSide,
        operator: Operator,
        sampler: Sampler,
        penalty: PresencePenalty = _NO_PENALTY,
        excluded: ExcludedTokens | None = None,
        influence: Influence | None = None,
    ) -> None:
        self._local = local
        self._operator = operator
        self._sampler = sampler
        self._penalty = penalty
        self._excluded = excluded
        self._influence = influence
        self.written: list[int] = []
        self.drafts: list[Draft] = []

    def draft(self) -> Draft:
        """Draft one more token."""
        ahead = [*self.written, *(draft.token for draft in self.drafts)]
        local, baseline = self._local.after(ahead)
        allowed = self._allowed(local, ahead)
        proposal = self._sampler.propose(allowed, len(ahead))
        draft = Draft(proposal, local, baseline, float(allowed.max()))
        if self._influence is not None:
            self._influence.measure(ahead, draft.token, local)
        self.drafts.append(draft)
        return draft

    def settle(self, view: CloudView) -> SettledToken:
        """Settle the position of the first draft.

        Args:
            view: The cloud's answer for this position.
        """
        draft = self.drafts.pop(0)
        settled = self._settled(draft, view(draft.local))
        if not settled.accepted:
            self.drafts.clear()
            if self._influence is not None:
                self._influence.measure(self.written, settled.token, draft.local)
        self.written.append(settled.token)
        return settled

    def _settled(self, draft: Draft, topk: TopK | None) -> SettledToken:
        local = draft.local
        if topk is None:
            # Without a vote of the cloud the fused distribution is the local one, from which the
            # draft was drawn, so it is accepted.
            alone = float(local[draft.token])
            return SettledToken(draft.token, draft.token, local, None, alone, 1.0, 1.0)
        cloud = complete(topk, local)
        fused = self._operator.fuse(Position(local, cloud, draft.baseline))
        allowed = self._allowed(fused.probabilities, self.written)
        token = self._sampler.settle(draft.proposal, allowed)
        share = local_share(fused.weight, float(local[token]), float(cloud[token]))
        probability = float(fused.probabilities[token])
        return SettledToken(token, draft.token, local, topk, probability, fused.weight, share)

    def _allowed(self, probabilities: Probabilities, text: Sequence[int]) -> Probabilities:
        penalised = self._penalty.apply(probabilities, text)
        return penalised if self._excluded is None else self._excluded.apply(penalised)
