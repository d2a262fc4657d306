"""What all plots of a report share: one look, labels that do not overlap, and stable SVG.

Text stays text, so it can be read aloud, searched and copied; lines and letters take the colour
of the text around them, so the same drawing works on white and on black. The same data gives the
same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from io import StringIO
from typing import TYPE_CHECKING, Final

from cogenesis_langchain.errors import MissingDependency

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE: Final = "#2f7fc1"
ORANGE: Final = "#d9822b"
PALETTE: Final = ("#00a5ff", "#e18700", "#870fff", "#c31e2d", "#964b87", "#96a587")
"""Told apart by readers with any kind of colour vision, and seen on white and on black: a test
measures both."""

INK: Final = "#012345"
"""Drawn by matplotlib, then replaced by the colour of the surrounding text."""

PAPER: Final = "#fedcba"
"""Drawn by matplotlib, then replaced by the colour behind the plot."""

SMALL: Final = 10
"""Size of all text but headings of panels, in points."""

LARGE: Final = 11

_ALONE: Final = (
    ":root{color:#23211d;--card:#fff}"
    "@media(prefers-color-scheme:dark){:root{color:#ece8df;--card:#0d1117}}"
)

_ROW: Final = 1.35 * SMALL
"""Height of a line of text, in points."""


@contextmanager
def canvas(width: float, height: float) -> Iterator[Figure]:
    """An empty transparent figure in the common look.

    Args:
        width: In inches of 72 points.
        height: In inches of 72 points.

    Raises:
        MissingDependency: The extra ``evaluation`` is not installed.
    """
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingDependency("matplotlib", extra="evaluation") from None

    with rc_context(
        {
            "axes.edgecolor": INK,
            "axes.labelcolor": INK,
            "axes.labelsize": SMALL,
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.titlelocation": "left",
            "axes.titlesize": LARGE,
            "font.family": "sans-serif",
            "font.size": SMALL,
            "svg.fonttype": "none",
            "text.color": INK,
            "text.parse_math": False,
            "xtick.color": INK,
            "ytick.color": INK,
        }
    ):
        figure = Figure(figsize=(width, height), layout="constrained")
        figure.patch.set_alpha(0.0)
        yield figure


def to_svg(figure: Figure, name: str, description: str) -> str:
    """Write a figure as an SVG element.

    Args:
        figure: The figure, still inside its `canvas`.
        name: Unique among the plots of a page; it keeps their inner ids apart.
        description: What the plot shows, for those who cannot see it.
    """
    from matplotlib import rc_context

    for axes in figure.axes:
        axes.patch.set_alpha(0.0)
    out = StringIO()
    with rc_context({"svg.hashsalt": name}):
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    drawing = out.getvalue()
    drawing = drawing[drawing.index("<svg") :]
    drawing = re.sub(r"\s*<metadata>.*?</metadata>", "", drawing, count=1, flags=re.S)
    drawing = drawing.replace(INK, "currentColor").replace(PAPER, "var(--card, #fff)")
    drawing = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", drawing)
    head, rest = drawing.split(">", 1)
    title = f'<title id="{name}-title">{escape(description)}</title>'
    return f'{head} role="img" aria-labelledby="{name}-title">\n {title}{rest}'


def stand_alone(svg: str) -> str:
    """Make a file of an SVG element: without a page around it, it chooses its own colours."""
    head, rest = svg.split(">", 1)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{head}>\n <style>{_ALONE}</style>{rest}\n'


def spread(wanted: Sequence[float], gap: float) -> list[float]:
    """Move positions apart until no two are nearer than a gap, each moved as little as may be.

    Args:
        wanted: Positions in any order.
        gap: The smallest distance.

    Returns:
        The new positions, in the order of `wanted`.
    """
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    groups: list[tuple[float, list[int]]] = []  # centre of a block of touching labels, its members
    for index in order:
        centre, members = wanted[index], [index]
        while groups and centre - groups[-1][0] < gap * (len(members) + len(groups[-1][1])) / 2:
            before, others = groups.pop()
            members = others + members
            centre = (before * len(others) + centre * (len(members) - len(others))) / len(members)
        groups.append((centre, members))
    placed = [0.0] * len(wanted)
    for centre, members in groups:
        for place, index in enumerate(members):
            placed[index] = centre + gap * (place - (len(members) - 1) / 2)
    return placed


def label_lines(axes: Axes, labels: Sequence[tuple[str, float, str]]) -> None:
    """Write the names of lines beside their right ends, none over another, joined by their colour.

    Args:
        axes: Where the lines are drawn; its limits must be final.
        labels: Text, the y at which its line ends, and its colour.
    """
    heights = _heights(axes, [(1.0, y) for _, y, _ in labels])
    for (text, y, colour), wanted, placed in zip(
        labels, heights, spread(heights, _ROW), strict=True
    ):
        axes.annotate(
            text,
            (1.0, y),
            (18.0, placed - wanted),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center",
            arrowprops={
                "arrowstyle": "-",
                "color": colour,
                "linewidth": 1.6,
                "relpos": (0.0, 0.5),
                "shrinkB": 0.0,
            },
        )


def label_points(axes: Axes, labels: Sequence[tuple[str, float, float]]) -> None:
    """Write names beside points, each on a height of its own, so that none is over another.

    Args:
        axes: Where the points are drawn; its limits must be final.
        labels: Text, and x and y of its point.
    """
    heights = _heights(axes, [(x, y) for _, x, y in labels])
    for (text, x, y), wanted, placed in zip(labels, heights, spread(heights, _ROW), strict=True):
        right = axes.transAxes.inverted().transform(axes.transData.transform((x, y)))[0] < 0.6
        axes.annotate(
            text,
            (x, y),
            (16.0 if right else -16.0, placed - wanted),
            textcoords="offset points",
            ha="left" if right else "right",
            va="center",
            arrowprops={
                "arrowstyle": "-",
                "color": INK,
                "linewidth": 0.5,
                "alpha": 0.5,
                "relpos": (0.0 if right else 1.0, 0.5),
            },
        ).set_in_layout(False)


def _heights(axes: Axes, points: Sequence[tuple[float, float]]) -> list[float]:
    """Heights of points on the figure, in points of 1/72 inch."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()  # until then, the layout is not known
    return [float(axes.transData.transform(point)[1]) * 72 / figure.dpi for point in points]
