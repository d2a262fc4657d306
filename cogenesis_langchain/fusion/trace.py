"""Trace of a fused text: which model wrote each token, with both models' candidates.

A trace contains the generated text, which is private. `repr` shows none of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal, final

from pydantic import TypeAdapter, ValidationError

from cogenesis_langchain.errors import TraceInvalid
from cogenesis_langchain.models.base import FinishReason, TokenModel
from cogenesis_langchain.models.decoding.sampling import top_indices
from cogenesis_langchain.models.scoring.scores import TopK

if TYPE_CHECKING:
    from cogenesis_langchain.fusion.settled_token import SettledToken
    from cogenesis_langchain.models.base import Probabilities

TokenSource = Literal["accepted", "corrected", "local"]

BUDGET_REACHED: Final = "BudgetReached"
"""Why the local model continues alone where a `Budget` is used up."""

_KEPT_CANDIDATES: Final = 5
"""Number of candidates kept per model and token."""
_END: Final = "⏎end"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A candidate token of one model and its probability."""

    text: str = field(repr=False)
    probability: float


@dataclass(frozen=True, slots=True)
class FusionReport:
    """Counts of one fused text.

    Attributes:
        operator: Name of the fusion operator.
        tokens: Settled tokens.
        requests: Requests that the cloud model answered: one per round, and under a bound one more
            per detail.
        drafted: Drafted tokens that it verified, the one after the last that was sent included;
            under a bound only those that were sent.
        accepted: Positions at which the draft was accepted.
        tokens_shown: Generated tokens that the cloud model was shown, rejected drafts included.
        nats_told: Nats that the shown tokens tell of the private context at most, under the local
            model; under a bound, the absolute log-ratios of all that was drawn; None if it was not
            measured.
        tokens_asked: Tokens at the beginning of the text that the last request was about. The
            later ones were settled by its answer, or without the cloud model.
        fallback: Why the local model continued alone: the class name of an error, or
            ``BudgetReached``; None if the cloud model took part to the end.
    """

    operator: str
    tokens: int
    requests: int
    drafted: int
    accepted: int
    tokens_shown: int
    tokens_asked: int = 0
    nats_told: float | None = None
    fallback: str | None = None


@dataclass(frozen=True, slots=True)
class FusedToken:
    """One settled token.

    Attributes:
        id: Its id in the local vocabulary.
        text: The text that became final with this token. Characters split over tokens and possible
            stop strings are held back, so it may be empty, or longer than the token itself.
        piece: The token's own text, for display; U+FFFD for parts of characters.
        source: ``accepted`` (the local draft was accepted), ``corrected`` (the fused distribution
            replaced it) or ``local`` (the cloud model had no vote).
        weight: The operator's weight of the local model; 1 where the cloud had no vote.
        share: The local model's share of the token's probability.
        probability: The token's fused probability.
        local_top: The local model's most probable tokens.
        cloud_top: The cloud model's most probable tokens, in local tokens; empty where it had no
            vote.
        finish_reason: Why the text ends here; only on the last token.
        report: Counts of the whole text; only on the last token.
    """

    id: int
    text: str = field(repr=False)
    piece: str = field(repr=False)
    source: TokenSource
    weight: float
    share: float
    probability: float
    local_top: tuple[Candidate, ...] = field(repr=False)
    cloud_top: tuple[Candidate, ...] = field(repr=False)
    finish_reason: FinishReason | None = None
    report: FusionReport | None = None


def trace_token(
    settled: SettledToken,
    text: str,
    model: TokenModel,
    finish_reason: FinishReason | None = None,
    report: FusionReport | None = None,
) -> FusedToken:
    """Describe a settled token.

    Args:
        settled: The token and its distributions.
        text: The text that became final with this token.
        model: Decodes token ids.
        finish_reason: Only for the last token.
        report: Only for the last token.
    """
    local_only = settled.cloud is None
    return FusedToken(
        id=settled.token,
        text=text,
        piece=_display(model, settled.token),
        source="local" if local_only else "accepted" if settled.accepted else "corrected",
        weight=settled.weight,
        share=settled.share,
        probability=settled.probability,
        local_top=_local_candidates(model, settled.local),
        cloud_top=() if settled.cloud is None else _cloud_candidates(model, settled.cloud),
        finish_reason=finish_reason,
        report=report,
    )


