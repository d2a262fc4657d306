"""Fused decoding with masked disclosure: no private value leaves, and blocks change no token."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from support.planted_models import (
    NOTE,
    VALUES,
    PlantedModel,
    RecordingIds,
    RecordingTexts,
    verifier_of_ids,
    verifier_of_texts,
)
from support.thorough import THOROUGH

from cogenesis_langchain.fusion.decoder import FusedDecoder
from cogenesis_langchain.fusion.operators import Mixture, Operator
from cogenesis_langchain.fusion.position import Position, complete
from cogenesis_langchain.fusion.repetition import PresencePenalty
from cogenesis_langchain.fusion.trace import Trace
from cogenesis_langchain.fusion.verification.verifier import Verifier
from cogenesis_langchain.models.base import GenerationOptions, PrivateMessage
from cogenesis_langchain.models.decoding.sampling import next_probabilities
from cogenesis_langchain.privacy.text import PrivateText
from cogenesis_langchain.testing.search import find_leaks

TEXTS = 2500 if THOROUGH else 12
OPERATOR = Mixture(0.6)
MESSAGES = [PrivateMessage("user", PrivateText(NOTE))]
Make = Callable[[str, PlantedModel, int], tuple[Verifier, list[bytes]]]


def with_ids(kind: str, model: PlantedModel, seed: int) -> tuple[Verifier, list[bytes]]:
    cloud = RecordingIds(seed)
    return verifier_of_ids(kind, model, cloud), cloud.sent


def with_texts(kind: str, model: PlantedModel, seed: int) -> tuple[Verifier, list[bytes]]:
    cloud = RecordingTexts(seed)
    return verifier_of_texts(kind, model, cloud), cloud.sent


def write(
    verifier: Verifier, model: PlantedModel, *, seed: int, temperature: float, tokens: int = 50
) -> Trace:
    options = GenerationOptions(max_tokens=tokens, temperature=temperature, top_p=1.0, seed=seed)
    decoder = FusedDecoder(model, operator=OPERATOR, presence_penalty=0.5)
    return Trace.of(decoder.stream(MESSAGES, verifier, options))


def leaks(kind: str, make: Make, seeds: range) -> tuple[int, int, int]:
    """Number of texts with a planted value, of values in requests, and of positions voted on."""
    planted = found = votes = 0
    for seed in seeds:
        model = PlantedModel(seed)
        verifier, sent = make(kind, model, seed)
        trace = write(verifier, model, seed=seed, temperature=0.8)
        planted += bool(find_leaks(trace.text.encode(), VALUES))
        found += len(find_leaks(b"\n".join(sent), VALUES))
        votes += sum(token.source != "local" for token in trace.tokens)
    return planted, found, votes


@pytest.mark.parametrize("make", [with_ids, with_texts])
def test_no_private_value_is_sent(make: Make) -> None:
    planted, found, votes = leaks("masked", make, range(2))
    assert planted == 2 and found == 0 and votes > 20


@pytest.mark.slow
@pytest.mark.parametrize("make", [with_ids, with_texts])
def test_no_private_value_is_sent_in_many_texts(make: Make) -> None:
    planted, found, votes = leaks("masked", make, range(100, 100 + TEXTS))
    assert planted > 0.8 * TEXTS and found == 0 and votes > 10 * TEXTS


@pytest.mark.parametrize("make", [with_ids, with_texts])
def test_the_control_with_open_disclosure_leaks(make: Make) -> None:
    planted, found, _ = leaks("open", make, range(2))
    assert planted >= 2 and found >= 2


def token_by_token(
    operator: Operator, verifier: Verifier, model: PlantedModel, tokens: int
) -> list[int]:
    """Fuse and choose greedily, one position at a time."""
    prompt, written = model.encode_chat(MESSAGES), list[int]()
    for _ in range(tokens):
        local = next_probabilities(model, (*prompt, *written))
        topk = verifier.verify(written, ())[0](local)
        fused = local
        if topk is not None:
            fused = operator.fuse(Position(local, complete(topk, local), None)).probabilities
        written.append(int(np.argmax(PresencePenalty(0.5).apply(fused, written))))
    return written


@pytest.mark.parametrize("make", [with_ids, with_texts])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_masked_blocks_write_what_masked_tokens_one_by_one_write(make: Make, seed: int) -> None:
    model = PlantedModel(seed)
    wanted = token_by_token(OPERATOR, make("masked", model, seed)[0], model, 40)
    verifier, sent = make("masked", model, seed)
    trace = write(verifier, model, seed=seed, temperature=0.0, tokens=40)
    assert [token.id for token in trace.tokens] == wanted
    assert {token.source for token in trace.tokens} >= {"local", "accepted"}
    assert 0 < trace.report.requests < 40 and sent


def test_the_same_seed_writes_the_same_sampled_text_with_a_fresh_and_a_used_view() -> None:
    model = PlantedModel(5)
    used, _ = with_ids("masked", model, 5)
    write(used, model, seed=8, temperature=1.0)
    fresh, _ = with_ids("masked", model, 5)
    texts = [write(one, model, seed=9, temperature=1.0).text for one in (used, fresh)]
    assert texts[0] == texts[1]


def test_where_the_end_of_the_text_is_open_there_is_no_request() -> None:
    model = PlantedModel(1)
    verifier, sent = with_ids("masked", model, 1)
    written = model.encode(b"Dear Bartholomew")
    assert verifier.shown(written, model.encode(b" Quistga")) is None
    views = verifier.verify(written, model.encode(b" Quistga"))
    local = np.full(model.vocabulary_size, 1 / model.vocabulary_size)
    assert [view(local) for view in views] == [None] * 9 and sent == []


def test_only_drafts_whose_characters_are_settled_are_sent() -> None:
    model = PlantedModel(1)
    verifier, sent = with_ids("masked", model, 1)
    written, block = model.encode(b"Dear Bartholomew"), model.encode(b" is on Ann")
    views = verifier.verify(written, block)
    local = np.full(model.vocabulary_size, 1 / model.vocabulary_size)
    assert sent == [b"Task: write. Dear [NAME_1] is on "]
    voted = [view(local) is not None for view in views]
    assert len(voted) == 11 and not voted[0] and voted[6] and voted[7] and not any(voted[8:])
    shown = verifier.shown(written, block)
    assert shown is not None
    assert [[*written, *block][index] for index in shown] == model.encode(b"Dear  is on ")


def test_the_report_counts_only_tokens_that_were_shown_as_they_are() -> None:
    model = PlantedModel(2)
    verifier, sent = with_ids("masked", model, 2)
    report = write(verifier, model, seed=2, temperature=0.0).report
    assert 0 < report.tokens_shown < report.tokens + report.drafted
    assert report.requests == len(sent)
