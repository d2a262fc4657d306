"""Drafts, verifies and settles a text in rounds, with one request per round."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, Self, final

from cogenesis_langchain.errors import CloudError
from cogenesis_langchain.fusion.blocks.draft_length import MAX_BLOCK_TOKENS, DraftLength
from cogenesis_langchain.fusion.blocks.speculation import Speculation
from cogenesis_langchain.fusion.settled_token import SettledToken
from cogenesis_langchain.fusion.shown_tokens import ShownTokens
from cogenesis_langchain.fusion.trace import BUDGET_REACHED, FusionReport
from cogenesis_langchain.fusion.verification.verifier import CloudView, Verifier, abstain
from cogenesis_langchain.models.decoding.logits import common_prefix

_MIN_BLOCK_ACCEPTANCE: Final = 0.2
"""Stop drafting ahead of the cloud's answer once a draft is this unlikely to be used."""


@final
class Rounds:
    """The rounds of one text, with its request thread and its counters: an endless iterator.

    Args:
        speculation: The text so far and its drafts.
        verifier: The cloud side.
        ends: Token ids that end the text, of both models.
        max_tokens: Maximum number of tokens of the text.
        shown: Counts what requests show. Before one would tell too much of the private context,
            the local model continues alone.
        draft_tokens: Drafts of each request; None decides by what is fastest.
    """

    def __init__(
        self,
        speculation: Speculation,
        verifier: Verifier,
        ends: frozenset[int],
        max_tokens: int,
        *,
        shown: ShownTokens,
        draft_tokens: int | None = None,
    ) -> None:
        self._speculation = speculation
        self._verifier: Verifier | None = verifier
        self._ends = ends
        self._max_tokens = max_tokens
        self._shown = shown
        self._length = DraftLength(draft_tokens)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="verifier")
        self._asked: Sequence[int] = ()
        self._counts: Counter[str] = Counter()
        self._fallback: str | None = None

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> list[SettledToken]:
        """Settle the tokens of one round; the caller stops when the text ends."""
        if self._verifier is None:
            return [self._local_token()]
        began = time.perf_counter()
        while self._may_draft() and self._length.worth_drafting(self._confidences()):
            self._draft()
        block = self._admitted(self._verifier, self._block())
        if block is None:
            return [self._local_token()]
        self._asked = (*self._speculation.written, *block)
        request = self._worker.submit(
            _timed_verify, self._verifier, tuple(self._speculation.written), block
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
        self._counts["drafted"] += len(views)
        settled = self._settle(views)
        # The first request makes the server read the prompt, so its time predicts no later one.
        if self._counts["requests"] > 1:
            self._length.observe_request(len(block), seconds)
            self._length.observe_round(len(settled), time.perf_counter() - began)
        return settled

    @property
    def is_full(self) -> bool:
        """Whether the text has as many tokens as it may have."""
        return self._tokens_left() <= 0

    def report(self, operator: str) -> FusionReport:
        """Report what the text cost so far."""
        return FusionReport(
            operator=operator,
            tokens=len(self._speculation.written),
            requests=self._counts["requests"],
            drafted=self._counts["drafted"],
            accepted=self._counts["accepted"],
            tokens_shown=self._shown.count,
            tokens_asked=common_prefix(self._speculation.written, self._asked),
            nats_told=self._shown.nats_told,
            fallback=self._fallback,
        )

    def close(self) -> None:
        """Stop the request thread; a request in flight is abandoned."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _admitted(self, verifier: Verifier, block: list[int]) -> list[int] | None:
        """The drafts that may be sent; None if the local model decides alone here.

        Where not even the settled text may be shown, it does so from here on.
        """
        written = self._speculation.written
        while (shown := verifier.shown(written, block)) is not None:
            if self._shown.admit((*written, *block), shown):
                return block
            if not block:
                self._verifier = None
                self._fallback = BUDGET_REACHED
                return None
            block = block[:-1]
        return None

    def _local_token(self) -> SettledToken:
        """Settle one token without the cloud: it has failed, or may not see the text so far."""
        if not self._speculation.drafts:
            self._speculation.draft()
        return self._speculation.settle(abstain)

    def _settle(self, views: Sequence[CloudView]) -> list[SettledToken]:
        """Settle positions in order, up to the first correction or the end of the text."""
        done: list[SettledToken] = []
        for view in views:
            confidence = self._speculation.drafts[0].confidence
            settled = self._speculation.settle(view)
            self._length.observe_verification(confidence, accepted=settled.accepted)
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
        return tokens[: min(self._tokens_left() - 1, self._length.most)]

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


def _timed_verify(
    verifier: Verifier, written: Sequence[int], block: Sequence[int]
) -> tuple[list[CloudView], float]:
    began = time.perf_counter()
    views = verifier.verify(written, block)
    return views, time.perf_counter() - began
