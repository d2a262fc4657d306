"""The paper's tables and figures, and the plot of what quality costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from cogenesis_langchain.evaluation.bootstrap import stability_curve
from cogenesis_langchain.evaluation.likelihood import BEST_FIXED_WEIGHT, ORACLE, best_fixed_weight
from cogenesis_langchain.evaluation.metrics.facts import REQUIRED_FACTS
from cogenesis_langchain.evaluation.metrics.traffic import BYTES_SENT, PRIVATE_STRINGS, SECONDS
from cogenesis_langchain.evaluation.report.document import (
    Block,
    Page,
    Paragraph,
    Picture,
    Section,
    differs,
    number,
)
from cogenesis_langchain.evaluation.report.drawing import PALETTE
from cogenesis_langchain.evaluation.report.findings import Findings
from cogenesis_langchain.evaluation.report.measures import Measured
from cogenesis_langchain.evaluation.report.paper import SOURCE
from cogenesis_langchain.evaluation.report.plots import (
    Deal,
    Dot,
    Panel,
    dot_plot,
    stability_plot,
    trade_off_plot,
)
from cogenesis_langchain.evaluation.report.tables import (
    comparison,
    preferences,
    published_ratings,
    shares,
)
from cogenesis_langchain.fusion.heat_map_page import to_html
from cogenesis_langchain.fusion.trace import Trace

_NOT_RUN: Final = Paragraph("No setting of this run has anything to show here.")
_ORDER: Final = (
    "The judge also chose between texts of two settings, shown in both orders. Where the order "
    "decides often, its ratings are worth little."
)
_PANELS: Final = 4


def dots(
    name: str, settings: Sequence[str], measured: Sequence[Measured], baseline: str
) -> Iterator[Block]:
    """Plot some measures, if two settings can be compared.

    Args:
        name: Of the plot, unique in a report.
        settings: The rows; those without a value are left out.
        measured: The panels; the first four that have values are shown.
        baseline: The setting that the others are compared with.
    """
    shown = [one for one in measured if any(setting in one.values for setting in settings)]
    rows = [setting for setting in settings if any(setting in one.values for one in shown)]
    if len(rows) < 2:
        return
    panels = [_panel(one, rows, baseline) for one in shown[:_PANELS]]
    description = (
        f"{', '.join(panel.title for panel in panels)} of {', '.join(rows)}: dots are means, "
        "lines their 95 % intervals, full dots differ from the baseline, which is dashed. "
        "The values are in the table."
    )
    yield Picture(name, dot_plot(name, description, rows, panels), description)


def _panel(measured: Measured, settings: Sequence[str], baseline: str) -> Panel:
    reference = measured.estimate(baseline)
    return Panel(
        measured.title,
        [_dot(measured, setting, baseline) for setting in settings],
        None if reference is None else reference.mean,
    )


def _dot(measured: Measured, setting: str, baseline: str) -> Dot | None:
    estimate = measured.estimate(setting)
    if estimate is None:
        return None
    difference = measured.difference(setting, baseline)
    return Dot(estimate, difference is not None and differs(difference))


def table_1(findings: Findings) -> Section:
    """The judge's ratings, and the paper's beside them."""
    results, baseline = findings.results, findings.roles.baseline
    blocks: list[Block] = []
    if findings.ratings:
        blocks.append(comparison(results.settings, findings.ratings, baseline))
        blocks += dots("ratings", results.settings, findings.ratings, baseline)
    else:
        blocks.append(Paragraph("No judge rated the texts of this run."))
    if results.verdicts:
        blocks += [Paragraph(_ORDER), preferences(results)]
    blocks += [
        Paragraph(
            f"For reference, the paper's own figures ({SOURCE}) Other models, data and judge: "
            "they compare with each other, not with ours."
        ),
        published_ratings(),
    ]
    return Section("Table 1: the judge's ratings", blocks)


def table_2(findings: Findings) -> Section:
    """The operators of fused decoding, and the bounds of any."""
    roles = findings.roles
    only_read = dict.fromkeys(
        setting
        for one in findings.likelihoods
        for setting in one.values
        if setting not in findings.results.settings
    )
    rows = [name for name in (roles.baseline, roles.upper, *roles.fused, *only_read) if name]
    measured = [*findings.likelihoods, *findings.core, *findings.took[:1]]
    blocks = _compared("operators", rows, roles.fused, measured, roles.baseline)
    weight = best_fixed_weight(findings.results.likelihoods)
    if blocks and weight is not None:
        blocks.append(
            Paragraph(
                f"Of {', '.join(only_read)} only the likelihood is known. “{BEST_FIXED_WEIGHT}” is "
                f"that weight of the local model which is best on these very texts, {weight:.2f}, "
                f"“{ORACLE}” takes at each token the model that finds it likelier: bounds, not "
                "ways to write."
            )
        )
    return Section("Table 2: operators", blocks or [_NOT_RUN])


def figure_4(findings: Findings) -> Section:
    """A sketch against a whole text from the cloud model."""
    content = findings.roles.full_content
    return Section(
        "Figure 4: a sketch or the full content",
        _against_the_sketch("sketch-or-content", findings, content) or [_NOT_RUN],
    )


def figure_5(findings: Findings) -> Section:
    """Sketches from other models."""
    others = findings.roles.other_sketches
    return Section(
        "Figure 5: sketches from other models",
        _against_the_sketch("other-sketches", findings, others) or [_NOT_RUN],
    )


def _against_the_sketch(name: str, findings: Findings, others: Sequence[str]) -> list[Block]:
    sketch = findings.roles.sketch
    rows = [sketch, *others] if sketch else others
    blocks = _compared(name, rows, others, findings.core, sketch)
    note = Paragraph(f"Differences in this figure are to “{sketch}”.")
    return [note, *blocks] if blocks and sketch else blocks


def _compared(
    name: str,
    settings: Sequence[str],
    needed: Sequence[str],
    measured: Sequence[Measured],
    baseline: str,
) -> list[Block]:
    """A table and a plot; nothing where none of the needed settings has a value."""
    if not any(setting in one.values for one in measured for setting in needed):
        return []
    table = comparison(settings, measured, baseline)
    return [table, *dots(name, settings, measured, baseline)]


def figure_6(traces: Mapping[str, Trace], *, show_texts: bool) -> Section:
    """Which model wrote which token of the fused texts.

    Args:
        traces: Settings to the trace of one of their texts.
        show_texts: Whether the texts themselves may be shown, coloured.
    """
    title = "Figure 6: who wrote it"
    if not traces:
        return Section(title, [Paragraph("This run kept no trace of a fused text.")])
    blocks: list[Block] = [
        Paragraph("One text of each fused setting; means over its tokens."),
        shares(traces),
    ]
    if show_texts:
        blocks += [
            Page(f"{setting}, token by token", to_html(trace)) for setting, trace in traces.items()
        ]
    return Section(title, blocks)


def figure_7(findings: Findings) -> Section:
    """How the means settle with the number of records."""
    title = "Figure 7: stability"
    measured = next((one for one in findings.ratings or findings.core if one.values), None)
    if measured is None:
        return Section(title, [Paragraph("Nothing has been measured yet.")])
    roles = findings.roles
    first = (roles.baseline, roles.upper, roles.sketch, *roles.fused)
    ordered = dict.fromkeys((*first, *findings.results.settings))
    shown = [s for s in ordered if len(measured.values.get(s, ())) > 1][: len(PALETTE)]
    if not shown:
        return Section(title, [Paragraph("One record has nothing to settle.")])
    curves = {s: stability_curve(list(measured.values[s].values())) for s in shown}
    description = (
        f"{measured.title} over the first 1, 2, ... records for {', '.join(shown)}: the mean, and "
        "the length of its 95 % interval, which halves with four times the records."
    )
    drawing = stability_plot("stability", description, measured.title, curves)
    return Section(title, [Picture("stability", drawing, description), Paragraph(description)])


def trade_off(findings: Findings) -> Section:
    """Privacy, quality and latency at a glance."""
    title = "Privacy, quality, latency"
    quality, sent, seconds, leaked = (
        findings.texts.get(metric.name)
        for metric in (REQUIRED_FACTS, BYTES_SENT, SECONDS, PRIVATE_STRINGS)
    )
    if quality is None or sent is None or seconds is None or leaked is None:
        return Section(title, [Paragraph("The metrics that this plot needs were not measured.")])
    deals = []
    for setting in findings.results.settings:
        means = [one.estimate(setting) for one in (sent, quality, seconds, leaked)]
        known = [one.mean for one in means if one is not None]
        if len(known) == len(means):
            deals.append(Deal(setting, *known))
    if not deals:
        return Section(title, [Paragraph("No setting wrote a text.")])
    leaking = [f"{deal.setting} ({number(deal.leaked)} a text)" for deal in deals if deal.leaked]
    description = (
        f"{quality.title} against the bytes that a text sent to the cloud. The larger the mark, "
        "the longer it took. Orange triangles: private strings were on the wire"
        f" ({', '.join(leaking) if leaking else 'none here'}); blue dots: none was."
    )
    drawing = trade_off_plot("trade-off", description, quality.title, deals)
    return Section(title, [Picture("trade-off", drawing, description), Paragraph(description)])
