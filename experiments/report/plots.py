"""The plots of a report: means with intervals, stability, and what quality costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from textwrap import fill
from typing import TYPE_CHECKING, Final

from cogenesis_langchain.evaluation.bootstrap import Estimate
from cogenesis_langchain.evaluation.report.drawing import (
    BLUE,
    INK,
    ORANGE,
    PALETTE,
    PAPER,
    canvas,
    label_lines,
    label_points,
    to_svg,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH: Final = 10.0
"""Of every plot, in inches."""

_TITLE: Final = 20
"""Letters a line of a panel's title."""

_DASHES: Final = ("-", "--", "-.", ":")
"""Tell lines apart beside their colours."""


@dataclass(frozen=True, slots=True)
class Dot:
    """A mean in a panel.

    Attributes:
        estimate: The mean and its interval.
        differs: Whether it differs from the baseline: drawn full, otherwise hollow.
    """

    estimate: Estimate
    differs: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """One measure of several settings.

    Attributes:
        title: What is measured, with its unit.
        dots: One a setting; None where it has no value.
        baseline: The mean that the settings are compared with; None where there is none.
    """

    title: str
    dots: Sequence[Dot | None]
    baseline: float | None


def dot_plot(name: str, description: str, settings: Sequence[str], panels: Sequence[Panel]) -> str:
    """Draw the means of settings side by side, each panel one measure.

    Args:
        name: Of the plot, unique on its page.
        description: What it shows, in words.
        settings: Names of the rows, top to bottom.
        panels: At most four.

    Returns:
        An SVG element.
    """
    with canvas(_WIDTH, 1.2 + 0.3 * len(settings)) as figure:
        columns = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axes, panel in zip(columns, panels, strict=True):
            axes.set_title(fill(panel.title, _TITLE))
            axes.tick_params(axis="y", length=0)
            axes.spines["left"].set_visible(False)
            axes.locator_params(axis="x", nbins=4)
            if panel.baseline is not None:
                axes.axvline(panel.baseline, color=INK, linewidth=0.8, alpha=0.6, dashes=(3, 3))
            for row, dot in enumerate(panel.dots):
                if dot is not None:
                    _dot(axes, row, dot)
        columns[0].set_yticks(range(len(settings)), settings)
        columns[0].set_ylim(len(settings) - 0.5, -0.5)
        return to_svg(figure, name, description)


def _dot(axes: Axes, row: int, dot: Dot) -> None:
    axes.hlines(row, dot.estimate.low, dot.estimate.high, color=BLUE, linewidth=1.6)
    face = BLUE if dot.differs else PAPER
    axes.plot(dot.estimate.mean, row, "o", color=BLUE, markerfacecolor=face, markersize=6)


def stability_plot(
    name: str, description: str, unit: str, curves: Mapping[str, Sequence[Estimate]]
) -> str:
    """Draw how a mean settles as samples are added (the paper's Figure 7).

    Args:
        name: Of the plot, unique on its page.
        description: What it shows, in words.
        unit: Of the mean.
        curves: Settings to their estimates from 1, 2, ... samples; at most as many as `PALETTE`
            has colours.

    Returns:
        An SVG element.
    """
    with canvas(_WIDTH, 3.6) as figure:
        means, lengths = figure.subplots(1, 2)
        means.set_title(f"mean: {unit}")
        lengths.set_title("length of its 95 % interval")
        ends = []
        looks = zip(PALETTE, cycle(_DASHES), strict=False)
        for (setting, curve), (colour, dashes) in zip(curves.items(), looks, strict=False):
            x = [point.count for point in curve]
            y = [point.mean for point in curve]
            means.plot(x, y, color=colour, linestyle=dashes, linewidth=1.6)
            wide = [point.high - point.low for point in curve[1:]]
            lengths.plot(x[1:], wide, color=colour, linestyle=dashes, linewidth=1.6)
            ends.append((setting, y[-1], colour))
        for axes in (means, lengths):
            axes.margins(x=0)
            axes.set_xlabel("records")
        lengths.set_ylim(bottom=0)
        label_lines(means, ends)
        return to_svg(figure, name, description)


@dataclass(frozen=True, slots=True)
class Deal:
    """What a setting gives for what it sends and how long it takes.

    Attributes:
        setting: Its name.
        sent: Bytes sent to the cloud for a text, mean.
        quality: The measure of quality, mean.
        seconds: For a text, mean.
        leaked: Private strings on the wire for a text, mean.
    """

    setting: str
    sent: float
    quality: float
    seconds: float
    leaked: float


def trade_off_plot(name: str, description: str, quality: str, deals: Sequence[Deal]) -> str:
    """Draw quality against bytes sent; size is time, colour and shape say what leaked.

    Args:
        name: Of the plot, unique on its page.
        description: What it shows, in words.
        quality: Name and unit of the measure of quality.
        deals: One a setting, at least one.

    Returns:
        An SVG element.
    """
    slowest = max(deal.seconds for deal in deals) or 1.0
    with canvas(_WIDTH, 5.0) as figure:
        axes = figure.subplots()
        axes.set_xscale("symlog", linthresh=1000, linscale=0.5)
        axes.set_xlabel("bytes sent to the cloud for a text")
        axes.set_ylabel(quality)
        for deal in deals:
            axes.scatter(
                deal.sent,
                deal.quality,
                s=20 + 280 * deal.seconds / slowest,
                marker="^" if deal.leaked else "o",
                color=ORANGE if deal.leaked else BLUE,
                alpha=0.75,
                linewidths=0,
            )
        axes.margins(y=0.12)
        most = 2 * max(1000.0, *(deal.sent for deal in deals))
        axes.set_xlim(-200, most)
        ticks = [0, *(10**power for power in range(3, 12) if 10**power <= most)]
        axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
        axes.minorticks_off()
        label_points(axes, [(f"{d.setting}, {d.seconds:.0f} s", d.sent, d.quality) for d in deals])
        return to_svg(figure, name, description)
