"""Makes the tokens of a text, with their text and trace, from rounds of settled tokens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from cogenesis_langchain.errors import FusionError
from cogenesis_langchain.fusion.settled_token import SettledToken
from cogenesis_langchain.fusion.trace import FusedToken, FusionReport, trace_token
from cogenesis_langchain.models.base import FinishReason, GenerationOptions, TokenModel
from cogenesis_langchain.models.decoding.text_stream import TextStream


class TextRounds(Protocol):
    """An endless iterator of the tokens that each round settles."""

    def __iter__(self) -> Iterator[list[SettledToken]]: ...

    @property
    def is_full(self) -> bool:
        """Whether the text may have no more tokens than those of the rounds so far."""
        ...

    def report(self, operator: str) -> FusionReport:
        """Report what the text cost so far."""
        ...

    def close(self) -> None:
        """Stop all work."""
        ...


def refuse_grammar(options: GenerationOptions) -> None:
    """Check that a text need not follow a grammar.

    Raises:
        FusionError: It has to.
    """
    if options.grammar is not None:
        raise FusionError(
            "fused decoding cannot follow a grammar",
            remedy='use mode="sketch" for structured output',
        )


def traced(
    run: TextRounds,
    operator: str,
    model: TokenModel,
    ends: frozenset[int],
    options: GenerationOptions,
) -> Iterator[FusedToken]:
    """Yield the tokens of a text, up to its end.

    Args:
        run: The rounds; closed at the end.
        operator: Name of the operator, for the report.
        model: Decodes tokens.
        ends: Tokens that end the text.
        options: Stop strings.
    """
    text = TextStream(options.stop)
    try:
        for last_of_round, settled in _with_ends(run):
            ended = settled.token in ends
            piece = "" if ended else text.feed(model.decode((settled.token,)))
            finish: FinishReason | None = None
            if ended or text.stopped:
                finish = "stop"
            elif last_of_round and run.is_full:
                finish = "length"
            if finish is None:
                yield trace_token(settled, piece, model)
                continue
            yield trace_token(settled, piece + text.close(), model, finish, run.report(operator))
            return
    finally:
        run.close()


def _with_ends(run: TextRounds) -> Iterator[tuple[bool, SettledToken]]:
    """Yield each token, and whether it is the last one of its round."""
    for settled in run:
        for place, token in enumerate(settled, start=1):
            yield place == len(settled), token
