from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from io import StringIO
from typing import Any

import pytest
from rich.console import Console
from support.tiny_models import CLOUD_PROMPT, MESSAGES, TinyModel, TinyScorer, tiny_verifier

from cogenesis_langchain.errors import CloudTimeout, TraceInvalid
from cogenesis_langchain.fusion.decoder import FusedDecoder
from cogenesis_langchain.fusion.heat_map.page import to_html
from cogenesis_langchain.fusion.heat_map.terminal import colour, render
from cogenesis_langchain.fusion.trace import Candidate, FusedToken, FusionReport, TokenSource, Trace
from cogenesis_langchain.models.base import GenerationOptions


def written(scorer: TinyScorer | None = None) -> Trace:
    decoder = FusedDecoder(TinyModel(ends=False), operator="mean", presence_penalty=0.0)
    options = GenerationOptions(max_tokens=40, temperature=0.0)
    return Trace.of(decoder.stream(MESSAGES, tiny_verifier(scorer or TinyScorer()), options))


def test_every_token_has_a_source_and_candidates() -> None:
    trace = written()
    assert {token.source for token in trace.tokens} == {"accepted", "corrected"}
    for token in trace.tokens:
        assert 0.0 <= token.share <= 1.0
        assert token.weight == 0.5
        assert len(token.local_top) == 5
        assert len(token.cloud_top) == 4
        masses = [candidate.probability for candidate in token.local_top]
        assert masses == sorted(masses, reverse=True)


def test_a_corrected_token_is_not_the_local_models_first_choice() -> None:
    for token in written().tokens:
        first = token.local_top[0].text == token.piece
        assert first == (token.source == "accepted")


def test_tokens_without_the_cloud_are_marked_local() -> None:
    trace = written(TinyScorer(failure=(1, CloudTimeout("late", remedy="wait"))))
    alone = [token for token in trace.tokens if token.source == "local"]
    assert alone
    assert all(token.weight == token.share == 1.0 and not token.cloud_top for token in alone)


def test_the_text_is_the_concatenation_of_its_tokens() -> None:
    trace = written()
    assert trace.text == "".join(token.text for token in trace.tokens) != ""


def test_a_trace_round_trips_through_json() -> None:
    trace = written()
    assert Trace.from_json(trace.to_json()) == trace
    assert trace.to_dict()["report"]["tokens"] == 40


@pytest.mark.parametrize("data", [b"", b"{}", b'{"tokens": [], "report": 1}', b"\xff"])
def test_other_json_is_refused_without_repeating_it(data: bytes) -> None:
    with pytest.raises(TraceInvalid) as caught:
        Trace.from_json(data)
    assert caught.value.__suppress_context__


def test_an_unfinished_text_has_no_trace() -> None:
    decoder = FusedDecoder(TinyModel(ends=False), operator="mean", presence_penalty=0.0)
    options = GenerationOptions(max_tokens=9, temperature=0.0)
    stream = decoder.stream(MESSAGES, tiny_verifier(TinyScorer()), options)
    with pytest.raises(TraceInvalid):
        Trace.of([next(stream)])
    stream.close()  # type: ignore[attr-defined]


def secret_trace() -> Trace:
    tops = (Candidate("Zoë <b>", 0.7), Candidate("\n", 0.1))
    token = FusedToken(1, "Zoë", "Zoë <b>", "corrected", 0.5, 0.9, 0.6, tops, ())
    return Trace((token,), FusionReport("mean", 1, 1, 0, 0, 0))


def test_no_text_is_printed_by_repr() -> None:
    trace = secret_trace()
    assert "Zoë" not in repr(trace) + repr(trace.tokens[0]) + repr(trace.tokens[0].local_top)


def test_colours_run_from_the_cloud_to_the_local_model() -> None:
    blue, even, orange = colour(0.0), colour(0.5), colour(1.0)
    assert blue[2] > blue[0]
    assert orange[0] > orange[2]
    assert max(even) - min(even) < 10
    assert colour(0.25) not in (blue, even)


def test_the_terminal_shows_colours_and_the_request_count() -> None:
    trace = written()
    out = StringIO()
    Console(file=out, width=100, force_terminal=True, color_system="truecolor").print(render(trace))
    plain = re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue())
    assert f"{trace.report.requests} requests" in plain
    red, green, blue = colour(trace.tokens[0].share)
    assert f"48;2;{red};{green};{blue}" in out.getvalue()


def shown(trace: Trace, **console: Any) -> str:
    out = StringIO()
    Console(file=out, width=100, **console).print(render(trace))
    return out.getvalue()


def by_each_author() -> Trace:
    def token(number: int, source: TokenSource, share: float, cloud: float | None) -> FusedToken:
        text = f"word{number} "
        tops = () if cloud is None else (Candidate(text, cloud),)
        first = (Candidate(text, 0.5),)
        return FusedToken(number, text, text, source, 0.5, share, 0.5, first, tops)

    tokens = (
        token(1, "accepted", 0.1, 0.9),
        token(2, "accepted", 0.1, 0.7),
        token(3, "corrected", 0.2, 0.8),
        token(4, "accepted", 0.5, 0.5),
        token(5, "accepted", 0.9, 0.3),
        token(6, "local", 1.0, None),
    )
    return Trace(tokens, FusionReport("mean", 6, 2, 5, 4, 6))


