"""The tables of a report, as Markdown."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import fmean
from typing import Final

import pandas as pd
from scipy.stats import binomtest

from cogenesis_langchain.datasets.record import Record
from cogenesis_langchain.fusion.trace import BUDGET_REACHED, Trace
from experiments.report.measures import Measured
from experiments.report.paper import TABLE_1
from experiments.report.statistics import FEWEST, Estimate
from experiments.results import Results

NOT_RUN: Final = "No setting of this run has anything to show here."
NOTHING: Final = "–"
"""Cell without a value."""


_MEANS: Final[Mapping[str, Callable[[Record], int]]] = {
    "general instruction (words)": lambda r: len(r.instruction.general.split()),
    "personal instruction (words)": lambda r: len(r.instruction.personal.split()),
    "context (words)": lambda r: len(r.context.split()),
    "reference (words)": lambda r: len(r.reference.split()),
    "earlier writings": lambda r: len(r.earlier_writings),
    "activity log entries": lambda r: len(r.activity_log),
    "required facts": lambda r: len(r.required_facts),
    "private strings": lambda r: len(r.private_strings),
}


def comparison(settings: Sequence[str], measured: Sequence[Measured], baseline: str) -> str:
    """Show measures side by side, one row for each setting; empty rows and columns are left out.

    Means over different numbers of records compare only by their paired differences, so the number
    of records is shown too.
    """
    columns = [one for one in measured if any(not one.of(setting).empty for setting in settings)]
    rows = []
    for setting in settings:
        counts = sorted({len(found) for one in columns if not (found := one.of(setting)).empty})
        if counts:
            means = [mean_cell(one, setting, baseline) for one in columns]
            rows.append(
                [setting, " to ".join(map(str, dict.fromkeys((counts[0], counts[-1])))), *means]
            )
    return table(["setting", "records", *(one.title for one in columns)], rows)


def mean_cell(measured: Measured, setting: str, baseline: str) -> str:
    """A mean, its interval, and the difference to the baseline if its interval excludes 0."""
    estimate = measured.estimate(setting)
    if estimate is None:
        return NOTHING
    difference = measured.difference(setting, baseline)
    shown = (number(estimate.mean), _interval(estimate), _difference(difference, measured))
    return " ".join(filter(None, shown))


def number(value: float) -> str:
    """Format a finite number: an integer as it is, small numbers with two digits, others three."""
    size = abs(value)
    if value == int(value) or size >= 100:
        text = f"{size:,.0f}"
    elif size < 0.1:
        text = f"{size:.2g}"
    else:
        text = f"{size:.2f}" if size < 10 else f"{size:.1f}"
    return f"−{text}" if value < 0 else text


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table with columns of numbers flush right; `NOT_RUN` without rows."""
    rows = list(rows)
    if not rows:
        return NOT_RUN
    frame = pd.DataFrame([[str(cell) for cell in row] for row in rows], columns=list(columns))
    numeric = frame.apply(lambda column: column.str.match(r"[−–]?\d|–$").all())
    align = ["right" if numeric[name] else "left" for name in frame.columns]
    text = frame.to_markdown(index=False, disable_numparse=True, colalign=align)
    return str(text)


def share(values: Sequence[bool]) -> str:
    """A share with its 95 % interval (Wilson); `NOTHING` without values."""
    if not values:
        return NOTHING
    interval = binomtest(sum(values), len(values)).proportion_ci(method="wilson")
    mean = sum(values) / len(values)
    return f"{mean:.0%} ({interval.low:.0%} to {interval.high:.0%})"


def _interval(estimate: Estimate) -> str:
    if estimate.low == estimate.high:
        return ""
    return f"({number(estimate.low)} to {number(estimate.high)})"


def _difference(difference: Estimate | None, measured: Measured) -> str:
    if difference is None or not difference.differs:
        return ""
    mark = "Δ"
    if measured.higher_is_better is not None:
        mark = "▲" if (difference.mean > 0) == measured.higher_is_better else "▼"
    return f"{mark} {'+' if difference.mean > 0 else '−'}{number(abs(difference.mean))}"


def published_ratings() -> str:
    """The paper's own Table 1, as far as it was published."""
    rows = []
    for row in TABLE_1:
        ratings = (row.with_context, row.personalisation, row.without_context)
        shown = (NOTHING if value is None else f"{value:.2f}" for value in ratings)
        rows.append([row.models, row.counterpart, *shown])
    aspects = ["overall with context", "personalisation", "overall without context"]
    return table(["the paper's models", "nearest to our", *aspects], rows)


