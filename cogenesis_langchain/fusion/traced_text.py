"""Makes the tokens of a text, with their text and their trace, from rounds of settled tokens."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Protocol

from cogenesis_langchain.fusion.blocks.speculation import SettledToken
from cogenesis_langchain.fusion.trace import FusedToken, FusionReport, trace_token
from cogenesis_langchain.models.base import FinishReason, GenerationOptions, TokenModel
from cogenesis_langchain.models.local.text_stream import TextStream


class TextRounds(Protocol):
    """An endless iterator of the tokens that each round settles."""

    def __iter__(self) -> Iterator[list[SettledToken]]: ...

    def report(self, operator: str) -> FusionReport:
        """Report what the text cost so far."""
        ...

    def close(self) -> None:
        """Stop all work."""
        ...


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
        options: Stop strings, and the most tokens of the text.
    """
    text = TextStream(options.stop)
    try:
        for count, settled in enumerate(chain.from_iterable(run), start=1):
            ended = settled.token in ends
            piece = "" if ended else text.feed(model.decode((settled.token,)))
            finish: FinishReason | None = None
            if ended or text.stopped:
                finish = "stop"
            elif count == options.max_tokens:
                finish = "length"
            if finish is None:
                yield trace_token(settled, piece, model)
                continue
            yield trace_token(settled, piece + text.close(), model, finish, run.report(operator))
            return
    finally:
        run.close()
