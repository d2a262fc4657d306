"""How many tokens to draft before the cloud model is asked.

A longer block saves round trips while its tokens are accepted, and costs local drafting and cloud
scoring when they are not. One more token is drafted while

    P(it is accepted, and every token before it) / (seconds that one more token costs)

exceeds the rate at which tokens are being settled altogether: by the renewal-reward theorem the
block that stops there gives the most tokens a second. All of it is measured while decoding: how
often drafts of this confidence were accepted, what a local token costs, and a round trip as a line
over the block length. A request also counts for a little more than its time, because providers
count requests too.

Whether to draft a token may depend on what was drafted before it, never on the token itself: then
the accepted tokens follow the fused distribution whatever the lengths (`sampling.py`).
"""

from __future__ import annotations

from typing import Final, final

LONGEST_BLOCK: Final = 16
"""Most tokens drafted and not yet settled; each holds one distribution in memory."""

_FIRST_BLOCK: Final = 4
_REQUEST_SECONDS: Final = 0.1
"""What a request is held to cost beyond its time."""
_MEMORY: Final = 0.98
"""Weight of the past at each new observation: about fifty observations are remembered."""
_BINS: Final = 8
_PRIOR_ACCEPTED: Final = 1.5
_PRIOR_SEEN: Final = 2.0


@final
class DraftLength:
    """Decides token by token whether to draft on."""

    def __init__(self) -> None:
        self._accepted = [_PRIOR_ACCEPTED] * _BINS
        self._seen = [_PRIOR_SEEN] * _BINS
        self._draft_seconds = _Mean()
        self._trip = _Line()
        self._tokens = _Mean()
        self._seconds = _Mean()

    def chance(self, confidence: float) -> float:
        """Probability that a draft is accepted.

        Args:
            confidence: Largest probability of the distribution it was drafted from.
        """
        slot = _slot(confidence)
        return self._accepted[slot] / self._seen[slot]

    def worth_drafting(self, confidences: list[float]) -> bool:
        """Whether to add a token to a block.

        Args:
            confidences: Of the tokens that the block has already.
        """
        count = len(confidences)
        if not self._seconds.seen:
            return count < _FIRST_BLOCK
        if count >= LONGEST_BLOCK:
            return False
        cost = self._draft_seconds.value + self._trip.slope
        gain = self.reach(confidences) * self._overall()
        return gain * (self._seconds.value + _REQUEST_SECONDS) > cost * self._tokens.value

    def reach(self, confidences: list[float]) -> float:
        """Probability that every token of a block is accepted."""
        reach = 1.0
        for confidence in confidences:
            reach *= self.chance(confidence)
        return reach

    def drafted(self, seconds: float) -> None:
        """Learn what one local token costs."""
        self._draft_seconds.add(seconds)

    def verified(self, confidence: float, *, accepted: bool) -> None:
        """Learn whether a draft was accepted."""
        slot = _slot(confidence)
        self._accepted[slot] = _MEMORY * self._accepted[slot] + accepted
        self._seen[slot] = _MEMORY * self._seen[slot] + 1.0

    def returned(self, block: int, trip_seconds: float) -> None:
        """Learn what a request for a block of this length took."""
        self._trip.add(float(block), trip_seconds)

    def settled(self, tokens: int, round_seconds: float) -> None:
        """Learn how many tokens a whole round settled, and its time from start to start."""
        self._tokens.add(float(tokens))
        self._seconds.add(round_seconds)

    def _overall(self) -> float:
        return sum(self._accepted) / sum(self._seen)


def _slot(confidence: float) -> int:
    return min(int(confidence * _BINS), _BINS - 1)


class _Mean:
    """A mean that forgets."""

    def __init__(self) -> None:
        self.seen = 0.0
        self._sum = 0.0

    def add(self, value: float) -> None:
        self._sum = _MEMORY * self._sum + value
        self.seen = _MEMORY * self.seen + 1.0

    @property
    def value(self) -> float:
        return self._sum / self.seen if self.seen else 0.0


class _Line:
    """Slope of a line through points that are forgotten over time, by least squares."""

    def __init__(self) -> None:
        self._x, self._y, self._xx, self._xy = _Mean(), _Mean(), _Mean(), _Mean()

    def add(self, x: float, y: float) -> None:
        for mean, value in ((self._x, x), (self._y, y), (self._xx, x * x), (self._xy, x * y)):
            mean.add(value)

    @property
    def slope(self) -> float:
        """Seconds a further token; 0 while the points do not tell, and never negative."""
        variance = self._xx.value - self._x.value**2
        if variance < 0.25:
            return 0.0
        return max(0.0, (self._xy.value - self._x.value * self._y.value) / variance)
