from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from support import finished_run
from support.finished_run import CONFIG, SECRET, SETTINGS, results, text

from experiments.config import load_config
from experiments.errors import ExperimentConfigInvalid, ExperimentError
from experiments.report.page import write_page, write_report
from experiments.results import Results

pytestmark = pytest.mark.slow

RECORDS = finished_run.records(6)
NAMES = list(SETTINGS)


def whole() -> Results:
    return results(
        list(finished_run.texts(RECORDS, seeds=2)),
        list(finished_run.likelihoods(RECORDS)),
        list(finished_run.ratings(RECORDS, NAMES)),
        list(finished_run.order_checks(RECORDS)),
    )


def report(folder: Path, found: Results, *, show_texts: bool = False) -> dict[str, str]:
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "config.toml"
    config.write_text(
        CONFIG.replace("\n\n", "\nshow_texts = true\n\n", 1) if show_texts else CONFIG
    )
    write_page(folder, found, load_config(config))
    return {
        str(file.relative_to(folder)): file.read_text()
        for file in folder.rglob("*")
        if file.is_file() and file != config
    }


def section(markdown: str, title: str) -> str:
    (found,) = re.findall(
        rf"^## {re.escape(title)}.*?\n\n(.*?)(?=\n\n## |\Z)", markdown, re.S | re.M
    )
    return re.sub(r" +", " ", str(found))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return report(tmp_path_factory.mktemp("whole"), whole())


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return report(tmp_path_factory.mktemp("shown"), whole(), show_texts=True)


def test_the_sections_stand_in_their_order(files: dict[str, str]) -> None:
    titles = re.findall(r"^## (.*)$", files["report.md"], re.M)
    assert [title.split(":")[0] for title in titles] == [
        "Findings",
        "All settings",
        "Table 1",
        "Table 2",
        "Figure 4",
        "Figure 5",
        "Figure 6",
        "Figure 7",
        "Privacy, quality, latency",
        "What is missing from the means",
        "Table 3",
        "How it was run",
    ]
    assert re.findall(r"<h2>(.*?)</h2>", files["report.html"]) == titles


def test_the_table_holds_each_setting_and_measure(files: dict[str, str]) -> None:
    said = section(files["report.md"], "All settings")
    for name in NAMES:
        assert f"\n| {name} |" in said
    for measure in ("required facts (%)", "gap closed (%)", "ROUGE-L (F1)", "cost (dollars)"):
        assert measure in said
    assert re.search(r"\| cloud with context \|.*\| 5 ▼ \+5 \|", said)


def test_the_page_begins_with_findings_in_words_and_one_plot(files: dict[str, str]) -> None:
    said = section(files["report.md"], "Findings")
    assert "sketch-fill, against local alone — 0 private strings on the wire in 12 attempts" in said
    assert said.count("](figures/") == 1 and "figures/findings.svg" in files
    assert "SHA-256" not in files["report.md"].partition("## How it was run")[0]


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
    assert "Only the likelihood of best fixed w, oracle is known; no text was written." in said
    assert "best on these same texts, 0.75." in said
    assert re.search(r"^\| oracle \| 6 \| 2\.\d", said, re.M)


def test_figures_4_and_5_compare_with_the_sketch(files: dict[str, str]) -> None:
    for title, other in (("Figure 4", "full content"), ("Figure 5", "sketch by 0.5B")):
        said = section(files["report.md"], title)
        assert "Differences in this figure are to “sketch-fill”." in said
        assert re.findall(r"^\| ([^|]+) \|", said, re.M)[1:] == ["sketch-fill", other]


def test_the_shares_of_a_fused_text_are_shown_but_not_the_text(files: dict[str, str]) -> None:
    said = section(files["report.md"], "Figure 6")
    assert "| fused mean | 12 | 36 | 0.50 | 58.3 | 33.3 | 33.3 | 0.33 | 0.67 | 1.50 | 0 |" in said
    assert "](figures/told.svg)" in said and "figures/told.svg" in files
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
    assert SECRET in shown["traces/fused mean.html"]  # the heat map of Figure 6


class References(HTMLParser):
    """What a page would load or run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "link", "object", "embed"}:
            self.found.append(tag)
        for name, value in attrs:
            here = value is None or value.startswith(("#", "data:image/svg+xml;base64,"))
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


def test_the_same_results_give_the_same_bytes(files: dict[str, str], tmp_path: Path) -> None:
    assert report(tmp_path / "again", whole()) == files
    fewer = whole().texts[1:]
    assert report(tmp_path / "fewer", results(fewer)) != files  # the control: a text less


def test_a_run_without_any_text_says_so(tmp_path: Path) -> None:
    files = report(tmp_path, results())
    said = files["report.md"]
    assert "8 settings, 0 records, 1 seed, 0 texts" in said
    assert "No judge rated the texts of this run." in section(said, "Table 1")
    for title in ("Figure 7", "Privacy, quality, latency", "Table 3"):
        assert "No setting of this run has anything to show here." in section(said, title)
    assert "This run kept no trace of a fused text." in section(said, "Figure 6")
    assert not [name for name in files if name.startswith("figures/")]


def test_a_setting_that_only_failed_is_shown_with_its_reasons(tmp_path: Path) -> None:
    failed = [text("sketch-fill", r, failure="CloudTimeout: no answer") for r in RECORDS]
    alone = finished_run.texts(RECORDS, ["local alone"])
    names = ["local alone", "sketch-fill"]
    said = report(tmp_path, results([*failed, *alone], settings=names))["report.md"]
    missing = section(said, "What is missing from the means")
    assert "| sketch-fill | 6 | 6 | 0 | 0 | 0 |" in missing
    assert "| sketch-fill | CloudTimeout: no answer | 6 |" in missing
    assert "6 failed attempts" in section(said, "Findings")


def test_one_record_has_means_and_no_intervals(tmp_path: Path) -> None:
    one = RECORDS[:1]
    found = results(list(finished_run.texts(one)), list(finished_run.likelihoods(one)))
    said = report(tmp_path, found)["report.md"]
    headline = section(said, "All settings")
    assert " to " not in headline.replace("0 to 1", "").split("\n|")[3]
    assert "No setting of this run has anything to show here." in section(said, "Figure 7")


def test_a_run_that_stopped_half_way_is_reported_as_far_as_it_went(tmp_path: Path) -> None:
    half = list(finished_run.texts(RECORDS))[:10]
    read = list(finished_run.likelihoods(RECORDS))[:3]
    said = report(tmp_path, results(half, read))["report.md"]
    assert "10 texts" in section(said, "Findings")
    assert "| cloud with context |" in section(said, "All settings")


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExperimentConfigInvalid, match=r"config\.toml cannot be read"):
        write_report(tmp_path)
    (tmp_path / "config.toml").write_text(CONFIG)
    with pytest.raises(ExperimentError, match="holds no results"):
        write_report(tmp_path)
