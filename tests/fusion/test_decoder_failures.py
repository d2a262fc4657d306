from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from support.tiny_models import (
    MESSAGES,
    TinyModel,
    TinyScorer,
    tiny_verifier,
)
from support.tiny_writing import GREEDY, ids, write

from cogenesis_langchain.errors import (
    CloudTimeout,
    CloudUnavailable,
    ContextTooLong,
    FusionError,
    PrivacyViolation,
)
from cogenesis_langchain.fusion.decoder import FusedDecoder
from cogenesis_langchain.fusion.trace import FusedToken
from cogenesis_langchain.models.base import GenerationOptions
from cogenesis_langchain.models.scoring.scores import TopK
from cogenesis_langchain.privacy.views.disclosure import PublicTokens


@pytest.mark.parametrize("after", [0, 1, 4])
def test_when_the_cloud_fails_the_local_model_continues_and_reports_it(after: int) -> None:
    failure = CloudTimeout("no answer", remedy="wait")
    model = TinyModel(ends=False)
    tokens = write(model=model, scorer=TinyScorer(failure=(after, failure)))
    report = tokens[-1].report
    assert report is not None
    assert report.fallback == "CloudTimeout"
    assert report.requests == after
    assert len(tokens) == 40
    alone = [token.source == "local" for token in tokens]
    assert alone == sorted(alone)
    assert alone[-1]
    assert alone[0] == (after == 0)
    assert tokens[-1].weight == 1.0


def test_after_a_failure_no_further_request_is_made() -> None:
    scorer = TinyScorer(failure=(2, CloudUnavailable("down", remedy="wait")))
    write(model=TinyModel(ends=False), scorer=scorer)
    assert len(scorer.requests) == 3


def test_the_local_model_continues_alone_beyond_the_clouds_window() -> None:
    scorer = TinyScorer()
    scorer.window = 20
    tokens = write(model=TinyModel(ends=False), scorer=scorer)
    report = tokens[-1].report
    assert report is not None
    assert report.fallback == "CloudRefused"
    assert len(tokens) == 40
    assert max(map(len, scorer.requests)) < 20


def test_a_privacy_violation_is_raised_and_does_not_fall_back() -> None:
    class Stopped(TinyScorer):
        def score(self, sequence: PublicTokens, start: int, k: int) -> list[TopK]:
            raise PrivacyViolation("a value was about to leave", remedy="mask it")

    with pytest.raises(PrivacyViolation):
        write(scorer=Stopped())


def test_closing_the_stream_ends_the_work() -> None:
    model, scorer = TinyModel(ends=False), TinyScorer()
    stream = FusedDecoder(model, operator="mean").stream(MESSAGES, tiny_verifier(scorer), GREEDY)
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    calls, requests = model.calls, len(scorer.requests)
    time.sleep(0.05)
    assert (model.calls, len(scorer.requests)) == (calls, requests)


def test_two_streams_of_one_decoder_are_independent() -> None:
    decoder = FusedDecoder(TinyModel(ends=False), operator="mean")
    alone = ids(list(decoder.stream(MESSAGES, tiny_verifier(TinyScorer()), GREEDY)))
    first = decoder.stream(MESSAGES, tiny_verifier(TinyScorer()), GREEDY)
    second = decoder.stream(MESSAGES, tiny_verifier(TinyScorer()), GREEDY)
    pairs: Iterator[tuple[FusedToken, FusedToken]] = zip(first, second, strict=True)
    assert [(left.id, right.id) for left, right in pairs] == [(i, i) for i in alone]


def test_a_prompt_that_does_not_fit_is_refused_before_anything_is_sent() -> None:
    scorer = TinyScorer()
    decoder = FusedDecoder(TinyModel(), operator="mean")
    with pytest.raises(ContextTooLong):
        decoder.stream(MESSAGES, tiny_verifier(scorer), GenerationOptions(max_tokens=510))
    assert scorer.requests == []


def test_contrast_needs_a_baseline() -> None:
    with pytest.raises(FusionError, match="baseline"):
        FusedDecoder(TinyModel(), operator="contrast")


def test_a_grammar_is_refused() -> None:
    options = GenerationOptions(max_tokens=9, grammar="start: /a/")
    with pytest.raises(FusionError, match="grammar"):
        FusedDecoder(TinyModel(), operator="mean").stream(
            MESSAGES, tiny_verifier(TinyScorer()), options
        )
