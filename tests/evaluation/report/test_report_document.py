from __future__ import annotations

import pytest

from cogenesis_langchain.evaluation.bootstrap import Estimate
from cogenesis_langchain.evaluation.report.document import (
    Cell,
    Code,
    Document,
    Grid,
    Page,
    Paragraph,
    Picture,
    Section,
    Texts,
    mean_cell,
    number,
)
from cogenesis_langchain.evaluation.report.markdown import to_markdown
from cogenesis_langchain.evaluation.report.page import to_html

HOSTILE = '<script>alert("x")</script> | `a` *b* [c](d) & co'


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.0, "0"),
        (7.0, "7"),
        (0.000123, "0.00012"),
        (0.0649, "0.065"),
        (0.5, "0.50"),
        (-39.64, "−39.6"),
        (12345.6, "12,346"),
        (83729.0, "83,729"),
    ],
)
def test_numbers_have_as_many_digits_as_a_table_needs(value: float, written: str) -> None:
    assert number(value) == written


MEAN = Estimate(4.0, 3.0, 5.0, 9)


def test_a_difference_is_marked_where_its_interval_excludes_0() -> None:
    gained = mean_cell(MEAN, Estimate(1.0, 0.5, 1.5, 9), higher_is_better=True)
    assert gained == Cell("4", "3 to 5", "+1", "better")
    lost = mean_cell(MEAN, Estimate(1.0, 0.5, 1.5, 9), higher_is_better=False)
    assert (lost.difference, lost.verdict) == ("+1", "worse")
    less = mean_cell(MEAN, Estimate(-1.0, -1.5, -0.5, 9), higher_is_better=False)
    assert (less.difference, less.verdict) == ("−1", "better")
    neither = mean_cell(MEAN, Estimate(1.0, 0.5, 1.5, 9), higher_is_better=None)
    assert (neither.difference, neither.verdict) == ("+1", "")


@pytest.mark.parametrize(
    "unclear", [None, Estimate(1.0, -0.1, 2.0, 9), Estimate(1.0, 0.0, 2.0, 9), Estimate(1, 1, 1, 5)]
)
def test_no_difference_is_marked_where_none_is_shown(unclear: Estimate | None) -> None:
    assert mean_cell(MEAN, unclear, higher_is_better=True) == Cell("4", "3 to 5")


def test_one_value_has_no_interval() -> None:
    assert mean_cell(Estimate(4.0, 4.0, 4.0, 1)) == Cell("4")


GRID = Grid(
    ["setting", "facts", "why"],
    [
        [Cell("a|b"), Cell("0.50", "0.40 to 0.60", "+0.10", "better"), Cell("no answer")],
        [Cell("c"), Cell("–"), Cell("3 of them")],
    ],
)


def test_a_column_of_numbers_is_known_as_such() -> None:
    assert [GRID.holds_numbers(column) for column in range(3)] == [False, True, False]


def document(*blocks: Paragraph | Code | Grid | Picture | Texts | Page) -> Document:
    return Document("Title", [Section("Section", blocks)])


def test_a_table_in_markdown() -> None:
    assert to_markdown(document(GRID)).split("## Section\n\n")[1] == (
        "| setting | facts | why |\n"
        "| --- | ---: | --- |\n"
        "| a\\|b | 0.50 (0.40 to 0.60) ▲ +0.10 | no answer |\n"
        "| c | – | 3 of them |\n"
    )


def test_a_table_on_the_page() -> None:
    page = to_html(document(GRID))
    assert '<th scope="row">a|b</th>' in page
    assert '<small class="better">▲ +0.10</small>' in page
    assert page.count('class="words"') == 4  # both columns of words, and two cells


def test_plots_are_drawn_on_the_page_and_files_beside_the_markdown() -> None:
    picture = Picture("plot", "<svg>drawn</svg>", "What it shows")
    assert "<svg>drawn</svg>" in to_html(document(picture))
    assert "![What it shows](figures/plot.svg)" in to_markdown(document(picture))


@pytest.mark.parametrize(
    "block",
    [
        Paragraph(HOSTILE),
        Code(HOSTILE, "sh"),
        Grid(["", HOSTILE], [[Cell(HOSTILE), Cell(HOSTILE)]]),
        Texts([(HOSTILE, HOSTILE)]),
        Page(HOSTILE, HOSTILE),
    ],
)
def test_no_text_becomes_markup_of_the_page(block: Paragraph | Code | Grid | Texts | Page) -> None:
    page = to_html(document(block))
    assert "&lt;script&gt;" in page
    assert "<script" not in page


def test_the_plots_are_the_control_of_what_is_let_through() -> None:
    assert "<script" in to_html(document(Picture("p", "<script/>", "d")))


def test_text_in_markdown_is_fenced_by_more_than_it_holds() -> None:
    written = to_markdown(document(Texts([("a", "x\n````\ny")])))
    assert "`````text\nx\n````\ny\n`````" in written
    assert "\\<script\\>" in to_markdown(document(Paragraph(HOSTILE)))
