from __future__ import annotations

import random
import re
import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path

import evaluated_run
import pytest
from cogenesis_langchain.evaluation.report.write import write_report
from evaluated_run import SECRET, SETTINGS, write_folder

from cogenesis_langchain.errors import ExperimentError, MissingDependency, ResultsUnusable
from experiments.attempt import Attempt

RECORDS = evaluated_run.records(6)
NAMES = list(SETTINGS)


def whole(folder: Path) -> Path:
    return write_folder(
        folder,
        RECORDS,
        evaluated_run.attempts(RECORDS, seeds=2),
        evaluated_run.likelihoods(RECORDS),
        evaluated_run.ratings(RECORDS, NAMES),
        evaluated_run.verdicts(RECORDS),
        traces={"fused mean": evaluated_run.trace("mean")},
    )


def report(folder: Path, *, show_texts: bool = False) -> dict[str, str]:
    write_report(folder, RECORDS, show_texts=show_texts)
    files = [*folder.glob("report.*"), *folder.glob("figures/*")]
    return {str(file.relative_to(folder)): file.read_text() for file in files}


def section(markdown: str, title: str) -> str:
    (found,) = re.findall(
        rf"^## {re.escape(title)}.*?\n\n(.*?)(?=\n\n## |\Z)", markdown, re.S | re.M
    )
    return str(found)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return whole(tmp_path_factory.mktemp("whole") / "run")


@pytest.fixture(scope="module")
def files(folder: Path) -> dict[str, str]:
    return report(folder)


