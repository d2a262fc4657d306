"""The tables of a report: from measured values to rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from statistics import fmean
from typing import Final

from experiments.records.record import Record
from experiments.records.summary import summarise
from cogenesis_langchain.evaluation.environment import Environment
from cogenesis_langchain.evaluation.order_check import check_order
from cogenesis_langchain.evaluation.report.document import Cell, Grid, mean_cell, number
from cogenesis_langchain.evaluation.report.measures import Measured, Results
from cogenesis_langchain.evaluation.report.paper import TABLE_1
from cogenesis_langchain.fusion.trace import Trace

NOTHING: Final = Cell("–")
"""Where there is no value."""


def comparison(settings: Sequence[str], measured: Sequence[Measured], baseline: str) -> Grid:
    """Set measures side by side, one row a setting.

    Means over different numbers of records compare only by their paired differences, so the number
    stands beside them; two of them where the columns differ.

    Args:
        settings: The rows.
        measured: The columns; those without any value are left out.
        baseline: The setting that the others are compared with.
    """
    columns = [one for one in measured if any(setting in one.values for setting in settings)]
    rows = []
    for setting in settings:
        counts = [len(one.values[setting]) for one in columns if setting in one.values]
        if counts:
            means = (_mean(one, setting, baseline) for one in columns)
            few, many = number(min(counts)), number(max(counts))
            rows.append([Cell(setting), Cell(few if few == many else f"{few} to {many}"), *means])
    return Grid(["setting", "records", *(one.title for one in columns)], rows)


def _mean(measured: Measured, setting: str, baseline: str) -> Cell:
    estimate = measured.estimate(setting)
    if estimate is None:
        return NOTHING
    difference = measured.difference(setting, baseline)
    return mean_cell(estimate, difference, measured.higher_is_better)


def published_ratings() -> Grid:
    """The paper's own Table 1, as far as it could be read."""
    values = (
        (row.models, row.counterpart, row.with_context, row.personalisation, row.without_context)
        for row in TABLE_1
    )
    rows = [
        [
            Cell(models),
            Cell(ours),
            *(NOTHING if value is None else Cell(f"{value:.2f}") for value in ratings),
        ]
        for models, ours, *ratings in values
    ]
    aspects = ["overall with context", "personalisation", "overall without context"]
    return Grid(["the paper's models", "nearest to our", *aspects], rows)


def preferences(results: Results) -> Grid:
    """Which of two texts the judge prefers, and whether that depends on their order."""
    compared = {frozenset((verdict.first, verdict.second)) for verdict in results.verdicts}
    rows = []
    for one, other in combinations(results.settings, 2):
        if {one, other} not in compared:
            continue
        check = check_order(results.verdicts, one, other)
        counts = (check.pairs, check.won, check.lost, check.contradicted, check.unread)
        rows.append([Cell(one), Cell(other), *(Cell(number(count)) for count in counts)])
    counted = ["won in both orders", "lost in both", "decided by the order", "unreadable"]
    return Grid(["setting", "against", "pairs", *counted], rows)


def losses(results: Results) -> Grid:
    """Count what is missing from the means: texts that failed and ratings that were not read."""
    rows = []
    for setting in results.settings:
        attempts = [a for a in results.attempts if a.setting == setting]
        ratings = [r for r in results.ratings if r.setting == setting]
        counts = (
            len(attempts),
            sum(bool(attempt.failure) for attempt in attempts),
            len(ratings),
            sum(rating.value is None for rating in ratings),
            sum(max(rating.asked - 1, 0) for rating in ratings),
        )
        rows.append([Cell(setting), *(Cell(number(count)) for count in counts)])
    return Grid(
        ["setting", "attempts", "failed", "ratings", "unreadable", "judge asked again"], rows
    )


def reasons(results: Results) -> Grid:
    """Count the reasons of failures, the most frequent first."""
    found = Counter((a.setting, a.failure) for a in results.attempts if a.failure)
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    rows = [[Cell(setting), Cell(why), Cell(number(times))] for (setting, why), times in ordered]
    return Grid(["setting", "why there is no text", "times"], rows)


def statistics(records: Sequence[Record]) -> Grid:
    """The paper's Table 3 for our data."""
    rows = [[Cell(name), Cell(number(value))] for name, value in summarise(records).items()]
    return Grid(["means per record", "value"], rows)


def shares(traces: Mapping[str, Trace]) -> Grid:
    """How much of fused texts each model wrote.

    Args:
        traces: Settings to the trace of a text of at least one token.
    """
    rows = []
    for setting, trace in traces.items():
        sources = Counter(token.source for token in trace.tokens)
        count = len(trace.tokens)
        figures = (
            count,
            fmean(token.weight for token in trace.tokens),
            100.0 * fmean(token.share for token in trace.tokens),
            100.0 * sources["corrected"] / count,
            100.0 * sources["local"] / count,
            trace.report.requests / count,
        )
        rows.append([Cell(setting), *(Cell(number(figure)) for figure in figures)])
    columns = ["local weight w", "local share (%)", "corrected (%)", "local alone (%)"]
    return Grid(["setting", "tokens", *columns, "requests a token"], rows)


def settings_in_use(environment: Environment) -> Grid:
    """The settings, what each is compared as, and what the cloud model is shown of a record."""
    rows = [[Cell(s.name), Cell(s.role), Cell(s.shows)] for s in environment.settings]
    return Grid(["setting", "compared as", "the cloud model is shown"], rows)


def models_in_use(environment: Environment) -> Grid:
    """The models by use, with the hash of the file where there is one."""
    rows = [
        [Cell(use), Cell(model.name), Cell(model.sha256 or "elsewhere")]
        for use, model in environment.models.items()
    ]
    return Grid(["use", "model", "SHA-256"], rows)


def machine(environment: Environment) -> Grid:
    """Machine, versions and data files."""
    packages = ", ".join(f"{name} {number}" for name, number in environment.packages.items())
    facts = {
        "machine": f"{environment.system}, {environment.cpu_count} cores",
        "versions": f"cogenesis-langchain {environment.project}, Python {environment.python}, "
        f"{packages}",
        "seeds": ", ".join(map(str, environment.seeds)),
        **{f"SHA-256 of {path}": digest for path, digest in environment.records.items()},
    }
    return Grid(["", "of the run"], [[Cell(name), Cell(fact)] for name, fact in facts.items()])
