"""Renders a fused text in the terminal, marked by the model that wrote it (Figure 6).

The colours differ in lightness too, so that they can be told apart without seeing hues. Where there
are no colours, the text is listed by author in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean
from typing import Final, Literal

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.panel import Panel
from rich.style import Style
from rich.table import Table
from rich.text import Text

from cogenesis_langchain.fusion.trace import FusedToken, Trace

Author = Literal["cloud", "both", "local"]

AUTHORS: Final[dict[Author, tuple[float, str]]] = {
    "cloud": (0.0, "mostly the cloud model"),
    "both": (0.5, "both models alike"),
    "local": (1.0, "mostly the local model"),
}
"""For each author the share that stands for it in a legend, and its name there."""
CORRECTED: Final = "the local model's draft was replaced"
ALONE: Final = "the local model decided alone"
MASKED: Final = "not shown to the cloud model"
SEEN: Final = "what the cloud model saw"

_LEGEND_IN_WORDS: Final = (
    f"cloud: {AUTHORS['cloud'][1]}; both: {AUTHORS['both'][1]}; local: {AUTHORS['local'][1]};\n"
    f"alone: {ALONE}; *: {CORRECTED}; ↵: end of a line."
)

# Red, green and blue: from dark to light, and black text is readable on all of them.
_CLOUD: Final = (92, 138, 224)
_EVEN: Final = (194, 197, 200)
_LOCAL: Final = (255, 228, 184)
_SIXTEEN: Final[dict[Author, tuple[str, str]]] = {
    "cloud": ("bright_white", "blue"),
    "both": ("black", "white"),
    "local": ("black", "bright_yellow"),
}
"""Text and background where a terminal has 16 colours, none of which is near the colours above."""


def colour(share: float) -> tuple[int, int, int]:
    """Colour of a token: dark blue for the cloud model, light orange for the local model.

    Args:
        share: The local model's share of the token's probability, in [0, 1].

    Returns:
        Red, green and blue in 0..255.
    """
    low, high, part = (
        (_CLOUD, _EVEN, share * 2.0) if share < 0.5 else (_EVEN, _LOCAL, share * 2.0 - 1.0)
    )
    red, green, blue = (
        round(first + (second - first) * part) for first, second in zip(low, high, strict=True)
    )
    return red, green, blue


def author(share: float) -> Author:
    """Name the author of a token by the local model's share: a third each."""
    return "cloud" if share < 1 / 3 else "local" if share > 2 / 3 else "both"


def summary(trace: Trace) -> str:
    """One line with the operator, tokens, requests, corrections and any fallback."""
    report = trace.report
    corrected = sum(token.source == "corrected" for token in trace.tokens)
    line = (
        f"{report.operator} · {report.tokens} tokens · {report.requests} requests "
        f"({report.requests / max(report.tokens, 1):.2f} a token) · {corrected} corrected"
    )
    return line if report.fallback is None else f"{line} · local alone after {report.fallback}"


def certainty(tokens: Sequence[FusedToken]) -> tuple[float | None, float | None]:
    """How sure the local and the cloud model were: the mean probability of their first choices.

    Returns:
        A number for each model; None if it had no vote on any of the tokens.
    """
    local = [token.local_top[0].probability for token in tokens if token.local_top]
    cloud = [token.cloud_top[0].probability for token in tokens if token.cloud_top]
    return fmean(local) if local else None, fmean(cloud) if cloud else None


def certainty_line(trace: Trace) -> str:
    """The legend's sentence about how sure each model was over the whole text."""
    local, cloud = map(_percent, certainty(trace.tokens))
    return (
        "How sure each model was (mean probability of its first choice): "
        f"local {local}, cloud {cloud}."
    )


def render(trace: Trace) -> RenderableType:
    """Render the heat map for a rich console: in colours if it has them, otherwise in words."""
    return _HeatMap(trace)


@dataclass(frozen=True, slots=True)
class _HeatMap:
    trace: Trace

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if console.color_system is None or console.no_color:
            yield _in_words(self.trace)
            yield Text(f"\n{_LEGEND_IN_WORDS}\n{certainty_line(self.trace)}\n{summary(self.trace)}")
            if self.trace.seen:
                yield Text(f"\n{SEEN}:\n{self.trace.seen}")
            return
        sixteen = console.color_system in ("standard", "windows")
        text = Text()
        masked = self.trace.masked
        for place, token in enumerate(self.trace.tokens):
            text.append(token.piece, _style(token, sixteen) + Style(strike=place in masked))
        yield Panel(
            Group(text, Text(), _legend(self.trace, sixteen)),
            title="who wrote it",
            subtitle=summary(self.trace),
            padding=(1, 2),
        )
        if self.trace.seen:
            yield Panel(Text(self.trace.seen), title=SEEN, padding=(1, 2))


def _style(token: FusedToken, sixteen: bool) -> Style:
    return _background(token.share, sixteen) + Style(
        underline=token.source == "corrected", italic=token.source == "local"
    )


def _background(share: float, sixteen: bool) -> Style:
    if sixteen:
        text, background = _SIXTEEN[author(share)]
        return Style(color=text, bgcolor=background)
    red, green, blue = colour(share)
    return Style(color="black", bgcolor=f"rgb({red},{green},{blue})")


def _legend(trace: Trace, sixteen: bool) -> Text:
    legend = Text("Who wrote a token: ")
    for share, name in AUTHORS.values():
        legend.append(f" {name} ", _background(share, sixteen))
        legend.append(" ")
    legend.append("\nUnderlined", Style(underline=True)).append(f": {CORRECTED}. ")
    legend.append("Italic", Style(italic=True)).append(f": {ALONE}.")
    if trace.masked:
        legend.append(" ").append("Struck out", Style(strike=True)).append(f": {MASKED}.")
    legend.append("\n")
    return legend.append(certainty_line(trace))


def _in_words(trace: Trace) -> Table:
    """One row for each run of tokens with one author."""
    table = Table("written by", "local sure", "cloud sure", "text", box=None)
    for mark, run in groupby(trace.tokens, key=_mark):
        tokens = list(run)
        local, cloud = map(_percent, certainty(tokens))
        words = "".join(token.piece for token in tokens).replace("\n", "↵")
        table.add_row(mark, local, cloud, Text(words))
    return table


def _mark(token: FusedToken) -> str:
    if token.source == "local":
        return "alone"
    return author(token.share) + (" *" if token.source == "corrected" else "")


def _percent(part: float | None) -> str:
    return "no vote" if part is None else f"{part:.0%}"