@pytest.fixture(scope="module")
def shown(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    copy = tmp_path_factory.mktemp("shown") / "run"
    return report(Path(shutil.copytree(folder, copy)), show_texts=True)


def test_the_sections_stand_in_their_order(files: dict[str, str]) -> None:
    titles = re.findall(r"^## (.*)$", files["report.md"], re.M)
    assert [title.split(":")[0] for title in titles] == [
        "What was run",
        "Headline",
        "Table 1",
        "Table 2",
        "Figure 4",
        "Figure 5",
        "Figure 6",
        "Figure 7",
        "Privacy, quality, latency",
        "What is missing from the means",
        "Table 3",
    ]
    assert re.findall(r'<h2 id="s\d+">(.*?)</h2>', files["report.html"]) == [
        title.replace("'", "&#39;") for title in titles
    ]


def test_the_headline_holds_each_setting_and_measure(files: dict[str, str]) -> None:
    said = section(files["report.md"], "Headline")
    for name in NAMES:
        assert f"\n| {name} |" in said
    for measure in ("required facts (%)", "gap closed (%)", "ROUGE-L (F1)", "cost (dollars)"):
        assert measure in said
    assert "sketch-fill, against local alone — 0 private strings on the wire in 12 attempts" in said
    assert re.search(r"\| cloud with context \|.*\| 5 ▼ \+5 \|", said)


def test_the_papers_figures_are_labelled_as_its_own(files: dict[str, str]) -> None:
    said = section(files["report.md"], "Table 1")
    ours, _, theirs = said.partition("the paper's own figures")
    assert "arXiv 2403.03129" in theirs
    assert "| … with 72B logits | fused | 8.28 | 8.22 | 7.80 |" in theirs
    assert "8.28" not in ours


def test_the_judges_preferences_are_checked_for_their_order(files: dict[str, str]) -> None:
    said = section(files["report.md"], "Table 1")
    assert "| local alone | sketch-fill | 5 | 0 | 0 | 5 | 1 |" in said


def test_bounds_stand_beside_the_operators(files: dict[str, str]) -> None:
    said = section(files["report.md"], "Table 2")
    assert "Of oracle only the likelihood is known." in said
    assert "best on these very texts, 0.75," in said
    assert re.search(r"^\| oracle \| 6 \| 2\.\d", said, re.M)


def test_figures_4_and_5_compare_with_the_sketch(files: dict[str, str]) -> None:
    for title, other in (("Figure 4", "full content"), ("Figure 5", "sketch by 0.5B")):
        said = section(files["report.md"], title)
        assert "Differences in this figure are to “sketch-fill”." in said
        assert re.findall(r"^\| ([^|]+) \|", said, re.M)[2:] == ["sketch-fill", other]


def test_the_shares_of_a_fused_text_are_shown_but_not_the_text(files: dict[str, str]) -> None:
    said = section(files["report.md"], "Figure 6")
    assert "| fused mean | 3 | 0.50 | 58.3 | 33.3 | 33.3 | 0.33 |" in said
    assert "landlord" not in files["report.html"]


def test_unreadable_ratings_are_counted(files: dict[str, str]) -> None:
    said = section(files["report.md"], "What is missing from the means")
    rows = re.findall(r"^\| (?!setting|---)(.*) \|$", said, re.M)
    assert sum(int(row.split(" | ")[4]) for row in rows) == 3 * len(RECORDS) * len(NAMES) // 13


def test_a_report_holds_no_private_text_unless_it_is_asked_to(
    files: dict[str, str], shown: dict[str, str]
) -> None:
    assert not any(SECRET in text or "Dear landlord" in text for text in files.values())
    assert "Dear landlord, the oven &lt;broke&gt;" in shown["report.html"]
    assert "Dear landlord, the oven <broke>" in shown["report.md"]
    assert SECRET in shown["report.html"]  # in the heat map of Figure 6


class References(HTMLParser):
    """What a page would load or run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "link", "img", "object", "embed"}:
            self.found.append(tag)
        for name, value in attrs:
            here = value is None or value.startswith("#")
            if name in {"src", "href", "xlink:href", "action", "data"} and not here:
                self.found.append(f"{tag} {name}={value}")


def test_the_page_loads_nothing(shown: dict[str, str]) -> None:
    page = shown["report.html"]
    found = References()
    found.feed(page)
    assert found.found == []
    assert not re.search(r"url\((?!#)|@import", page)
    control = References()
    control.feed('<a href="https://example.com">x</a><script>')
    assert len(control.found) == 2


def test_the_same_lines_in_any_order_give_the_same_bytes(
    folder: Path, files: dict[str, str], tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "run"))
    for journal in copy.glob("*.jsonl"):
        lines = journal.read_text().splitlines(keepends=True)
        random.Random(1).shuffle(lines)
        journal.write_text("".join(lines))
    assert report(copy) == files
    attempts = copy / "attempts.jsonl"
    attempts.write_text("".join(attempts.read_text().splitlines(keepends=True)[1:]))
    assert report(copy) != files  # the control: a line less is another report


def test_a_run_without_any_line_says_so(tmp_path: Path) -> None:
    said = report(write_folder(tmp_path / "run", RECORDS))["report.md"]
    assert "8 settings, 6 records, 1 seed, 0 texts" in said
    assert "Nothing has been measured yet." in section(said, "Headline")
    assert "No judge rated the texts of this run." in section(said, "Table 1")
    assert "No setting of this run has anything to show here." in section(said, "Table 2")
    assert "This run kept no trace of a fused text." in section(said, "Figure 6")
    assert "No setting wrote a text." in section(said, "Privacy, quality, latency")
    assert not list((tmp_path / "run").glob("figures/*"))


def test_a_setting_that_only_failed_is_shown_with_its_reasons(tmp_path: Path) -> None:
    failed = [
        Attempt(record=r.id, setting="sketch-fill", seed=0, failure="CloudTimeout: no answer")
        for r in RECORDS
    ]
    alone = evaluated_run.attempts(RECORDS, ["local alone"])
    names = ["local alone", "sketch-fill"]
    run = write_folder(tmp_path / "run", RECORDS, [*failed, *alone], settings=names)
    said = report(run)["report.md"]
    missing = section(said, "What is missing from the means")
    assert "| sketch-fill | 6 | 6 | 0 | 0 | 0 |" in missing
    assert "| sketch-fill | CloudTimeout: no answer | 6 |" in missing
    assert "6 failed attempts" in section(said, "What was run")


def test_one_record_has_means_and_no_intervals(tmp_path: Path) -> None:
    one = RECORDS[:1]
    run = write_folder(
        tmp_path / "run", one, evaluated_run.attempts(one), evaluated_run.likelihoods(one)
    )
    said = report(run)["report.md"]
    assert " to " not in re.sub(r"\(0 to 1\)", "", section(said, "Headline").split("| --- |")[1])
    assert "One record has nothing to settle." in section(said, "Figure 7")


def test_a_run_that_stopped_half_way_is_reported_as_far_as_it_went(tmp_path: Path) -> None:
    half = list(evaluated_run.attempts(RECORDS))[:10]
    likelihoods = list(evaluated_run.likelihoods(RECORDS))[:3]
    said = report(write_folder(tmp_path / "run", RECORDS, half, likelihoods))["report.md"]
    assert "10 texts" in section(said, "What was run")
    assert "| cloud with context |" in section(said, "Headline")


def test_records_that_are_not_those_of_the_run_are_refused(folder: Path) -> None:
    with pytest.raises(ExperimentError, match="5 records of the run are not in the data"):
        write_report(folder, RECORDS[:1])


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultsUnusable, match=r"environment\.json"):
        write_report(tmp_path, RECORDS)


def test_a_report_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    run = write_folder(tmp_path / "run", RECORDS)
    before = report(run)
    (run / ".report.md.new").mkdir()
    line = next(evaluated_run.attempts(RECORDS)).model_dump_json()
    (run / "attempts.jsonl").write_text(f"{line}\n")
    with pytest.raises(ResultsUnusable, match=r"report\.md cannot be written"):
        write_report(run, RECORDS)
    assert (run / "report.md").read_text() == before["report.md"]


@pytest.mark.parametrize("package", ["matplotlib", "jinja2"])
def test_a_missing_package_is_named_with_its_extra(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = write_folder(tmp_path / "run", RECORDS, evaluated_run.attempts(RECORDS, ["local alone"]))
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingDependency, match=package) as raised:
        write_report(run, RECORDS)
    assert "cogenesis-langchain[evaluation]" in raised.value.remedy
    assert not list(run.glob("report*"))
