"""Clips what the private context changes of a distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cogenesis_langchain.models.decoding.sampling import TokenDistribution

if TYPE_CHECKING:
    from cogenesis_langchain.models.base import Probabilities


def clipped(public: TokenDistribution, private: Probabilities, clip: float) -> TokenDistribution:
    """Tilt a public distribution towards a private one, by at most ``clip`` nats a token.

    The result is ``p(x) = q(x) exp(u(x)) / Z`` with ``u = min(max(ln(r / q), -clip), clip)``, where
    ``q`` is the public distribution and ``r`` the private one. The log-ratio of two results for the
    same ``q`` lies in an interval of length ``4 clip``, whatever the private distributions are:
    their ``u`` differ by at most ``2 clip`` in each direction, and the ``Z`` are constants.

    Args:
        public: ``q``. Only its tokens can be chosen.
        private: ``r``, shape (vocabulary,). It need not sum to 1 over the tokens of ``q``.
        clip: In nats.
    """
    import numpy as np

    # Ratios of numbers near the smallest ones are not exact.
    possible = public.probabilities >= np.finfo(np.float64).tiny / np.finfo(np.float64).eps
    ids, base = public.ids[possible], public.probabilities[possible]
    with np.errstate(divide="ignore"):
        gain = np.log(private[ids]) - np.log(base)
    weights = base * np.exp(np.clip(gain, -clip, clip))
    return TokenDistribution(ids, weights / weights.sum())
