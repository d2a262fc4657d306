"""The plots of a report: means, stability, and quality against traffic and what texts tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path
from textwrap import fill
from typing import Final

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from experiments.report.measures import Measured
from experiments.report.statistics import Estimate

_BLUE: Final = "tab:blue"
_ORANGE: Final = "tab:orange"
_STYLES: Final = ("-", "--", "-.", ":")
"""Line styles tell curves apart where colours do not."""


def save(figure: Figure, path: Path) -> None:
    """Write a figure as an SVG file; the same data gives the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context({"svg.hashsalt": path.stem, "svg.fonttype": "none"}):
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})


def means(settings: Sequence[str], measured: Sequence[Measured], baseline: str) -> Figure:
    """Plot the means of settings with their intervals, one panel for each measure.

    Filled dots differ from the baseline, which is dashed.
    """
    figure = Figure(figsize=(10, 1.2 + 0.3 * len(settings)), layout="constrained")
    panels = figure.subplots(1, len(measured), sharey=True, squeeze=False)[0]
    for axes, one in zip(panels, measured, strict=True):
        axes.set_title(fill(one.title, 20), fontsize="medium")
        axes.locator_params(axis="x", nbins=4)
        if (reference := one.estimate(baseline)) is not None:
            axes.axvline(reference.mean, color="grey", linestyle="--", linewidth=0.8)
        for row, setting in enumerate(settings):
            estimate, difference = one.estimate(setting), one.difference(setting, baseline)
            if estimate is None:
                continue
            full = difference is not None and difference.differs
            axes.hlines(row, estimate.low, estimate.high, color=_BLUE)
            axes.plot(estimate.mean, row, "o", color=_BLUE, fillstyle="full" if full else "none")
    panels[0].set_yticks(range(len(settings)), settings)
    panels[0].set_ylim(len(settings) - 0.5, -0.5)
    return figure


def stability(title: str, curves: Mapping[str, Sequence[Estimate]]) -> Figure:
    """Plot how the mean of a measure converges as records are added (the paper's Figure 7).

    Args:
        title: Of the measure.
        curves: Settings to their estimates from 1, 2, ... records.
    """
    figure = Figure(figsize=(10, 4), layout="constrained")
    mean, length = figure.subplots(1, 2)
    mean.set_title(f"mean: {title}")
    length.set_title("length of its 95 % interval")
    for (setting, curve), style in zip(curves.items(), cycle(_STYLES), strict=False):
        counts = [point.count for point in curve]
        mean.plot(counts, [point.mean for point in curve], style, label=setting)
        length.plot(counts[1:], [point.high - point.low for point in curve[1:]], style)
    for axes in (mean, length):
        axes.set_xlabel("records")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    length.set_ylim(bottom=0)
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def trade_off(
    settings: Sequence[str], quality: Measured, sent: Measured, seconds: Measured, leaked: Measured
) -> Figure:
    """Plot quality against bytes sent, for settings that have all four measures.

    Orange triangles: private strings were on the wire; blue dots: none was.
    """
    figure = Figure(figsize=(10, 5), layout="constrained")
    axes = figure.subplots()
    axes.set_xscale("symlog", linthresh=1000)
    axes.set_xlabel("bytes sent to the cloud for a text")
    axes.set_ylabel(quality.title)
    places: defaultdict[tuple[float, float], list[int]] = defaultdict(list)
    for place, setting in enumerate(settings, start=1):
        x, y, took, private = (one.of(setting).mean() for one in (sent, quality, seconds, leaked))
        axes.plot(
            x,
            y,
            "^" if private else "o",
            color=_ORANGE if private else _BLUE,
            label=f"{place}: {setting}, {took:.0f} s",
        )
        places[x, y].append(place)
    _number(axes, places)
    figure.legend(loc="outside right upper")
    return figure


def told(nats: Mapping[str, float], quality: Measured, baseline: str) -> Figure:
    """Plot quality with its intervals against what texts tell of the private context.

    Args:
        nats: Settings to their mean nats a text.
        quality: The quality.
        baseline: A setting that tells nothing: a dashed line.
    """
    figure = Figure(figsize=(10, 5), layout="constrained")
    axes = figure.subplots()
    axes.set_xscale("symlog", linthresh=1)
    axes.set_xlabel("nats told of the private context, a text")
    axes.set_ylabel(quality.title)
    if (reference := quality.estimate(baseline)) is not None:
        axes.axhline(reference.mean, color="grey", linestyle="--", linewidth=0.8)
    places: defaultdict[tuple[float, float], list[int]] = defaultdict(list)
    for place, (setting, x) in enumerate(nats.items(), start=1):
        estimate = quality.estimate(setting)
        if estimate is None:
            continue
        axes.vlines(x, estimate.low, estimate.high, color=_BLUE)
        axes.plot(x, estimate.mean, "o", color=_BLUE, label=f"{place}: {setting}")
        places[x, estimate.mean].append(place)
    _number(axes, places)
    axes.set_xlim(left=0)
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def _number(axes: Axes, places: Mapping[tuple[float, float], Sequence[int]]) -> None:
    """Write the numbers of settings beside their points; equal points have one label."""
    for point, numbers in places.items():
        label = ", ".join(map(str, numbers))
        axes.annotate(label, point, xytext=(5, 3), textcoords="offset points")
