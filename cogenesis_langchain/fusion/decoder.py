"""Fused decoding: a local and a cloud model write one text together, block by block.

One round works as follows. The local model drafts a block of tokens. One request asks the cloud
model for its distributions after each of them; the local model keeps drafting meanwhile. Then the
two distributions of each position are fused, and the draft there is accepted or corrected, up to
the first correction. A round settles one token more than it accepts.

For every operator the text has exactly the distribution that fusing and choosing token by token
would give (see `speculative_sampling.py`).
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Iterator, Sequence
from typing import final

from cogenesis_langchain.errors import FusionError
from cogenesis_langchain.fusion.blocks.rounds import Rounds
from cogenesis_langchain.fusion.blocks.speculation import LocalSide, Speculation
from cogenesis_langchain.fusion.blocks.speculative_sampling import (
    GreedySampler,
    Sampler,
    SpeculativeSampler,
)
from cogenesis_langchain.fusion.influence import Influence
from cogenesis_langchain.fusion.operators import Operator, operator_named
from cogenesis_langchain.fusion.repetition import PresencePenalty
from cogenesis_langchain.fusion.shown_tokens import ShownTokens
from cogenesis_langchain.fusion.trace import FusedToken
from cogenesis_langchain.fusion.traced_text import refuse_grammar, traced
from cogenesis_langchain.fusion.verification.verifier import Verifier
from cogenesis_langchain.models.base import (
    GenerationOptions,
    PrivateMessage,
    TokenModel,
)
from cogenesis_langchain.models.decoding.sampling import SamplingParameters
from cogenesis_langchain.models.decoding.token_exclusion import KnownExclusions
from cogenesis_langchain.models.decoding.token_writer import encode_fitting


@final
class FusedDecoder:
    """Writes a text with a local model and a verifier.

    Args:
        local: The local model.
        operator: Fuses the two distributions; an `Operator`, or the name of one of `OPERATORS`.
        baseline: The local model again, with its own cache. Only for operators that need the
            distribution without the private context.
        presence_penalty: Nats taken from the log-probability of each token that occurs among the
            last 64 tokens of the text; 0 turns it off.
        draft_tokens: Drafts of each request, at most `MAX_BLOCK_TOKENS`; None decides by what is
            fastest.

    Raises:
        FusionError: The penalty is negative, there is no operator of this name, or the operator
            needs a baseline and there is none.
    """

    def __init__(
        self,
        local: TokenModel,
        *,
        operator: Operator | str,
        baseline: TokenModel | None = None,
        presence_penalty: float = 1.0,
        draft_tokens: int | None = None,
    ) -> None:
        self._local = local
        self._operator = operator_named(operator) if isinstance(operator, str) else operator
        self._baseline = baseline
        self._penalty = PresencePenalty(presence_penalty)
        self._excluded = KnownExclusions(local)
        self._draft_tokens = draft_tokens
        if self._operator.needs_baseline and baseline is None:
            raise FusionError(
                f"the operator {self._operator.name!r} needs a baseline model",
                remedy="pass baseline= to FusedDecoder: a second TokenModel over the same weights",
            )

    def stream(
        self,
        messages: Sequence[PrivateMessage],
        verifier: Verifier,
        options: GenerationOptions,
        *,
        baseline_messages: Sequence[PrivateMessage] = (),
        influence: Influence | None = None,
        most_told: float = math.inf,
    ) -> Iterator[FusedToken]:
        """Write the assistant's turn and yield each token once it is settled.

        If the cloud model fails during the text, the local model continues alone and the report
        says so. Closing the iterator stops the work; a request in flight is left to its timeout.

        Args:
            messages: The local prompt, with the private context.
            verifier: The cloud side. It holds the cloud prompt.
            options: Generation options.
            baseline_messages: The local prompt without the private context, for operators that need
                it.
            influence: Measures what the context changes of each token.
            most_told: Nats that all tokens together which the cloud model is shown may tell of the
                context; then the local model continues alone. Needs `influence`.

        Returns:
            The tokens; the last one has a finish reason and the report.

        Raises:
            ContextTooLong: The prompt and the answer do not fit the window. Raised before anything
                is generated or sent.
            FusionError: A setting is out of range, or a JSON schema was asked for.
            LocalModelError: The local model failed.
        """
        prompt = encode_fitting(self._local, messages, options)
        baseline = None
        if self._operator.needs_baseline and self._baseline is not None:
            ids = encode_fitting(self._baseline, baseline_messages, options)
            baseline = (self._baseline, ids)
        side = LocalSide(self._local, prompt, baseline)
        sampler, excluded = self._sampler(options), self._excluded.of(options.excluded)
        speculation = Speculation(side, self._operator, sampler, self._penalty, excluded, influence)
        ends = self._local.end_tokens | verifier.end_tokens
        shown = ShownTokens(influence and influence.gains, most_told)
        run = Rounds(
            speculation,
            verifier,
            ends,
            options.max_tokens,
            shown=shown,
            draft_tokens=self._draft_tokens,
        )
        return traced(run, self._operator.name, self._local, ends, options)

    def _sampler(self, options: GenerationOptions) -> Sampler:
        refuse_grammar(options)
        if options.temperature == 0.0:
            return GreedySampler()
        seed = secrets.randbits(63) if options.seed is None else options.seed
        return SpeculativeSampler(SamplingParameters(options.temperature, options.top_p), seed)
