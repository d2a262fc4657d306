"""Writing the report of a run into its folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from langchain_core.embeddings import Embeddings

from experiments.records.record import Record
from cogenesis_langchain.errors import EvaluationError, ResultsUnusable
from cogenesis_langchain.evaluation.environment import Environment
from experiments.scorers.catalogue import metrics
from experiments.scorers.traffic import Prices
from cogenesis_langchain.evaluation.report import comparisons, sections
from cogenesis_langchain.evaluation.report.document import Document, Picture
from cogenesis_langchain.evaluation.report.drawing import stand_alone
from cogenesis_langchain.evaluation.report.findings import Findings, Roles
from cogenesis_langchain.evaluation.report.markdown import FIGURES, to_markdown
from cogenesis_langchain.evaluation.report.measures import Results
from cogenesis_langchain.evaluation.report.page import to_html
from cogenesis_langchain.evaluation.run_folder import RunFolder
from cogenesis_langchain.fusion.trace import Trace


def write_report(
    folder: Path,
    records: Sequence[Record],
    *,
    embeddings: Embeddings | None = None,
    show_texts: bool = False,
) -> None:
    """Write ``report.md`` with its plots, and ``report.html``, beside the results of a run.

    The same results give the same bytes, in whatever order they were computed. A run that is not
    finished, or in which all failed, gets a report that says so.

    Args:
        folder: Of the run.
        records: Those the run was made with; more do no harm.
        embeddings: Computed on this machine, for the closeness to earlier writing; None leaves it
            out.
        show_texts: Whether the texts of one record may stand in the report. They are private.

    Raises:
        EvaluationError: The results are about other records.
        MissingDependency: The extra ``evaluation`` is not installed.
        ResultsUnusable: The folder is not that of a run, or cannot be written.
    """
    run = RunFolder(folder)
    environment, config = run.environment, run.config
    prices = None if config.prices is None else Prices(config.prices.input, config.prices.output)
    findings = Findings.of(
        Results.sorted(
            [setting.name for setting in environment.settings],
            _taken(records, environment.record_ids),
            run.attempts.lines(),
            run.likelihoods.lines(),
            run.ratings.lines(),
            run.verdicts.lines(),
        ),
        Roles.of({setting.name: setting.role for setting in environment.settings}),
        metrics(embeddings=embeddings, prices=prices),
    )
    text = (folder / "run.toml").read_text(encoding="utf-8")
    traces = _traces(run, findings.results.settings)
    save(compose(findings, text, environment, traces, show_texts=show_texts), folder)


def _traces(run: RunFolder, settings: Sequence[str]) -> dict[str, Trace]:
    files = {setting: run.trace(setting) for setting in settings}
    return {
        setting: Trace.from_json(file.read_bytes())
        for setting, file in files.items()
        if file.is_file()
    }


def _taken(records: Sequence[Record], ids: Sequence[str]) -> list[Record]:
    known = {record.id: record for record in records}
    if absent := [name for name in ids if name not in known]:
        raise EvaluationError(
            f"{len(absent)} records of the run are not in the data, such as {absent[0]!r}",
            remedy="report with the records that the run was made with",
        )
    return [known[name] for name in ids]


def compose(
    findings: Findings,
    config: str,
    environment: Environment,
    traces: Mapping[str, Trace],
    *,
    show_texts: bool,
) -> Document:
    """Put a report together.

    Args:
        findings: Everything that was measured.
        config: The text of the run's configuration.
        environment: Models, machine and versions.
        traces: Fused settings to the trace of one of their texts.
        show_texts: Whether texts of one record may stand in the report.
    """
    told = [
        sections.what_was_run(findings, config, environment),
        sections.headline(findings),
        comparisons.table_1(findings),
        comparisons.table_2(findings),
        comparisons.figure_4(findings),
        comparisons.figure_5(findings),
        comparisons.figure_6(traces, show_texts=show_texts),
        comparisons.figure_7(findings),
        comparisons.trade_off(findings),
        sections.missing(findings),
        sections.table_3(findings),
    ]
    if show_texts:
        told.append(sections.example(findings))
    return Document("What the settings give, and what they cost", told)


def save(document: Document, folder: Path) -> None:
    """Write ``report.md`` with its plots, and ``report.html``, each whole or not at all.

    Raises:
        ResultsUnusable: A file cannot be written.
    """
    files = {
        f"{FIGURES}/{block.name}.svg": stand_alone(block.svg)
        for section in document.sections
        for block in section.blocks
        if isinstance(block, Picture)
    }
    files |= {"report.md": to_markdown(document), "report.html": to_html(document)}
    for name, text in files.items():
        _replace(folder / name, text)


def _replace(path: Path, text: str) -> None:
    fresh = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(text, encoding="utf-8", newline="\n")
        fresh.replace(path)
    except OSError as error:
        raise ResultsUnusable(
            f"{path} cannot be written: {error.strerror or error}",
            remedy="free some space or make the folder writable, then write the report again",
        ) from None
