"""Fused decoding: a local and a cloud model write one text together, block by block.

One round works as follows. The local model drafts a block of tokens. One request asks the cloud
model for its distributions after each of them; the local model keeps drafting meanwhile. Then the
two distributions of each position are fused, and the draft there is accepted or corrected, up to
the first correction. A round settles one token more than it accepts.

For every operator the text has exactly the distribution that fusing and choosing token by token
would give (see `sampling.py`).
"""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, final

from cogenesis_langchain.errors import CloudError, ContextTooLong, FusionError
from cogenesis_langchain.fusion.draft_length import MAX_BLOCK_TOKENS, DraftLength
from cogenesis_langchain.fusion.excluded_tokens import ExcludedTokens
from cogenesis_langchain.fusion.operators import Operator, operator_named
from cogenesis_langchain.fusion.repetition import PresencePenalty
from cogenesis_langchain.fusion.sampling import (
    GreedySampler,
    Sampler,
    SamplingParameters,
    SpeculativeSampler,
)
from cogenesis_langchain.fusion.speculation import LocalSide, SettledToken, Speculation
from cogenesis_langchain.fusion.text_stream import TextStream
from cogenesis_langchain.fusion.trace import FusedToken, FusionReport, trace_token
from cogenesis_langchain.fusion.verifier import CloudView, Verifier, abstain
from cogenesis_langchain.models.base import (
    FinishReason,
    GenerationOptions,
    PrivateMessage,
    TokenModel,
)
from cogenesis_langchain.models.local.logits import common_prefix

_MIN_BLOCK_ACCEPTANCE: Final = 0.2
"""Stop drafting ahead of the cloud's answer once a draft is this unlikely to be used."""


@final
class FusedDecoder:
    """Writes a text with a local model and a verifier.

    Args:
        local: The local model.
        operator: Fuses the two distributions; an `Operator`, or the name of one of `OPERATORS`.
        baseline: The local model again, with its own cache. Only for operators that need the
            distribution without the private context.
        top_k: Sample among the k most probable fused tokens; None does not limit.
        presence_penalty: Nats taken from the log-probability of each token that occurs among the
            last 64 tokens of the text; 0 turns it off.

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
        top_k: int | None = None,
        presence_penalty: float = 1.0,
    ) -> None:
        self._local = local
        self._operator = operator_named(operator) if isinstance(operator, str) else operator
        self._baseline = baseline
        self._top_k = top_k
        self._penalty = PresencePenalty(presence_penalty)
        self._excluded: dict[str, ExcludedTokens] = {}
        if self._operator.needs_baseline and baseline is None:
            raise FusionError(
                f"the operator {self._operator.name!r} needs a baseline model",
                remedy="give the decoder baseline=, a second TokenModel over the same weights",
            )

    def stream(
        self,
        messages: Sequence[PrivateMessage],
        verifier: Verifier,
        options: GenerationOptions,
        *,
        baseline_messages: Sequence[PrivateMessage] = (),
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

        Returns:
            The tokens; the last one has a finish reason and the report.

        Raises:
            ContextTooLong: The prompt and the answer do not fit the window. Raised before anything
                is generated or sent.
            FusionError: A setting is out of range, or a JSON schema was asked for.
            LocalModelError: The local model failed.
        """
        prompt = self._encode_prompt(self._local, messages, options)
        baseline = None
        if self._operator.needs_baseline and self._baseline is not None:
            ids = self._encode_prompt(self._baseline, baseline_messages, options)
            baseline = (self._baseline, ids)
        side = LocalSide(self._local, prompt, baseline)
        sampler, excluded = self._sampler(options), self._excluded_tokens(options.excluded)
        speculation = Speculation(side, self._operator, sampler, self._penalty, excluded)
        ends = self._local.end_tokens | verifier.end_tokens
        run = _Run(speculation, verifier, ends, options.max_tokens)
        return self._write(run, ends, options)

    def _encode_prompt(
        self, model: TokenModel, messages: Sequence[PrivateMessage], options: GenerationOptions
    ) -> list[int]:
        ids = model.encode_chat(messages)
        if len(ids) + options.max_tokens > model.window:
            raise ContextTooLong(len(ids) + options.max_tokens, model.window)
        return ids

    def _excluded_tokens(self, characters: str) -> ExcludedTokens | None:
        # Scanning the vocabulary takes a few tenths of a second, so the result is kept.
        if characters and characters not in self._excluded:
            self._excluded[characters] = ExcludedTokens(self._local, characters)
        return self._excluded.get(characters)

    def _sampler(self, options: GenerationOptions) -> Sampler:
        if options.json_schema is not None:
            raise FusionError(
                "fused decoding cannot follow a JSON schema",
                remedy="use the sketch mode for structured output",
            )
        if options.temperature == 0.0:
            return GreedySampler()
        seed = secrets.randbits(63) if options.seed is None else options.seed
        return SpeculativeSampler(
            SamplingParameters(options.temperature, self._top_k, options.top_p), seed
        )

    def _write(
        self, run: _Run, ends: frozenset[int], options: GenerationOptions
    ) -> Iterator[FusedToken]:
        text = TextStream(options.stop)
        try:
            for count, settled in enumerate(run.tokens(), start=1):
                ended = settled.token in ends
                piece = "" if ended else text.feed(self._local.decode((settled.token,)))
                finish: FinishReason | None = None
                if ended or text.stopped:
                    finish = "stop"
                elif count == options.max_tokens:
                    finish = "length"
                if finish is None:
                    yield trace_token(settled, piece, self._local)
                    continue
                report = run.report(self._operator.name)
                yield trace_token(settled, piece + text.close(), self._local, finish, report)
                return
        finally:
            run.close()


