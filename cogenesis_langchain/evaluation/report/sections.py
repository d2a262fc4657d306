"""What a report says around its comparisons: the run, the headline, what is missing, the data."""

from __future__ import annotations

from collections.abc import Iterator

from cogenesis_langchain.evaluation.bootstrap import Estimate
from cogenesis_langchain.evaluation.environment import Environment
from cogenesis_langchain.evaluation.metrics.traffic import PRIVATE_STRINGS
from cogenesis_langchain.evaluation.report.comparisons import dots
from cogenesis_langchain.evaluation.report.document import (
    FEWEST,
    Block,
    Code,
    Paragraph,
    Section,
    Texts,
    differs,
)
from cogenesis_langchain.evaluation.report.findings import Findings
from cogenesis_langchain.evaluation.report.measures import GAP, Measured
from cogenesis_langchain.evaluation.report.tables import (
    comparison,
    losses,
    machine,
    models_in_use,
    reasons,
    settings_in_use,
    statistics,
)


def what_was_run(findings: Findings, config: str, environment: Environment) -> Section:
    """Settings, records, models and machine."""
    results = findings.results
    written = sum(not attempt.failure for attempt in results.attempts)
    counts = (
        _counted(len(results.settings), "setting"),
        _counted(len(results.records), "record"),
        _counted(len(environment.seeds), "seed"),
        _counted(written, "text"),
        _counted(len(results.attempts) - written, "failed attempt"),
        _counted(len(results.likelihoods), "likelihood"),
        _counted(len(results.ratings), "rating"),
    )
    return Section(
        "What was run",
        [
            Paragraph(f"{', '.join(counts)}."),
            settings_in_use(environment),
            models_in_use(environment),
            machine(environment),
            Paragraph("With the configuration below as run.toml, this command does it again:"),
            Code("cogenesis evaluate run.toml --out results", "sh"),
            Code(config.strip(), "toml"),
        ],
    )


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def headline(findings: Findings) -> Section:
    """All settings on all objective measures, and in words what that shows."""
    settings, baseline = findings.results.settings, findings.roles.baseline
    if not any(one.values for one in (*findings.texts.values(), *findings.likelihoods)):
        return Section("Headline", [Paragraph("Nothing has been measured yet.")])
    blocks: list[Block] = [Paragraph(_legend(baseline))]
    blocks += [Paragraph(line) for line in _in_words(findings)]
    blocks.append(comparison(settings, findings.quality, baseline))
    shown = [*findings.core[:2], *findings.likelihoods[:1]]
    blocks += dots("headline", settings, shown, baseline)
    blocks += [Paragraph("What a text took:"), comparison(settings, findings.took, baseline)]
    if any(one.values for one in findings.form):
        blocks += [Paragraph("Form:"), comparison(settings, findings.form, baseline)]
    return Section("Headline", blocks)


def _legend(baseline: str) -> str:
    means = (
        "Means per record, with their bootstrap 95 % interval; none is shown where all values are "
        "the same or there is one record only."
    )
    if not baseline:
        return f"{means} No setting is the local model alone, so there are no differences."
    return (
        f"{means} Under it stands the difference to “{baseline}”, paired by record, where its "
        f"interval excludes 0: ▲ better, ▼ worse, Δ neither. Below {FEWEST} records nothing is "
        "marked. With this many comparisons, one in twenty would be marked by chance alone."
    )


def _in_words(findings: Findings) -> Iterator[str]:
    """What the settings that the paper is about gain and lose against the baseline."""
    baseline = findings.roles.baseline
    if not baseline:
        return
    judged = (*findings.quality, *findings.ratings)
    measured = [one for one in judged if one.name not in {PRIVATE_STRINGS.name, GAP}]
    for setting in filter(None, (findings.roles.sketch, *findings.roles.fused)):
        own = [attempt for attempt in findings.results.attempts if attempt.setting == setting]
        if not own:
            continue
        leaked = sum(attempt.traffic.private_strings for attempt in own)
        parts = [f"{leaked:,} private strings on the wire in {_counted(len(own), 'attempt')}"]
        found: dict[str, list[str]] = {"better": [], "worse": [], "no difference shown": []}
        for one in measured:
            difference = one.difference(setting, baseline)
            if difference is not None:
                found[_outcome(difference, one)].append(one.name)
        parts += [f"{how}: {', '.join(names)}" for how, names in found.items() if names]
        yield f"{setting}, against {baseline} — {'; '.join(parts)}."


def _outcome(difference: Estimate, measured: Measured) -> str:
    if not differs(difference):
        return "no difference shown"
    return "better" if (difference.mean > 0) == measured.higher_is_better else "worse"


def missing(findings: Findings) -> Section:
    """What failed or could not be read."""
    results = findings.results
    blocks: list[Block] = [
        Paragraph(
            "Failed attempts have no text and count in no mean of texts, but in those of traffic "
            "and time. Ratings that could not be read after every retry count in no mean."
        ),
        losses(results),
    ]
    if any(attempt.failure for attempt in results.attempts):
        blocks.append(reasons(results))
    return Section("What is missing from the means", blocks)


def table_3(findings: Findings) -> Section:
    """The data."""
    return Section("Table 3: the data", [statistics(findings.results.records)])


def example(findings: Findings) -> Section:
    """What each setting wrote for the first record that has a text."""
    results = findings.results
    title = "One record, all settings"
    chosen = next((attempt.record for attempt in results.attempts if attempt.text), None)
    record = next((record for record in results.records if record.id == chosen), None)
    if record is None:
        return Section(title, [Paragraph("No setting wrote a text.")])
    pairs = [("what the cloud model may see", record.instruction.general)]
    pairs.append(("the text that the person would have written", record.reference))
    for setting in results.settings:
        own = (a for a in results.attempts if a.setting == setting and a.record == record.id)
        first = next(own, None)
        if first is not None:
            pairs.append((setting, first.text or f"no text: {first.failure}"))
    return Section(title, [Paragraph(f"Record {record.id}."), Texts(pairs)])
