from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from support.scoring_servers import (
    Answer,
    Route,
    echo,
    llama_server,
    serving,
    sglang,
    together,
    vllm,
)
from support.tiny_endpoint import SEQUENCE, Log, decode, encode, endpoint, public, score, sequence
from support.tiny_models import PIECES

from cogenesis_langchain.errors import (
    CloudAnswerInvalid,
    CloudUnavailable,
    FusionError,
)
from cogenesis_langchain.models.scoring.scorers import HttpBlockScorer, HttpTextScorer
from cogenesis_langchain.models.scoring.scores import TopK

TOKEN_SERVERS: Mapping[str, Callable[[], Mapping[str, Route]]] = {
    "vllm": lambda: vllm(score, encode),
    "sglang": lambda: sglang(score, encode),
    "llama-server": lambda: llama_server(score, encode, decode),
}
TEXT_SERVERS: Mapping[str, Callable[[], Mapping[str, Route]]] = {
    "llama-server, text": lambda: llama_server(score, encode, decode),
    "echo": lambda: echo(score, encode, decode),
    "echo, late": lambda: echo(score, encode, decode, late=True),
    "together": lambda: together(score, encode, decode),
}


@pytest.mark.parametrize("name", TOKEN_SERVERS)
def test_each_dialect_scores_every_position_of_a_block(name: str) -> None:
    with serving(TOKEN_SERVERS[name]()) as server:
        scorer = HttpBlockScorer(endpoint(server.url))
        found = scorer.score(sequence(), 2, 3)
    wanted = score(SEQUENCE, 2, 3)
    assert len(found) == len(SEQUENCE) - 1
    for one, other in zip(found, wanted, strict=True):
        assert one.ids.tolist() == other.ids.tolist()
        assert one.logprobs == pytest.approx(other.logprobs, abs=1e-6)


@pytest.mark.parametrize("name", TOKEN_SERVERS)
def test_what_comes_back_does_not_depend_on_the_draft(name: str) -> None:
    """The top-k trap: servers add the block's own tokens to the top-k of their positions."""
    with serving(TOKEN_SERVERS[name]()) as server:
        scorer = HttpBlockScorer(endpoint(server.url))
        views = [scorer.score(sequence((0, 1, token, 2)), 2, 2)[0] for token in range(len(PIECES))]
    assert {tuple(view.ids.tolist()) for view in views} == {tuple(views[0].ids.tolist())}
    assert all(len(view.ids) == 2 for view in views)


def test_the_server_does_add_the_blocks_own_tokens() -> None:
    """Control for the test above."""
    routes = vllm(score, encode)
    status, body = routes["POST /v1/completions"](
        {"prompt": [0, 1, int(score((0, 1), 2, 9)[0].ids[-1])], "prompt_logprobs": 2, "logprobs": 2}
    )
    assert status == 200
    assert isinstance(body, dict)
    assert len(body["choices"][0]["prompt_logprobs"][2]) == 3


@pytest.mark.parametrize("name", TEXT_SERVERS)
def test_each_text_dialect_scores_the_ends_of_growing_texts(name: str) -> None:
    texts = ["ab", "ab c", "ab cb"]
    with serving(TEXT_SERVERS[name]()) as server:
        scorer = HttpTextScorer(endpoint(server.url))
        found = scorer.score_text([public(text) for text in texts], 3)
    assert len(found) == 3
    for text, answer in zip(texts, found, strict=True):
        ids = encode(text)
        whole = score(ids, len(ids), 8)[0]
        masses = {decode(int(t)): float(p) for t, p in zip(whole.ids, whole.logprobs, strict=True)}
        for string, logprob in zip(answer.strings, answer.logprobs, strict=True):
            if string:
                assert logprob == pytest.approx(masses[string], abs=1e-6)


def merging(text: str) -> list[int]:
    """A tokenizer that reads ``ab`` as one token."""
    if not text:
        return []
    step = 2 if text.startswith("ab") else 1
    return [4 if step == 2 else encode(text[0])[0], *merging(text[step:])]


def test_a_block_that_the_server_tokenises_across_a_boundary_is_answered_up_to_it() -> None:
    with serving(echo(score, merging, decode)) as server:
        scorer = HttpTextScorer(endpoint(server.url))
        asked = len(server.requests)
        across = scorer.score_text([public("c"), public("ca"), public("cab")], 3)
        assert len(across) == 1, "once 'b' follows, the server has no boundary after 'ca'"
        assert len(server.requests) == asked + 1
        alone = scorer.score_text([public("ca"), public("cab")], 3)
        assert len(alone) == 1
        assert json.loads(server.requests[-1].body)["prompt"] == "ca", "asked for by itself"


