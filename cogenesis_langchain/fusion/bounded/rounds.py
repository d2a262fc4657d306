"""Writes a text under a bound, in rounds: one request each, and one more with a detail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from random import Random, SystemRandom
from typing import Final, Self, final

from cogenesis_langchain.errors import CloudError, ContextTooLong
from cogenesis_langchain.fusion.bounded.target import BoundedTarget, Reading
from cogenesis_langchain.fusion.settled_token import SettledToken
from cogenesis_langchain.fusion.shown_tokens import ShownTokens
from cogenesis_langchain.fusion.trace import FusionReport
from cogenesis_langchain.fusion.verification.blank_filter import opens_blank
from cogenesis_langchain.fusion.verification.verifier import CloudView, Verifier
from cogenesis_langchain.models.base import TokenModel
from cogenesis_langchain.models.decoding.logits import common_prefix
from cogenesis_langchain.models.decoding.sampling import next_probabilities
from cogenesis_langchain.models.scoring.scores import TopK
from cogenesis_langchain.privacy.views.bounded_disclosure import BoundedDisclosure

DRAFT_TOKENS: Final = 4
"""Drafts of a request. Fewer of them are used than without a bound, where the drafts are the local
model's with the private context."""
DETAIL_TOKENS: Final = 16
"""Most tokens of a detail, and what each detail takes of the most tokens of a text."""
_PLAUSIBLE: Final = 0.02
"""Probability from which on a token of the cloud model's may follow a detail."""


@final
class PromptedModel:
    """A local model with the prompt of one reader. What it said in this round is kept.

    Args:
        model: The model, with a cache of its own.
        prompt: Token ids of the prompt.
    """

    def __init__(self, model: TokenModel, prompt: Sequence[int]) -> None:
        self._model = model
        self._prompt = tuple(prompt)
        self._known: dict[tuple[int, ...], Reading] = {}

    def after(self, text: Sequence[int]) -> Reading:
        """Read the text and predict its next token."""
        ids = tuple(text)
        if ids not in self._known:
            self._known[ids] = Reading(ids, next_probabilities(self._model, (*self._prompt, *ids)))
        return self._known[ids]

    def forget(self) -> None:
        """Begin a new round."""
        self._known.clear()


@final
class Draws:
    """Random numbers in [0, 1): one sequence for what is shown, and one for details.

    So the length of a detail does not change what is drawn after it.

    Args:
        seed: The same seed gives the same numbers; None gives numbers of the operating system.
    """

    def __init__(self, seed: int | None) -> None:
        self._shown = Random(f"shown {seed}") if seed is not None else SystemRandom()
        self._hidden = Random(f"hidden {seed}") if seed is not None else SystemRandom()

    def shown(self) -> float:
        """Return the next number for a token that is shown."""
        return self._shown.random()

    def hidden(self) -> float:
        """Return the next number for a token of a detail."""
        return self._hidden.random()


