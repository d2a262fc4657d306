"""Limits on what fused decoding tells of the private context, in nats."""

from __future__ import annotations

import math
from dataclasses import dataclass

from cogenesis_langchain.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Budget:
    """Masked disclosure, and a limit on what the words that are shown tell of the private context.

    The local model reads each text a second time as one does who knows the public view alone: its
    prompt without the private context, then the view of the text so far. A word that the context
    makes much more probable than this reading does tells something of it, even if no detector
    knows it: a paraphrase, an inflection, a word of another language.

    Attributes:
        word: Nats that one word may gain by the context; one that gains more is masked.
        text: Nats that all words of a text that are shown may tell together. Before a request would
            tell more, the local model continues alone. None is no limit.

    Raises:
        ConfigurationError: A limit is no positive number.
    """

    word: float = 3.0
    text: float | None = None

    def __post_init__(self) -> None:
        limits = [self.word] if self.text is None else [self.word, self.text]
        if not all(isinstance(one, int | float) and one > 0 for one in limits):
            raise ConfigurationError(
                f"the limits of a budget must be positive: word={self.word!r}, text={self.text!r}",
                remedy='give positive numbers, or use mode="sketch", which tells nothing',
            )


@dataclass(frozen=True, slots=True)
class Bounded:
    """Disclosure with a proven bound on what a text tells of the private context.

    Every token that the cloud model is shown is drawn from nearly the distribution of a writer who
    knows what was released and nothing else: the private context changes the log-probability of a
    token by at most `clip` nats before it is normalised. What only the context can know is written
    where the cloud model leaves a blank, and a placeholder stands for it.

    For any two private contexts under which the same instruction is released, and any set of texts
    as they are shown, the probability of the set under the one is at most ``exp(epsilon)`` times
    that under the other, plus ``delta``.
    ``docs/fusion.md`` has the proof, and what it does not cover, such as the time of requests.

    Attributes:
        epsilon: For one whole text.
        delta: For one whole text.

    Raises:
        ConfigurationError: Epsilon is no positive number, or delta is not in (0, 1).
    """

    epsilon: float = 8.0
    delta: float = 1e-6

    def __post_init__(self) -> None:
        given = (self.epsilon, self.delta)
        numbers = all(isinstance(one, int | float) for one in given)
        if not (numbers and 0.0 < self.epsilon < math.inf and 0.0 < self.delta < 1.0):
            raise ConfigurationError(
                f"epsilon={self.epsilon!r} with delta={self.delta!r} is no bound",
                remedy="give a positive epsilon and a delta between 0 and 1, such as 8 and 1e-6",
            )

    def clip(self, tokens: int) -> float:
        """Return the nats by which the context may change one token of a text.

        With a clip of ``c`` nats, the log-ratio of a token's probabilities under two contexts lies
        in an interval of length ``4 c``. So ``n`` tokens are (``4 n c``, 0)-indistinguishable, and
        have a zero-concentrated divergence of at most ``rho = n (4 c)^2 / 8`` (``docs/fusion.md``
        has the proof), which bounds them by ``epsilon = rho + 2 sqrt(rho ln(1 /
        delta))`` (Bun and Steinke, arXiv 1605.02065). The larger of the two clips is taken.

        Args:
            tokens: Most tokens of the text.
        """
        tail = math.log(1.0 / self.delta)
        rho = (math.sqrt(tail + self.epsilon) - math.sqrt(tail)) ** 2
        return max(self.epsilon / (4.0 * tokens), math.sqrt(rho / (2.0 * tokens)))