def test_the_probe_asks_once_and_sends_nothing_but_fixed_texts() -> None:
    log = Log()
    with serving(llama_server(score, encode, decode)) as server:
        cloud = endpoint(server.url, log)
        able = cloud.probe()
        asked = len(server.requests)
        assert cloud.probe() is able
        assert len(server.requests) == asked
    assert able.tokens is not None and able.tokens.name == "llama-server"
    assert able.window == 512
    assert log.public and all(texts == () for texts in log.public)


@pytest.mark.parametrize("name", TOKEN_SERVERS)
def test_every_request_is_recorded_byte_for_byte(name: str) -> None:
    log = Log()
    with serving(TOKEN_SERVERS[name]()) as server:
        HttpBlockScorer(endpoint(server.url, log)).score(sequence(), 2, 3)
        received = [(f"{r.method} {server.url}{r.path}", r.body) for r in server.requests]
    assert [(entry.endpoint, entry.payload) for entry in log.ledger.entries] == received


def test_text_requests_name_the_public_texts_they_carry() -> None:
    log = Log()
    texts = [public("ab"), public("ab c")]
    with serving(llama_server(score, encode, decode)) as server:
        HttpTextScorer(endpoint(server.url, log)).score_text(texts, 2)
    assert log.public[-1] == texts
    assert json.loads(log.ledger.entries[-1].payload)["prompt"] == ["ab", "ab c"]


def test_a_server_without_log_probabilities_is_refused_with_the_next_rung() -> None:
    def plain(_: dict[str, object]) -> Answer:
        return 200, {"choices": [{"text": "Hello", "logprobs": None}]}

    with (
        serving({"POST /v1/completions": plain}) as server,
        pytest.raises(FusionError, match="no log-probabilities") as caught,
    ):
        endpoint(server.url).probe()
    assert "sketch" in caught.value.remedy


def test_a_server_that_allows_fewer_tokens_a_position_is_asked_for_fewer() -> None:
    routes = vllm(score, encode)
    complete = routes["POST /v1/completions"]

    def limited(body: dict[str, object]) -> Answer:
        k = body.get("prompt_logprobs")
        if isinstance(k, int) and k > 5:
            return 400, {"error": "too many"}
        return complete(body)

    with serving({**routes, "POST /v1/completions": limited}) as server:
        scorer = HttpBlockScorer(endpoint(server.url))
        assert scorer.max_k == 5
        with pytest.raises(FusionError, match="at most 5"):
            scorer.score(sequence(), 2, 6)


def test_an_echo_that_allows_twenty_is_asked_for_a_few_less() -> None:
    """Together's limit; the dialect asks for some more than it uses."""
    complete = together(score, encode, decode)["POST /v1/completions"]

    def limited(body: dict[str, Any]) -> Answer:
        return (400, {"error": "too many"}) if body["logprobs"] > 20 else complete(body)

    with serving({"POST /v1/completions": limited}) as server:
        assert endpoint(server.url).probe().max_k == 16


def test_a_server_that_re_tokenises_is_found_out() -> None:
    def longer(ids: Sequence[int], start: int, k: int) -> list[TopK]:
        return score([*ids, 0], start, k)

    with serving(vllm(score, encode)) as server:
        scorer = HttpBlockScorer(endpoint(server.url))
    with serving(vllm(longer, encode)) as changed:
        scorer._endpoint.server = endpoint(changed.url).server
        with pytest.raises((CloudAnswerInvalid, CloudUnavailable)):
            scorer.score(sequence(), 2, 3)


@pytest.mark.parametrize(
    "answer",
    [
        b"not json",
        [],
        {"choices": []},
        {"choices": [{"prompt_logprobs": [None], "logprobs": {"top_logprobs": [{}]}}]},
        {"choices": [{"prompt_logprobs": "?", "logprobs": {}}]},
    ],
)
def test_unusable_answers_are_refused(answer: object) -> None:
    with serving(vllm(score, encode)) as server:
        scorer = HttpBlockScorer(endpoint(server.url))
    routes: Mapping[str, Route] = {"POST /v1/completions": lambda _: (200, answer)}
    with serving(routes) as broken:
        scorer._endpoint.server = endpoint(broken.url).server
        with pytest.raises(CloudAnswerInvalid):
            scorer.score(sequence(), 2, 3)
