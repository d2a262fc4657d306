"""Decides how many tokens to draft before the cloud model is asked.

A longer block saves round trips if its tokens are accepted; otherwise it wastes local drafting and
cloud scoring. Another token is drafted as long as

    P(it and every token before it are accepted) / (seconds that one more token costs)

exceeds the overall rate of settled tokens per second. By the renewal-reward theorem, stopping there
gives the most tokens per second. Everything is measured during decoding: how often drafts of a
given confidence are accepted, the time of a local token, and the round-trip time as a linear
function of the block length. Each request also carries a small fixed cost beyond its time, because
providers bill and limit requests.

Whether to draft a token may depend on the tokens drafted before it, never on the token itself. Then
the accepted tokens follow the fused distribution whatever the lengths are
(`speculative_sampling.py`).
"""

from __future__ import annotations

from typing import Final, final

MAX_BLOCK_TOKENS: Final = 16
"""Maximum number of unsettled drafts. Each one holds a distribution in memory."""

_FIRST_BLOCK_TOKENS: Final = 4
_REQUEST_SECONDS: Final = 0.1
"""Cost of a request beyond its time."""
_DECAY: Final = 0.98
"""Factor on past observations at each new one; about fifty observations count."""
_BINS: Final = 8
_MIN_LENGTH_VARIANCE: Final = 0.25
"""Below this variance of block lengths their effect on the round trip cannot be estimated."""

# Before anything is measured, three drafts in four are taken to be accepted.
_PRIOR_ACCEPTED: Final = 1.5
_PRIOR_SEEN: Final = 2.0


@final
class DraftLength:
    """Decides, token by token, whether to draft another one.

    Args:
        fixed: Tokens of each block; None decides by what is fastest.
    """

    def __init__(self, fixed: int | None = None) -> None:
        self._fixed = fixed
        self._accepted = [_PRIOR_ACCEPTED] * _BINS
        self._seen = [_PRIOR_SEEN] * _BINS
        self._draft_seconds = _DecayingMean()
        self._trip = _DecayingSlope()
        self._tokens = _DecayingMean()
        self._seconds = _DecayingMean()

    @property
    def most(self) -> int:
        """Most tokens of a block."""
        return MAX_BLOCK_TOKENS + 1 if self._fixed is None else self._fixed

    def acceptance_rate(self, confidence: float) -> float:
        """Estimated probability that a draft is accepted.

        Args:
            confidence: Largest probability of the distribution that the draft came from.
        """
        index = _bin(confidence)
        return self._accepted[index] / self._seen[index]

    def worth_drafting(self, confidences: list[float]) -> bool:
        """Whether to add a token to a block.

        Args:
            confidences: Confidences of the tokens already in the block.
        """
        count = len(confidences)
        if self._fixed is not None:
            return count < self._fixed
        if not self._seconds.seen:
            return count < _FIRST_BLOCK_TOKENS
        if count >= MAX_BLOCK_TOKENS:
            return False
        cost = self._draft_seconds.value + self._trip.slope
        gain = self.block_acceptance(confidences) * self._overall_acceptance_rate()
        # gain / cost > tokens / seconds, without division: a cost may still be 0.
        return gain * (self._seconds.value + _REQUEST_SECONDS) > cost * self._tokens.value

    def block_acceptance(self, confidences: list[float]) -> float:
        """Estimated probability that every token of a block is accepted."""
        reach = 1.0
        for confidence in confidences:
            reach *= self.acceptance_rate(confidence)
        return reach

    def observe_draft(self, seconds: float) -> None:
        """Record how long one local token took."""
        self._draft_seconds.add(seconds)

    def observe_verification(self, confidence: float, *, accepted: bool) -> None:
        """Record whether a draft was accepted."""
        index = _bin(confidence)
        self._accepted[index] = _DECAY * self._accepted[index] + accepted
        self._seen[index] = _DECAY * self._seen[index] + 1.0

    def observe_request(self, block: int, trip_seconds: float) -> None:
        """Record how long a request for a block of this length took."""
        self._trip.add(float(block), trip_seconds)

    def observe_round(self, tokens: int, round_seconds: float) -> None:
        """Record how many tokens a round settled and how long it took."""
        self._tokens.add(float(tokens))
        self._seconds.add(round_seconds)

    def _overall_acceptance_rate(self) -> float:
        return sum(self._accepted) / sum(self._seen)


def _bin(confidence: float) -> int:
    return min(int(confidence * _BINS), _BINS - 1)


class _DecayingMean:
    """A mean over past values that weighs recent ones more."""

    def __init__(self) -> None:
        self.seen = 0.0
        self._sum = 0.0

    def add(self, value: float) -> None:
        self._sum = _DECAY * self._sum + value
        self.seen = _DECAY * self.seen + 1.0

    @property
    def value(self) -> float:
        return self._sum / self.seen if self.seen else 0.0


class _DecayingSlope:
    """Least-squares slope of a line through points, with decaying weights."""

    def __init__(self) -> None:
        self._x, self._y, self._xx, self._xy = (
            _DecayingMean(),
            _DecayingMean(),
            _DecayingMean(),
            _DecayingMean(),
        )

    def add(self, x: float, y: float) -> None:
        for mean, value in ((self._x, x), (self._y, y), (self._xx, x * x), (self._xy, x * y)):
            mean.add(value)

    @property
    def slope(self) -> float:
        """Slope in seconds per token; 0 while it cannot be estimated, never negative."""
        variance = self._xx.value - self._x.value**2
        if variance < _MIN_LENGTH_VARIANCE:
            return 0.0
        return max(0.0, (self._xy.value - self._x.value * self._y.value) / variance)