@final
class BoundedRounds:
    """The rounds of one text: an endless iterator of settled tokens.

    A request asks about the text so far and about drafts of the local model *without* the private
    context, so drafts tell nothing of it. A draft is used if the token that is drawn happens to be
    the same. Accepting drafts as in speculative sampling would tell more: which draft was rejected
    has no bounded probability.

    Where the cloud model leaves a blank, the local model writes a detail. It ends before a token
    that is the local model's favourite and that the cloud model finds plausible after the blank.
    Requests do not depend on its length: each detail takes the same number of tokens of the limit
    of the text, and the same number of steps of the local model.

    Args:
        private: The local model with the private context.
        public: The same without it.
        verifier: The cloud side, over `disclosure`.
        disclosure: What the cloud model sees.
        target: Draws tokens.
        draws: Random numbers.
        ends: Token ids that end the text, of both models.
        decode: Decodes local tokens.
        max_tokens: Most tokens of the text.
        draft_tokens: Drafts of each request.
    """

    def __init__(
        self,
        private: PromptedModel,
        public: PromptedModel,
        *,
        verifier: Verifier,
        disclosure: BoundedDisclosure,
        target: BoundedTarget,
        draws: Draws,
        ends: frozenset[int],
        decode: Callable[[Sequence[int]], bytes],
        max_tokens: int,
        draft_tokens: int = DRAFT_TOKENS,
    ) -> None:
        self._private = private
        self._public = public
        self._verifier = verifier
        self._disclosure = disclosure
        self._target = target
        self._draws = draws
        self._ends = ends
        self._decode = decode
        self._max_tokens = max_tokens
        self._draft_tokens = draft_tokens
        self._written: list[int] = []
        self._asked: Sequence[int] = ()
        self._shown = ShownTokens(None)
        self._counts: Counter[str] = Counter()
        self._nats_told = 0.0
        self._spent = 0
        self._fallback: str | None = None

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> list[SettledToken]:
        """Settle the tokens of one round; the caller stops when the text ends."""
        self._public.forget()
        self._private.forget()
        done: list[SettledToken] = []
        if self._fallback is not None:
            _, settled = self._freely(self._private.after(self._written), frozenset())
            self._written.append(settled.token)
            return [settled]
        try:
            block = self._drafts()
            for settled in self._settle(self._ask(block), block):
                done.append(settled)
        except (CloudError, ContextTooLong) as error:  # placeholders are longer than details
            self._fallback = type(error).__name__
        return done

    @property
    def is_full(self) -> bool:
        """Whether the text has as many tokens as it may have, each detail counted as the longest.

        Without the cloud model nothing depends on it any more, and details count as they are.
        """
        spent = self._spent if self._fallback is None else len(self._written)
        return spent >= self._max_tokens

    def report(self, operator: str) -> FusionReport:
        """Report what the text cost so far."""
        return FusionReport(
            operator=operator,
            tokens=len(self._written),
            requests=self._counts["requests"],
            drafted=self._counts["drafted"],
            accepted=self._counts["accepted"],
            tokens_shown=self._shown.count,
            tokens_asked=common_prefix(self._written, self._asked),
            nats_told=self._nats_told,
            fallback=self._fallback,
        )

    def close(self) -> None:
        """Nothing runs between rounds."""

    def _drafts(self) -> list[int]:
        text, block = self._disclosure.reading(self._written), list[int]()
        while len(block) < self._draft_tokens:
            token = self._target.draft(self._public.after([*text, *block]))
            if token in self._ends:
                break
            block.append(token)
        return block

    def _ask(self, block: Sequence[int]) -> list[CloudView]:
        self._asked = (*self._written, *block)
        views = self._verifier.verify(tuple(self._written), block)
        self._shown.admit(self._asked, self._disclosure.shown(self._asked, 0))
        self._counts["requests"] += 1
        self._counts["drafted"] += min(len(block), len(views))
        return views

    def _settle(self, views: Sequence[CloudView], block: Sequence[int]) -> Iterator[SettledToken]:
        """Settle positions up to the first token that was not drafted, a detail, or the end."""
        for view, sent in zip_longest(views, block[: len(views)]):
            public = self._public.after(self._disclosure.reading(self._written))
            topk = view(public.probabilities)
            if topk is not None and opens_blank(topk, self._decode):
                yield from self._detail(topk)
                return
            private = self._private.after(self._written)
            drawn = self._target.draw(view, public, private, self._draws.shown())
            drafted = self._target.draft(public) if sent is None else sent
            self._nats_told += abs(drawn.told)
            self._counts["accepted"] += drawn.token == sent
            self._written.append(drawn.token)
            self._spent += 1
            yield SettledToken(
                drawn.token,
                drafted,
                private.probabilities,
                drawn.cloud,
                drawn.probability,
                drawn.weight,
                drawn.share,
            )
            if drawn.token != sent or self.is_full:
                return

    def _detail(self, blank: TopK) -> Iterator[SettledToken]:
        """Write what only the private context can know, and hide it."""
        first = len(self._written)
        spaced = self._decode((int(blank.ids[blank.logprobs.argmax()]),)).startswith(b" ")
        self._disclosure.begin_detail(first, spaced=spaced)
        after = self._plausible_next() | self._ends
        # All steps are taken before the detail is cut, so that they take the same time.
        steps = min(DETAIL_TOKENS, self._max_tokens - first)
        settled: list[SettledToken] = []
        ends: list[int] = []
        for _ in range(steps):
            private = self._private.after([*self._written, *(one.token for one in settled)])
            favourite, token = self._freely(private, self._ends)
            if favourite in after:
                ends.append(len(settled))
            settled.append(token)
        yield from self._cut(settled, ends)
        self._disclosure.end_detail(len(self._written))
        self._spent += DETAIL_TOKENS

    def _cut(self, settled: Sequence[SettledToken], ends: Sequence[int]) -> Iterator[SettledToken]:
        """Settle a detail up to its first end: at least one token, and whole characters if any."""
        length = next((end for end in ends if end > 0), len(settled))
        whole = (n for n in range(length, 0, -1) if not self._is_broken(settled[:n]))
        length = next(whole, length)
        for one in settled[:length]:
            self._written.append(one.token)
            yield one

    def _is_broken(self, settled: Sequence[SettledToken]) -> bool:
        try:
            self._decode([one.token for one in settled]).decode()
        except UnicodeDecodeError:
            return True
        return False

    def _plausible_next(self) -> frozenset[int]:
        """Tokens that the cloud model may write after what was shown last."""
        import numpy as np

        public = self._public.after(self._disclosure.reading(self._written))
        topk = self._ask(())[0](public.probabilities)
        if topk is None:
            return frozenset()
        return frozenset(topk.ids[np.exp(topk.logprobs) >= _PLAUSIBLE].tolist())

    def _freely(self, private: Reading, ends: frozenset[int]) -> tuple[int, SettledToken]:
        """Draw a token with the private context, which is not shown; see `BoundedTarget.detail`."""
        favourite, token = self._target.detail(private, ends, self._draws.hidden())
        local = private.probabilities
        return favourite, SettledToken(token, token, local, None, float(local[token]), 1.0, 1.0)