@final
class _Run:
    """The rounds of one text, with its request thread and its counters."""

    def __init__(
        self, speculation: Speculation, verifier: Verifier, ends: frozenset[int], max_tokens: int
    ) -> None:
        self._speculation = speculation
        self._verifier: Verifier | None = verifier
        self._ends = ends
        self._max_tokens = max_tokens
        self._length = DraftLength()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="verifier")
        self._sent: list[int] = []
        self._counts: Counter[str] = Counter()
        self._fallback: str | None = None

    def tokens(self) -> Iterator[SettledToken]:
        """Yield settled tokens without end; the caller stops when the text ends."""
        while True:
            if self._verifier is None:
                yield self._local_token()
            else:
                yield from self._round(self._verifier)

    def report(self, operator: str) -> FusionReport:
        """Report what the text cost so far."""
        return FusionReport(
            operator=operator,
            tokens=len(self._speculation.written),
            requests=self._counts["requests"],
            drafted=self._counts["drafted"],
            accepted=self._counts["accepted"],
            tokens_sent=self._counts["sent"],
            fallback=self._fallback,
        )

    def close(self) -> None:
        """Stop the request thread; a request in flight is abandoned."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _local_token(self) -> SettledToken:
        """Settle one token without the cloud, after the cloud has failed."""
        if not self._speculation.drafts:
            self._speculation.draft()
        return self._speculation.settle(abstain)

    def _round(self, verifier: Verifier) -> list[SettledToken]:
        began = time.perf_counter()
        while self._may_draft() and self._length.worth_drafting(self._confidences()):
            self._draft()
        block = self._block()
        self._count_sent(block)
        request = self._worker.submit(
            _timed_verify, verifier, tuple(self._speculation.written), block
        )
        self._draft_ahead(request, len(block) + 1)
        try:
            views, seconds = request.result()
        except CloudError as error:
            # The drafts stay valid: the next tokens are settled without the cloud.
            self._verifier = None
            self._fallback = type(error).__name__
            return []
        self._counts["requests"] += 1
        self._counts["drafted"] += len(block)
        settled = self._settle(views)
        # The first request makes the server read the prompt, so its time predicts no later one.
        if self._counts["requests"] > 1:
            self._length.observe_request(len(block), seconds)
            self._length.observe_round(len(settled), time.perf_counter() - began)
        return settled

    def _settle(self, views: Sequence[CloudView]) -> list[SettledToken]:
        """Settle positions in order, up to the first correction or the end of the text."""
        done: list[SettledToken] = []
        for view in views:
            settled = self._speculation.settle(view)
            self._length.observe_verification(settled.draft.confidence, accepted=settled.accepted)
            self._counts["accepted"] += settled.accepted
            done.append(settled)
            if not settled.accepted or settled.token in self._ends:
                break
        return done

    def _block(self) -> list[int]:
        """The drafts to send. The last position that is verified needs no token after it."""
        tokens = [draft.token for draft in self._speculation.drafts]
        # The end token is verified by the distribution before it, so it is not sent itself.
        if tokens and tokens[-1] in self._ends:
            tokens.pop()
        return tokens[: self._tokens_left() - 1]

    def _draft_ahead(self, request: Future[tuple[list[CloudView], float]], needed: int) -> None:
        """Draft the positions that the answer will settle, then further ones until it arrives."""
        while self._may_draft():
            ahead = len(self._speculation.drafts) >= needed
            if ahead and (request.done() or self._unlikely_to_be_used()):
                return
            self._draft()

    def _draft(self) -> None:
        began = time.perf_counter()
        self._speculation.draft()
        # The first draft also makes the local model read the prompt, so it is not timed.
        if self._speculation.written:
            self._length.observe_draft(time.perf_counter() - began)

    def _may_draft(self) -> bool:
        drafts = self._speculation.drafts
        ended = bool(drafts) and drafts[-1].token in self._ends
        return not ended and len(drafts) < min(MAX_BLOCK_TOKENS + 1, self._tokens_left())

    def _unlikely_to_be_used(self) -> bool:
        return self._length.block_acceptance(self._confidences()) < _MIN_BLOCK_ACCEPTANCE

    def _tokens_left(self) -> int:
        return self._max_tokens - len(self._speculation.written)

    def _confidences(self) -> list[float]:
        return [draft.confidence for draft in self._speculation.drafts]

    def _count_sent(self, block: Sequence[int]) -> None:
        """Count the tokens that the cloud model is shown for the first time."""
        sequence = [*self._speculation.written, *block]
        self._counts["sent"] += len(sequence) - common_prefix(sequence, self._sent)
        self._sent = sequence


def _timed_verify(
    verifier: Verifier, written: Sequence[int], block: Sequence[int]
) -> tuple[list[CloudView], float]:
    began = time.perf_counter()
    views = verifier.verify(written, block)
    return views, time.perf_counter() - began