@final
@dataclass(frozen=True, slots=True)
class Trace:
    """A whole text, token by token.

    Attributes:
        tokens: The tokens in order.
        report: Counts of the text.
        cloud_saw: The text as the last request showed it: what stood for private values, and first
            and last position (exclusive) of each run of tokens that it showed as they are. None in
            traces that do not tell.
    """

    tokens: tuple[FusedToken, ...] = field(repr=False)
    report: FusionReport
    cloud_saw: tuple[str | tuple[int, int], ...] | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls, tokens: Iterable[FusedToken], cloud_saw: Iterable[str | range] | None = None
    ) -> Trace:
        """Collect the tokens of a finished text.

        Args:
            tokens: The tokens.
            cloud_saw: The view of the text in the last request.

        Raises:
            TraceInvalid: The last token has no report, so the text is not finished.
        """
        collected = tuple(tokens)
        report = collected[-1].report if collected else None
        if report is None:
            raise TraceInvalid(
                "the text is not finished, so it has no report",
                remedy="read the decoder's stream to its end",
            )
        runs = (one if isinstance(one, str) else (one.start, one.stop) for one in cloud_saw or ())
        saw = None if cloud_saw is None else tuple(runs)
        return cls((*collected[:-1], replace(collected[-1], report=None)), report, saw)

    @property
    def text(self) -> str:
        """The text."""
        return "".join(token.text for token in self.tokens)

    @property
    def seen(self) -> str:
        """The text as the cloud model saw it; rejected drafts, which it saw too, are left out."""
        return "".join(
            part
            if isinstance(part, str)
            else "".join(token.piece for token in self.tokens[slice(*part)])
            for part in self.cloud_saw or ()
        )

    @property
    def masked(self) -> frozenset[int]:
        """Positions of tokens that it was not shown as they are; the end of the turn is none."""
        if self.cloud_saw is None:
            return frozenset()
        runs = [range(*part) for part in self.cloud_saw if not isinstance(part, str)]
        return frozenset(
            place
            for place, token in enumerate(self.tokens)
            if token.piece != _END and not any(place in run for run in runs)
        )

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-compatible values, for `response_metadata`."""
        plain: dict[str, Any] = _ADAPTER.dump_python(self, mode="json")
        return plain

    def to_json(self) -> bytes:
        """The trace as JSON, for ``cogenesis trace``."""
        return _ADAPTER.dump_json(self)

    @classmethod
    def from_json(cls, data: bytes) -> Trace:
        """Read the output of `to_json`.

        Raises:
            TraceInvalid: The data is not the JSON of a trace.
        """
        try:
            return _ADAPTER.validate_json(data)
        except ValidationError as error:
            raise TraceInvalid(
                f"the data is not the JSON of a trace ({error.error_count()} errors)",
                remedy="save the output of Trace.to_json(), or the trace in response_metadata "
                "as JSON",
            ) from None


_ADAPTER: Final = TypeAdapter(Trace)


def _local_candidates(model: TokenModel, probabilities: Probabilities) -> tuple[Candidate, ...]:
    shown = top_indices(probabilities, _KEPT_CANDIDATES)
    return tuple(Candidate(_display(model, int(i)), float(probabilities[i])) for i in shown)


def _cloud_candidates(model: TokenModel, topk: TopK) -> tuple[Candidate, ...]:
    import numpy as np

    pairs = zip(topk.ids[:_KEPT_CANDIDATES], np.exp(topk.logprobs[:_KEPT_CANDIDATES]), strict=True)
    return tuple(Candidate(_display(model, int(token)), float(mass)) for token, mass in pairs)


def _display(model: TokenModel, token: int) -> str:
    if token in model.end_tokens:
        return _END
    return model.decode((token,)).decode(errors="replace")
