"""Fused decoding: one text written by a local and a cloud model together, block by block.

A round: the local model drafts a block; one request asks the cloud model for its distributions
after each token of it, while the local model drafts on; then each position is fused, and its draft
accepted or corrected, up to the first correction. A round settles one token more than it accepts.
The text is distributed exactly as if every token had been fused and chosen one by one
(`sampling.py`), for any operator.
"""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain
from typing import Final, Self, final

from cogenesis_langchain.errors import CloudError, FusionError
from cogenesis_langchain.fusion.draft_length import LONGEST_BLOCK, DraftLength
from cogenesis_langchain.fusion.operators import Operator, operator_named
from cogenesis_langchain.fusion.repetition import PresencePenalty
from cogenesis_langchain.fusion.sampling import Choice, Greedy, Sampled
from cogenesis_langchain.fusion.speculation import LocalSide, Settled, Speculation
from cogenesis_langchain.fusion.trace import FusedToken, FusionReport, traced
from cogenesis_langchain.fusion.verifier import Verifier, View
from cogenesis_langchain.models.base import (
    FinishReason,
    GenerationOptions,
    PrivateMessage,
    Probabilities,
    TokenModel,
)
from cogenesis_langchain.models.local.logits import common_prefix
from cogenesis_langchain.models.local.sampling import Shape
from cogenesis_langchain.models.local.text_stream import TextStream
from cogenesis_langchain.models.local.token_exclusion import ExcludedTokens
from cogenesis_langchain.models.local.token_writer import encode_fitting

_LEAST_REACH: Final = 0.2
"""Drafting ahead of an answer stops where a draft is used less often than this."""


@final
class FusedDecoder:
    """Writes with a local model and a verifier.

    Args:
        local: The local model.
        operator: How distributions are fused, or the name of one of `OPERATORS`.
        baseline: The local model once more, with a cache of its own; only for operators that need
            the distribution without the private context.
        presence_penalty: Nats by which tokens of the last 64 lose; 0 is none.

    Raises:
        FusionError: The penalty is negative, there is no such operator, or its baseline is missing.
    """

    def __init__(
        self,
        local: TokenModel,
        *,
        operator: Operator | str = "mean",
        baseline: TokenModel | None = None,
        presence_penalty: float = 1.0,
    ) -> None:
        self._local = local
        self._operator = operator_named(operator) if isinstance(operator, str) else operator
        self._baseline = baseline
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
        """Write the assistant's turn, token by token as they are settled.

        If the cloud model fails on the way, the local model writes on alone, and the report says
        so. Closing the iterator ends the work; a request under way is left to its time limit.

        Args:
            messages: The local prompt, with the private context.
            verifier: The cloud side, which holds the cloud prompt.
            options: How to generate.
            baseline_messages: The local prompt without the private context, for operators that
                need it.

        Returns:
            The tokens; the last has a finish reason and the report.

        Raises:
            ContextTooLong: Before anything is generated or sent.
            FusionError: A setting is out of range, or a JSON schema was asked for.
            LocalModelError: The local model failed.
        """
        prompt = encode_fitting(self._local, messages, options)
        baseline = None
        if self._operator.needs_baseline and self._baseline is not None:
            ids = encode_fitting(self._baseline, baseline_messages, options)
            baseline = (self._baseline, ids)
        side = LocalSide(self._local, prompt, baseline)
        choice, excluded = self._choice(options), self._without(options.excluded)
        speculation = Speculation(side, self._operator, choice, self._penalty, excluded)
        ends = self._local.end_tokens | verifier.end_tokens
        run = _Run(speculation, verifier, ends, options.max_tokens)
        return self._write(run, ends, options)

    def _without(self, characters: str) -> ExcludedTokens | None:
        if characters and characters not in self._excluded:
            self._excluded[characters] = ExcludedTokens(self._local, characters)
        return self._excluded.get(characters)

    def _choice(self, options: GenerationOptions) -> Choice:
        if options.json_schema is not None:
            raise FusionError(
                "fused decoding cannot follow a JSON schema",
                remedy="use the sketch mode for structured output",
            )
        if options.temperature == 0.0:
            return Greedy()
        seed = secrets.randbits(63) if options.seed is None else options.seed
        return Sampled(Shape(options.temperature, options.top_p), seed)

    def _write(
        self, run: _Run, ends: frozenset[int], options: GenerationOptions
    ) -> Iterator[FusedToken]:
        text = TextStream(options.stop)
        try:
            for count, settled in enumerate(chain.from_iterable(run), start=1):
                ended = settled.token in ends
                piece = "" if ended else text.feed(self._local.decode((settled.token,)))
                finish: FinishReason | None = None
                if ended or text.stopped:
                    finish = "stop"
                elif count == options.max_tokens:
                    finish = "length"
                if finish is None:
                    yield traced(settled, piece, self._local)
                    continue
                report = run.report(self._operator.name)
                yield traced(settled, piece + text.close(), self._local, finish, report)
                return
        finally:
            run.close()


