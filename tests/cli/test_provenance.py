from __future__ import annotations

from cogenesis_langchain.cli.provenance import render, summary, to_html

RUNS = [("cloud", "Dear "), ("local", "Mr Quist"), ("cloud", ",\n\nthank you & <b>bye</b>.")]


def test_the_terminal_view_holds_the_text_and_marks_the_local_words() -> None:
    text = render(RUNS)
    assert text.plain == "Dear Mr Quist,\n\nthank you & <b>bye</b>."
    marked = [text.plain[span.start : span.end] for span in text.spans if "bold" in str(span.style)]
    assert marked == ["Mr Quist"]


def test_the_summary_counts_words_by_author() -> None:
    assert summary(RUNS) == "6 words of the cloud model, 2 of the local model"


def test_the_page_escapes_the_text_and_loads_nothing() -> None:
    page = to_html(RUNS, left_out=["See you on [date]."], missing=["the <dog>"])
    assert '<span class="local">Mr Quist</span>' in page
    assert "&lt;b&gt;bye&lt;/b&gt;" in page and "<b>bye" not in page
    assert "See you on [date]." in page and "the &lt;dog&gt;" in page
    assert "http" not in page and "src=" not in page


def test_the_page_of_a_whole_text_lists_nothing() -> None:
    assert "<li>" not in to_html(RUNS)
