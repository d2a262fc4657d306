"""Fused decoding under a bound on what the text tells the cloud model (`Bounded`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import final

from cogenesis_langchain.errors import FusionError
from cogenesis_langchain.fusion.bounded.rounds import (
    DRAFT_TOKENS,
    BoundedRounds,
    Draws,
    PromptedModel,
)
from cogenesis_langchain.fusion.bounded.target import BoundedTarget
from cogenesis_langchain.fusion.operators import Operator
from cogenesis_langchain.fusion.repetition import PresencePenalty
from cogenesis_langchain.fusion.trace import FusedToken
from cogenesis_langchain.fusion.traced_text import refuse_grammar, traced
from cogenesis_langchain.fusion.verification.verifier import Verifier
from cogenesis_langchain.models.base import GenerationOptions, TokenModel
from cogenesis_langchain.models.decoding.sampling import SamplingParameters
from cogenesis_langchain.models.decoding.token_exclusion import KnownExclusions
from cogenesis_langchain.privacy.views.bounded_disclosure import BoundedDisclosure
from cogenesis_langchain.privacy.views.limits import Bounded


@final
class BoundedDecoder:
    """Writes texts with a local model and a verifier, under a bound.

    Args:
        local: The local model, for the reading with the private context.
        public: The same model with a cache of its own, for the reading without it.
        bound: The bound of each text.
        operator: Fuses the two models' distributions.
        presence_penalty: Nats by which tokens of the last part of a text lose.
        draft_tokens: Drafts of each request; None is `DRAFT_TOKENS`.
    """

    def __init__(
        self,
        local: TokenModel,
        public: TokenModel,
        bound: Bounded,
        *,
        operator: Operator,
        presence_penalty: float = 1.0,
        draft_tokens: int | None = None,
    ) -> None:
        self._local = local
        self._public = public
        self._bound = bound
        self._operator = operator
        self._penalty = PresencePenalty(presence_penalty)
        self._draft_tokens = draft_tokens or DRAFT_TOKENS
        self._excluded = KnownExclusions(local)

    def require(self, options: GenerationOptions) -> None:
        """Check what a bound needs of the options.

        Raises:
            FusionError: The text would be written greedily, end at a stop string, which may stand
                in a detail, or follow a grammar.
        """
        refuse_grammar(options)
        if options.temperature == 0.0:
            raise FusionError(
                "a text under a bound is drawn, and temperature=0 draws nothing",
                remedy='set a temperature above 0, or use disclosure="masked"',
            )
        if options.stop:
            raise FusionError(
                "a text under a bound cannot end at a stop string: details may contain it",
                remedy='leave stop out and cut the finished text, or use disclosure="masked"',
            )

    def stream(
        self,
        prompt: Sequence[int],
        public_prompt: Sequence[int],
        verifier: Verifier,
        disclosure: BoundedDisclosure,
        options: GenerationOptions,
    ) -> Iterator[FusedToken]:
        """Write the assistant's turn and yield each token once it is settled.

        Args:
            prompt: Token ids of the local prompt, with the private context.
            public_prompt: Those of one who knows what was released alone.
            verifier: The cloud side, over `disclosure`.
            disclosure: What the cloud model sees of this text.
            options: Generation options that `require` accepts; `excluded` must not depend on the
                private context.

        Returns:
            The tokens; the last one has a finish reason and the report.

        Raises:
            LocalModelError: The local model failed.
        """
        target = BoundedTarget(
            self._operator,
            self._penalty,
            self._excluded.of(options.excluded),
            SamplingParameters(options.temperature, options.top_p),
            self._bound.clip(options.max_tokens),
        )
        size = self._local.vocabulary_size
        ends = self._local.end_tokens | {one for one in verifier.end_tokens if 0 <= one < size}
        rounds = BoundedRounds(
            PromptedModel(self._local, prompt),
            PromptedModel(self._public, public_prompt),
            verifier=verifier,
            disclosure=disclosure,
            target=target,
            draws=Draws(options.seed),
            ends=ends,
            decode=self._local.decode,
            max_tokens=options.max_tokens,
            draft_tokens=self._draft_tokens,
        )
        return traced(rounds, self._operator.name, self._local, ends, options)