@final
class _Run:
    """The rounds of one text: an iterator over the tokens that each of them settles."""

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

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> list[Settled]:
        """Settle the tokens of one round; the reader stops at the end of the text."""
        if self._verifier is None:
            return self._alone()
        began = time.perf_counter()
        while self._may_draft() and self._length.worth_drafting(self._confidences()):
            self._draft()
        block = self._block()
        self._count_sent(block)
        flight = self._worker.submit(
            _timed, self._verifier, tuple(self._speculation.written), block
        )
        self._draft_on(flight, len(block) + 1)
        try:
            views, seconds = flight.result()
        except CloudError as error:
            self._verifier = None
            self._fallback = type(error).__name__
            return []
        self._counts["requests"] += 1
        self._counts["drafted"] += len(block)
        settled = self._settle(views)
        # The first round trip includes reading the prompt, which no later one does.
        if self._counts["requests"] > 1:
            self._length.returned(len(block), seconds)
            self._length.settled(len(settled), time.perf_counter() - began)
        return settled

    def report(self, operator: str) -> FusionReport:
        """What it took so far."""
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
        """Give up what is under way."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _alone(self) -> list[Settled]:
        if not self._speculation.drafts:
            self._speculation.draft()
        return [self._speculation.settle(_abstain)]

    def _settle(self, views: Sequence[View]) -> list[Settled]:
        done: list[Settled] = []
        for view in views:
            settled = self._speculation.settle(view)
            self._length.verified(settled.draft.confidence, accepted=settled.accepted)
            self._counts["accepted"] += settled.accepted
            done.append(settled)
            if not settled.accepted or settled.token in self._ends:
                break
        return done

    def _block(self) -> list[int]:
        """Drafts to send: an end token is verified, but nothing can follow it."""
        tokens = [draft.token for draft in self._speculation.drafts]
        if tokens and tokens[-1] in self._ends:
            tokens.pop()
        return tokens[: self._left() - 1]

    def _draft_on(self, flight: Future[tuple[list[View], float]], needed: int) -> None:
        """Draft what the answer will settle; then ahead, as long as it is not there."""
        while self._may_draft():
            ahead = len(self._speculation.drafts) >= needed
            if ahead and (flight.done() or self._length.reach(self._confidences()) < _LEAST_REACH):
                return
            self._draft()

    def _draft(self) -> None:
        began = time.perf_counter()
        self._speculation.draft()
        if self._speculation.written:  # the first one also reads the prompt
            self._length.drafted(time.perf_counter() - began)

    def _may_draft(self) -> bool:
        drafts = self._speculation.drafts
        ended = bool(drafts) and drafts[-1].token in self._ends
        return not ended and len(drafts) < min(LONGEST_BLOCK + 1, self._left())

    def _left(self) -> int:
        return self._max_tokens - len(self._speculation.written)

    def _confidences(self) -> list[float]:
        return [draft.confidence for draft in self._speculation.drafts]

    def _count_sent(self, block: Sequence[int]) -> None:
        """Count tokens that the cloud model sees for the first time."""
        going = [*self._speculation.written, *block]
        shared = common_prefix(going, self._sent)
        self._counts["sent"] += len(going) - shared
        self._sent = going


def _timed(
    verifier: Verifier, written: Sequence[int], block: Sequence[int]
) -> tuple[list[View], float]:
    began = time.perf_counter()
    views = verifier.verify(written, block)
    return views, time.perf_counter() - began


def _abstain(_: Probabilities) -> None:
    return None
