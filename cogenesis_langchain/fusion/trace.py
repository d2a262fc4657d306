"""Who wrote each token, and how sure both models were: the record of a fused text.

A trace holds private text: it is what the models wrote. `repr` shows none of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal, final

from pydantic import TypeAdapter, ValidationError

from cogenesis_langchain.errors import TraceInvalid
from cogenesis_langchain.models.base import FinishReason, TokenModel, TopK
from cogenesis_langchain.models.local.sampling import largest

if TYPE_CHECKING:
    from cogenesis_langchain.fusion.speculation import Settled
    from cogenesis_langchain.models.base import Probabilities

Source = Literal["accepted", "corrected", "local"]

_SHOWN: Final = 5
"""Candidates kept of each side's distribution."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A token that a model thought of, and its probability."""

    text: str = field(repr=False)
    probability: float


@dataclass(frozen=True, slots=True)
class FusionReport:
    """What a fused text took.

    Attributes:
        operator: Name of the fusion operator.
        tokens: Tokens settled.
        requests: Requests that the cloud model answered, one a round.
        drafted: Drafted tokens that it verified.
        accepted: Positions at which the draft stood.
        tokens_sent: Generated tokens that the cloud model was shown, rejected drafts included.
        fallback: Class name of the error after which the local model wrote alone; None if the
            cloud model answered to the end.
    """

    operator: str
    tokens: int
    requests: int
    drafted: int
    accepted: int
    tokens_sent: int
    fallback: str | None = None


@dataclass(frozen=True, slots=True)
class FusedToken:
    """One settled token.

    Attributes:
        id: Its id in the local vocabulary.
        text: Text that is certain since this token. Characters split over tokens and beginnings
            of stop strings are held back, so it may be empty, or more than this token's own.
        piece: The token's own text, for display; U+FFFD for parts of characters.
        source: ``accepted`` (the local draft stood), ``corrected`` (the fused distribution put
            another token in its place) or ``local`` (the cloud model had no say).
        weight: The operator's weight of the local model, 1 where the cloud had no say.
        share: The local model's part in the token's probability.
        probability: The token's fused probability.
        local_top: The local model's most probable tokens.
        cloud_top: The cloud model's, in local tokens; empty where it had no say.
        finish_reason: Why the text ends here, on the last token.
        report: What the text took, on the last token.
    """

    id: int
    text: str = field(repr=False)
    piece: str = field(repr=False)
    source: Source
    weight: float
    share: float
    probability: float
    local_top: tuple[Candidate, ...] = field(repr=False)
    cloud_top: tuple[Candidate, ...] = field(repr=False)
    finish_reason: FinishReason | None = None
    report: FusionReport | None = None


def traced(
    settled: Settled,
    text: str,
    model: TokenModel,
    finish_reason: FinishReason | None = None,
    report: FusionReport | None = None,
) -> FusedToken:
    """Describe a settled token.

    Args:
        settled: The token and its distributions.
        text: Text that is certain since this token.
        model: Decodes ids.
        finish_reason: On the last token.
        report: On the last token.
    """
    alone = settled.cloud is None
    return FusedToken(
        id=settled.token,
        text=text,
        piece=_show(model, settled.token),
        source="local" if alone else "accepted" if settled.accepted else "corrected",
        weight=settled.weight,
        share=settled.share,
        probability=settled.probability,
        local_top=_candidates(model, settled.draft.local),
        cloud_top=() if settled.cloud is None else _given(model, settled.cloud),
        finish_reason=finish_reason,
        report=report,
    )


@final
@dataclass(frozen=True, slots=True)
class Trace:
    """A whole text, token by token.

    Attributes:
        tokens: The tokens in order.
        report: What the text took.
    """

    tokens: tuple[FusedToken, ...] = field(repr=False)
    report: FusionReport

    @classmethod
    def of(cls, tokens: Iterable[FusedToken]) -> Trace:
        """Collect the tokens of a finished text.

        Raises:
            TraceInvalid: The last token has no report: the text is not finished.
        """
        collected = tuple(tokens)
        report = collected[-1].report if collected else None
        if report is None:
            raise TraceInvalid(
                "the text is not finished, so it has no report",
                remedy="read the decoder's stream to its end",
            )
        return cls((*collected[:-1], replace(collected[-1], report=None)), report)

    @property
    def text(self) -> str:
        """The text."""
        return "".join(token.text for token in self.tokens)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for `response_metadata`, as JSON would hold them."""
        plain: dict[str, Any] = _ADAPTER.dump_python(self, mode="json")
        return plain

    def to_json(self) -> bytes:
        """The trace as JSON, for ``cogenesis trace``."""
        return _ADAPTER.dump_json(self)

    @classmethod
    def from_json(cls, data: bytes) -> Trace:
        """Read what `to_json` wrote.

        Raises:
            TraceInvalid: It is not the JSON of a trace.
        """
        try:
            return _ADAPTER.validate_json(data)
        except ValidationError as error:
            raise TraceInvalid(
                f"this is not the JSON of a trace ({error.error_count()} faults)",
                remedy="save Trace.to_json(), or the metadata's trace as JSON",
            ) from None


_ADAPTER: Final = TypeAdapter(Trace)


def _candidates(model: TokenModel, probabilities: Probabilities) -> tuple[Candidate, ...]:
    shown = largest(probabilities, _SHOWN)
    return tuple(Candidate(_show(model, int(i)), float(probabilities[i])) for i in shown)


def _given(model: TokenModel, topk: TopK) -> tuple[Candidate, ...]:
    import numpy as np

    pairs = zip(topk.ids[:_SHOWN], np.exp(topk.logprobs[:_SHOWN]), strict=True)
    return tuple(Candidate(_show(model, int(token)), float(mass)) for token, mass in pairs)


def _show(model: TokenModel, token: int) -> str:
    if token in model.end_tokens:
        return "⏎end"
    return model.decode((token,)).decode(errors="replace")