@pytest.mark.parametrize("plain", [{}, {"force_terminal": True, "no_color": True}])
def test_without_colours_the_authors_are_told_in_words(plain: dict[str, bool]) -> None:
    text = re.sub(r"\x1b\[[0-9;]*m", "", shown(by_each_author(), **plain))
    rows = [re.split(r"\s{2,}", line.strip()) for line in text.splitlines()]
    assert rows[1:6] == [
        ["cloud", "50%", "80%", "word1 word2"],
        ["cloud *", "50%", "80%", "word3"],
        ["both", "50%", "50%", "word4"],
        ["local", "50%", "30%", "word5"],
        ["alone", "50%", "no vote", "word6"],
    ]
    assert "cloud: mostly the cloud model" in text and "*: the local model's draft" in text
    assert "local 50%, cloud 64%" in text


def test_sixteen_colours_tell_the_authors_apart() -> None:
    text = shown(by_each_author(), force_terminal=True, color_system="standard")
    backgrounds = [
        re.findall(rf"\x1b\[[0-9;]*?(4[0-7]|10[0-7])mword{number} ", text) for number in (1, 4, 5)
    ]
    assert all(len(found) == 1 for found in backgrounds)
    assert len({found[0] for found in backgrounds}) == 3


def test_the_authors_differ_in_lightness_and_not_by_hue_alone() -> None:
    def lightness(share: float) -> float:
        linear = [
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
            for part in (value / 255 for value in colour(share))
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    scale = [lightness(step / 10) for step in range(11)]
    assert scale == sorted(scale)
    assert (scale[5] + 0.05) / (scale[0] + 0.05) > 1.4 < (scale[10] + 0.05) / (scale[5] + 0.05)
    assert (scale[0] + 0.05) / 0.05 > 4.5  # black text can be read (WCAG AA)


def test_both_legends_are_in_words() -> None:
    trace = by_each_author()
    page = re.sub(r"<[^>]*>", "", to_html(trace).partition('<ul class="legend">')[2])
    terminal = shown(trace, force_terminal=True, color_system="truecolor", legacy_windows=False)
    for legend in (page, re.sub(r"\x1b\[[0-9;]*m|[│╭╰]|\n", "", terminal)):
        text = " ".join(legend.split())
        for told in ("mostly the cloud model", "both models alike", "mostly the local model"):
            assert told in text
        assert "the local model's draft was replaced" in text and "local 50%, cloud 64%" in text


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.classes: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name in ("src", "href"):
                self.sources.append(value or "")
            if name == "class" and value:
                self.classes.append(value)


def test_the_page_is_self_contained_and_escapes_the_text() -> None:
    html = to_html(secret_trace())
    page = Page()
    page.feed(html)
    assert page.sources == []
    assert "url(" not in html and "@import" not in html
    assert "Zoë &lt;b&gt;" in html
    assert "<b>Zoë" not in html


def test_the_page_marks_every_token() -> None:
    trace = written()
    page = Page()
    page.feed(to_html(trace))
    corrected = sum(token.source == "corrected" for token in trace.tokens)
    assert page.classes.count("t corrected") == corrected
    assert page.classes.count("t") == len(trace.tokens) - corrected


def test_the_page_shows_a_fallback() -> None:
    trace = written(TinyScorer(failure=(0, CloudTimeout("late", remedy="wait"))))
    assert "local alone after CloudTimeout" in to_html(trace)


def test_what_the_cloud_model_saw_has_a_panel_and_what_it_did_not_see_is_marked() -> None:
    trace = replace(by_each_author(), cloud_saw=((0, 1), "[NAME_1] ", (3, 5)))
    assert trace.seen == "word1 [NAME_1] word4 word5 "
    assert {"word2 ", "word3 "} <= {trace.tokens[place].piece for place in trace.masked}
    page = Page()
    page.feed(to_html(trace))
    runs = [place for place in trace.masked if place - 1 not in trace.masked]
    assert len(runs) < len(trace.masked), "two tokens in a row have one frame"
    assert page.classes.count("masked") == len(runs)
    assert page.classes.count("masked sample") == 1, "the legend"
    assert "What the cloud model saw" in to_html(trace) and trace.seen in to_html(trace)
    for console in ({"force_terminal": True, "color_system": "truecolor"}, {}):
        assert trace.seen.strip() in shown(trace, **console)
    unknown = replace(trace, cloud_saw=None)
    assert "What the cloud model saw" not in to_html(unknown) and not unknown.masked
    assert "Framed" in to_html(trace) and "Framed" not in to_html(unknown)
    assert len(replace(trace, cloud_saw=()).masked) == len(trace.tokens), "it saw nothing"


@pytest.mark.parametrize("fails", [False, True])
def test_the_report_tells_how_far_the_last_request_reached(fails: bool) -> None:
    failure = (1, CloudTimeout("late", remedy="wait")) if fails else None
    scorer = TinyScorer(failure=failure)
    trace = written(scorer)
    last = scorer.requests[-1][len(CLOUD_PROMPT) :]
    ids = tuple(token.id for token in trace.tokens)
    asked = trace.report.tokens_asked
    assert 0 < asked < len(ids) and ids[:asked] == last[:asked]
    assert ids[: asked + 1] != last[: asked + 1]