def order_check(results: Results) -> str:
    """How often the judge decided in the same way in both orders."""
    counts: Counter[str] = Counter(
        next(iter(sample.scores.values())).answer or ""
        for sample in results.order_checks
        if sample.scores
    )
    outcomes = ["won", "lost", "contradicted", "unread"]
    pairs = counts.total() - counts["unread"]
    columns = ["won in both orders", "lost in both", "decided by the order", "unreadable"]
    return table(
        ["setting", "against", "pairs", *columns],
        [[*results.compared, pairs, *(counts[outcome] for outcome in outcomes)]],
    )


def losses(results: Results) -> str:
    """Count what is missing from the means: failed texts and unreadable ratings."""
    rows = []
    for setting in results.settings:
        attempts = [text.attempt for text in results.texts if text.setting == setting]
        ratings = [
            rating
            for sample in results.ratings
            if sample.metadata["setting"] == setting
            for score in (sample.scores or {}).values()
            for rating in (score.metadata or {})["ratings"]
        ]
        counts = (
            len(attempts),
            sum(bool(attempt.failure) for attempt in attempts),
            len(ratings),
            sum(rating["value"] is None for rating in ratings),
            sum(rating["asked"] - 1 for rating in ratings),
        )
        rows.append([setting, *counts])
    return table(
        ["setting", "attempts", "failed", "ratings", "unreadable", "judge asked again"], rows
    )


def reasons(results: Results) -> str:
    """Count the reasons for failures, the most frequent first."""
    found = Counter((t.setting, t.attempt.failure) for t in results.texts if t.attempt.failure)
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    rows = [[setting, why, times] for (setting, why), times in ordered]
    return table(["setting", "why there is no text", "times"], rows)


def statistics(records: Sequence[Record]) -> str:
    """The paper's Table 3 for our data."""
    rows = [[name, number(value)] for name, value in summarise(records).items()]
    return table(["means per record", "value"], rows)


def summarise(records: Sequence[Record]) -> dict[str, float]:
    """Count the records and user groups of a set, and average the sizes of its parts."""
    groups = {record.user_group for record in records}
    totals = {"records": len(records), "user groups": len(groups)}
    return totals | {name: fmean(map(count, records)) for name, count in _MEANS.items()}


def shares(traces: Mapping[str, Sequence[Trace]]) -> str:
    """How much of fused texts each model wrote, and what the cloud model was shown of them.

    Means over tokens, and over texts for the nats. Each trace has at least one token.
    """
    rows = []
    for setting, several in traces.items():
        tokens = [token for trace in several for token in trace.tokens]
        reports = [trace.report for trace in several]
        sources = Counter(token.source for token in tokens)
        told = nats_told(several)
        figures = (
            len(tokens),
            fmean(token.weight for token in tokens),
            100.0 * fmean(token.share for token in tokens),
            100.0 * sources["corrected"] / len(tokens),
            100.0 * sources["local"] / len(tokens),
            sum(report.requests for report in reports) / len(tokens),
            sum(report.tokens_shown for report in reports) / len(tokens),
        )
        row = [
            setting,
            len(several),
            *map(number, figures),
            NOTHING if told is None else number(told),
        ]
        rows.append([*row, sum(report.fallback == BUDGET_REACHED for report in reports)])
    columns = ["local weight w", "local share (%)", "corrected (%)", "local alone (%)"]
    columns += ["requests a token", "shown a token", "nats told", "budget reached"]
    return table(["setting", "texts", "tokens", *columns], rows)


def nats_told(traces: Sequence[Trace]) -> float | None:
    """The mean of what texts tell of the private context, in nats; None if it was not measured."""
    told = [trace.report.nats_told for trace in traces]
    known = [nats for nats in told if nats is not None]
    return fmean(known) if known else None


def legend(baseline: str) -> str:
    """Say how to read the tables of comparisons."""
    means = (
        "Means per record, with their bootstrap 95 % interval. No interval is shown if all values "
        "are the same or there is only one record."
    )
    if not baseline:
        return f"{means} No setting is the local model alone, so there are no differences."
    return (
        f"{means} The difference to “{baseline}”, paired by record, follows if its interval "
        f"excludes 0: ▲ better, ▼ worse, Δ neither. With fewer than {FEWEST} records nothing is "
        "marked. Of so many comparisons, one in twenty is marked by chance alone."
    )


def quoted(title: str, text: str) -> str:
    """Show a text as it is, under a title."""
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", text)), 3)
    return f"**{title}**\n\n{fence}text\n{text}\n{fence}"
