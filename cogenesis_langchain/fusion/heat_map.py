"""Renders a fused text in the terminal, coloured by the model that wrote it (Figure 6)."""

from __future__ import annotations

from typing import Final

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.style import Style
from rich.text import Text

from cogenesis_langchain.fusion.trace import FusedToken, Trace

# Red, green and blue, chosen so that black text is readable on all of them.
_CLOUD: Final = (132, 178, 255)
_EVEN: Final = (240, 240, 236)
_LOCAL: Final = (255, 168, 92)


def colour(share: float) -> tuple[int, int, int]:
    """Colour of a token: blue for the cloud model, orange for the local model.

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


def summary(trace: Trace) -> str:
    """One line with the operator, tokens, requests, corrections and any fallback."""
    report = trace.report
    corrected = sum(token.source == "corrected" for token in trace.tokens)
    line = (
        f"{report.operator} · {report.tokens} tokens · {report.requests} requests "
        f"({report.requests / max(report.tokens, 1):.2f} a token) · {corrected} corrected"
    )
    return line if report.fallback is None else f"{line} · local alone after {report.fallback}"


def render(trace: Trace) -> RenderableType:
    """Render the heat map for a rich console."""
    text = Text()
    for token in trace.tokens:
        text.append(token.piece, _style(token))
    return Panel(
        Group(text, Text(), _legend()),
        title="who wrote it",
        subtitle=summary(trace),
        padding=(1, 2),
    )


def _style(token: FusedToken) -> Style:
    red, green, blue = colour(token.share)
    return Style(
        color="black",
        bgcolor=f"rgb({red},{green},{blue})",
        underline=token.source == "corrected",
        italic=token.source == "local",
    )


def _legend() -> Text:
    legend = Text("cloud ")
    for step in range(11):
        red, green, blue = colour(step / 10)
        legend.append("  ", Style(bgcolor=f"rgb({red},{green},{blue})"))
    legend.append(" local   ")
    legend.append("corrected", Style(underline=True))
    legend.append("   ")
    legend.append("local alone", Style(italic=True))
    return legend
