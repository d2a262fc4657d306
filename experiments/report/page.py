"""The report of a run: a Markdown page with plots, and the same page as one HTML file."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from matplotlib.figure import Figure

from cogenesis_langchain.fusion.heat_map.page import to_html
from cogenesis_langchain.fusion.trace import Trace
from experiments.config import ExperimentConfig, load_config
from experiments.errors import ExperimentError
from experiments.report import plots, tables
from experiments.report.findings import Findings, counted
from experiments.report.html_page import to_page
from experiments.report.measures import BEST_FIXED_WEIGHT, Measured, best_fixed_weight, settings_of
from experiments.report.paper import SOURCE
from experiments.report.statistics import stability_curve
from experiments.results import Results, read_results

CONFIG: Final = "config.toml"
"""The configuration of a run, kept in its folder."""


def write_report(folder: Path) -> None:
    """Write ``report.md`` with its plots, and ``report.html``, from the logs of a run.

    The same logs give the same bytes. The run need not be finished.

    Raises:
        ExperimentError: The folder holds no results.
        ExperimentConfigInvalid: The configuration in the folder was changed.
    """
    config = load_config(folder / CONFIG)
    results = read_results(folder)
    if not results.settings:
        raise ExperimentError(
            f"{folder} holds no results", remedy="give the folder of a run, as `run` makes it"
        )
    write_page(folder, results, config)


def write_page(folder: Path, results: Results, config: ExperimentConfig) -> None:
    """Write the report of results; see `write_report`."""
    report = Report(folder, Findings.of(results, config.prices), show_texts=config.show_texts)
    markdown = "\n\n".join(report.sections()) + "\n"
    (folder / "report.md").write_text(markdown, encoding="utf-8")
    (folder / "report.html").write_text(to_page(markdown, folder), encoding="utf-8")


class Report:
    """Composes the page and writes its plots; ``show_texts`` permits texts, which are private."""

    def __init__(self, folder: Path, findings: Findings, *, show_texts: bool) -> None:
        self._folder = folder
        self._findings = findings
        self._show_texts = show_texts

    def sections(self) -> Iterator[str]:
        """The paragraphs of the page, in order."""
        findings, results = self._findings, self._findings.results
        yield "# What the settings give, and what they cost"
        yield "## Findings"
        yield from self._findings_first()
        yield "## All settings"
        yield from self._all_settings()
        yield "## Table 1: the judge's ratings"
        yield from self._table_1()
        yield "## Table 2: operators"
        yield from self._table_2()
        yield "## Figure 4: a sketch or the full content"
        yield from self._against_the_sketch("full-content", findings.having("full content"))
        yield "## Figure 5: sketches from other models"
        yield from self._against_the_sketch("other-sketches", findings.having("other sketches"))
        yield "## Figure 6: who wrote it"
        yield from self._figure_6()
        yield "## Figure 7: stability"
        yield from self._figure_7()
        yield "## Privacy, quality, latency"
        yield from self._trade_off()
        yield "## What is missing from the means"
        yield (
            "Failed attempts count in the means of traffic and time, but in no mean of texts. "
            "Ratings that remained unreadable count in no mean."
        )
        yield tables.losses(results)
        if any(text.attempt.failure for text in results.texts):
            yield tables.reasons(results)
        yield "## Table 3: the data"
        yield tables.statistics(results.records) if results.records else tables.NOT_RUN
        if self._show_texts:
            yield from self._example()
        yield "## How it was run"
        yield from self._how_it_was_run()

    def _findings_first(self) -> Iterator[str]:
        findings, results = self._findings, self._findings.results
        written = sum(not text.attempt.failure for text in results.texts)
        counts = (
            counted(len(results.settings), "setting"),
            counted(len(results.records), "record"),
            counted(len(results.conditions["seeds"]), "seed"),
            counted(written, "text"),
            counted(len(results.texts) - written, "failed attempt"),
            counted(len(results.likelihoods), "reference") + " read",
            counted(len(results.ratings), "rated text"),
        )
        yield f"{', '.join(counts)}."
        yield from findings.in_words()
        shown = [*findings.core[:2], *findings.likelihoods[:1]]
        yield from self._plotted("findings", findings.settings, shown, findings.baseline)

    def _how_it_was_run(self) -> Iterator[str]:
        results = self._findings.results
        rows = [[name, one["part"], one["shows"]] for name, one in results.settings.items()]
        yield tables.table(["setting", "compared as", "the cloud model is shown"], rows)
        yield tables.table(["use", "model and SHA-256"], results.conditions["models"].items())
        facts = {**results.machine, **results.conditions["records"]}
        yield tables.table(["", "of the run"], facts.items())
        yield (
            f"With the configuration below as {CONFIG}, "
            f"`python -m experiments run {CONFIG} --out results` does it again; "
            "`inspect view --log-dir results/logs` shows every sample."
        )
        yield f"```toml\n{(self._folder / CONFIG).read_text(encoding='utf-8').strip()}\n```"

    def _all_settings(self) -> Iterator[str]:
        findings, baseline = self._findings, self._findings.baseline
        yield tables.legend(baseline)
        yield tables.comparison(findings.settings, findings.quality, baseline)
        yield "What a text took:"
        yield tables.comparison(findings.settings, findings.took, baseline)
        yield "Form:"
        yield tables.comparison(findings.settings, findings.form, baseline)

    def _table_1(self) -> Iterator[str]:
        findings = self._findings
        rated, baseline = findings.ratings, findings.baseline
        if rated:
            yield from self._compared("ratings", findings.settings, rated, baseline)
        else:
            yield "No judge rated the texts of this run."
        if findings.results.order_checks:
            yield (
                "The judge also chose between texts of two settings, shown in both orders. If the "
                "order often decides, its ratings are worth little."
            )
            yield tables.order_check(findings.results)
        yield (
            f"For reference, the paper's own figures ({SOURCE}) The models, the data and the "
            "judge differ, so they do not compare with ours."
        )
        yield tables.published_ratings()

    def _table_2(self) -> Iterator[str]:
        findings = self._findings
        fused = findings.having("fused")
        bounds = settings_of(findings.likelihoods, findings.results.settings)
        if not fused and not bounds:
            yield tables.NOT_RUN
            return
        upper = findings.having("upper")
        measured = [*findings.likelihoods, *findings.core, *findings.took[:1]]
        rows = [*filter(None, [findings.baseline]), *upper, *fused, *bounds]
        yield from self._compared("operators", rows, measured, findings.baseline)
        weight = best_fixed_weight(findings.results)
        if weight is not None:
            yield (
                f"Only the likelihood of {', '.join(bounds)} is known; no text was written. "
                f"“{BEST_FIXED_WEIGHT}” is the weight of the local model that is best on these "
                f"same texts, {weight:.2f}. “oracle” takes the likelier model at each token. Both "
                "are bounds."
            )

    def _against_the_sketch(self, name: str, others: Sequence[str]) -> Iterator[str]:
        sketch = self._findings.sketch
        if not others:
            yield tables.NOT_RUN
            return
        if sketch:
            yield f"Differences in this figure are to “{sketch}”."
        rows = [*filter(None, [sketch]), *others]
        yield from self._compared(name, rows, self._findings.core, sketch)

    def _figure_6(self) -> Iterator[str]:
        traces = self._traces()
        if not traces:
            yield "This run kept no trace of a fused text."
            return
        yield "Means over all tokens, nats over texts; “shown” counts rejected drafts too."
        yield tables.shares(traces)
        yield from self._told(traces)
        if self._show_texts:
            for setting, (trace, *_) in traces.items():
                page = self._folder / "traces" / f"{setting}.html"
                page.parent.mkdir(exist_ok=True)
                page.write_text(to_html(trace), encoding="utf-8")
            yield "Token by token: the heat maps in the folder `traces` beside this page."

    def _told(self, traces: Mapping[str, Sequence[Trace]]) -> Iterator[str]:
        """Plot quality against what texts told, if several settings measured it."""
        (quality,) = self._findings.named("required facts") or (None,)
        told = {setting: tables.nats_told(several) for setting, several in traces.items()}
        known = {setting: nats for setting, nats in told.items() if nats is not None}
        if quality is None or len(known) < 2:
            return
        description = (
            f"{quality.title} against the nats that a text tells of the private context, with 95 % "
            "intervals; the dashed line is the local model alone, which tells nothing."
        )
        figure = plots.told(known, quality, self._findings.baseline)
        yield self._picture("told", figure, description)

    def _traces(self) -> Mapping[str, Sequence[Trace]]:
        """The traces of each fused setting."""
        found: defaultdict[str, list[Trace]] = defaultdict(list)
        for text in self._findings.results.texts:
            if text.attempt.trace:
                trace = Trace.from_json(json.dumps(text.attempt.trace).encode())
                found[text.setting].append(trace)
        return {one: found[one] for one in self._findings.settings if one in found}

    def _figure_7(self) -> Iterator[str]:
        findings = self._findings
        measured = next(iter(findings.ratings or findings.core), None)
        values = {} if measured is None else {s: measured.of(s) for s in findings.settings}
        curves = {s: stability_curve(v.tolist()) for s, v in values.items() if len(v) > 1}
        if measured is None or not curves:
            yield tables.NOT_RUN
            return
        description = (
            f"{measured.title} over the first 1, 2, ... records: the mean, and the length of its "
            "95 % interval, which halves with four times the records."
        )
        yield self._picture("stability", plots.stability(measured.title, curves), description)

    def _trade_off(self) -> Iterator[str]:
        wanted = ("required facts", "bytes sent", "seconds", "private strings on the wire")
        measured = self._findings.named(*wanted)
        settings = [s for s in self._findings.settings if all(len(one.of(s)) for one in measured)]
        if len(measured) < len(wanted) or not settings:
            yield tables.NOT_RUN
            return
        description = (
            f"{measured[0].title} against the bytes that a text sent to the cloud. Orange "
            "triangles: private strings were on the wire; blue dots: none was."
        )
        yield self._picture("trade-off", plots.trade_off(settings, *measured), description)

    def _example(self) -> Iterator[str]:
        """What each setting wrote for the first record with a text."""
        texts = self._findings.results.texts
        first = next((text.record for text in texts if text.attempt.text), None)
        if first is None:
            return
        yield f"## One record, all settings\n\nRecord {first.id}."
        yield tables.quoted("what the cloud model may see", first.instruction.general)
        yield tables.quoted("the text that the person would have written", first.reference)
        own = {t.setting: t.attempt for t in reversed(texts) if t.record.id == first.id}
        for setting in self._findings.settings:
            if setting in own:
                attempt = own[setting]
                yield tables.quoted(setting, attempt.text or f"no text: {attempt.failure}")

    def _compared(
        self,
        name: str,
        settings: Sequence[str],
        measured: Sequence[Measured],
        baseline: str,
    ) -> Iterator[str]:
        """A table, and a plot of the first four measures if two settings can be compared."""
        yield tables.comparison(settings, measured, baseline)
        yield from self._plotted(name, settings, measured, baseline)

    def _plotted(
        self, name: str, settings: Sequence[str], measured: Sequence[Measured], baseline: str
    ) -> Iterator[str]:
        shown = [one for one in measured if any(len(one.of(s)) for s in settings)][:4]
        rows = [s for s in settings if any(len(one.of(s)) for one in shown)]
        if len(rows) > 1:
            description = (
                f"{', '.join(one.title for one in shown)}: dots are means, lines their 95 % "
                "intervals, full dots differ from the baseline, which is dashed."
            )
            yield self._picture(name, plots.means(rows, shown, baseline), description)

    def _picture(self, name: str, figure: Figure, description: str) -> str:
        plots.save(figure, self._folder / "figures" / f"{name}.svg")
        return f"![{description}](figures/{name}.svg)\n\n{description}"
