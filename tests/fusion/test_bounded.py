"""`Bounded`: what a text tells of the private context stays below a proven bound."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import chisquare
from support.tiny_bounded import BOUND, END, LETTERS, TASK, TinyCloud, TinyModel, write

from cogenesis_langchain.errors import FusionError
from cogenesis_langchain.fusion.bounded.decoder import BoundedDecoder
from cogenesis_langchain.fusion.bounded.rounds import PromptedModel
from cogenesis_langchain.fusion.operators import Mixture
from cogenesis_langchain.models.base import GenerationOptions
from cogenesis_langchain.privacy.views.bounded_disclosure import BoundedDisclosure
from cogenesis_langchain.privacy.views.disclosure import PublicTokens
from cogenesis_langchain.privacy.views.limits import Bounded

UNBOUNDED = Bounded(epsilon=500.0, delta=1e-9)
TOKENS = 3


def chances(prompt: bytes, clip: float) -> dict[bytes, float]:
    """The probability of each text, computed from the definition, position by position."""
    model, cloud = TinyModel(), TinyCloud()
    found: dict[bytes, float] = {}

    def extend(text: bytes, chance: float) -> None:
        if len(text) == TOKENS or text.endswith(bytes([END])):
            found[text] = chance
            return
        public = np.exp(model.next_logprobs([*b"public|", *text]).astype(np.float64))
        private = np.exp(model.next_logprobs([*prompt, ord("|"), *text]).astype(np.float64))
        (topk,) = cloud.score(
            PublicTokens.of([TASK], lambda texts: [*str(texts[0]).encode(), *text]),
            len(str(TASK)) + len(text),
            20,
        )
        theirs = np.zeros(256)
        theirs[topk.ids] = np.exp(topk.logprobs)
        tilt = np.clip(np.log((private + theirs) / (public + theirs)), -clip, clip)
        weights = (public + theirs) * np.exp(tilt)
        for token in (END, *LETTERS):
            share = float(weights[token] / weights.sum())
            extend(text + bytes([token]), chance * share)

    extend(b"", 1.0)
    return found


PAIRS = [(b"alice", b"bob"), (b"alice", b"public"), (b"carol", b"dora")]


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_no_text_is_more_telling_than_promised(first: bytes, second: bytes) -> None:
    clip = BOUND.clip(TOKENS)
    one, other = chances(first, clip), chances(second, clip)
    assert sum(one.values()) == pytest.approx(1.0)
    worst = max(abs(math.log(one[text] / other[text])) for text in one)
    assert 0.1 < worst <= BOUND.epsilon


@pytest.mark.parametrize(("first", "second"), PAIRS[:1])
def test_the_control_without_a_clip_is(first: bytes, second: bytes) -> None:
    one, other = chances(first, 1e9), chances(second, 1e9)
    assert max(abs(math.log(one[text] / other[text])) for text in one) > BOUND.epsilon


@pytest.mark.slow
def test_the_decoder_draws_texts_from_this_distribution() -> None:
    expected = chances(b"alice", BOUND.clip(TOKENS))
    drawn = dict.fromkeys(expected, 0)
    draws = 1200
    for seed in range(draws):
        trace = write(b"alice", TinyCloud(), bound=BOUND, seed=seed, tokens=TOKENS)
        drawn[bytes(token.id for token in trace.tokens)] += 1
    common = [text for text, chance in expected.items() if chance * draws >= 5]
    observed = [drawn[text] for text in common]
    wanted = [expected[text] * draws for text in common]
    observed.append(draws - sum(observed))
    wanted.append(draws - sum(wanted))
    assert chisquare(observed, wanted).pvalue > 1e-3
    unclipped = chances(b"alice", 1e9)
    other = [unclipped[text] * draws for text in common]
    other.append(draws - sum(other))
    assert chisquare(observed, other).pvalue < 1e-6  # the control


def requests_by_text(prompt: bytes, seeds: range) -> dict[bytes, list[bytes]]:
    """What was sent for each text as it was shown, texts that were cut off included."""
    found: dict[bytes, list[bytes]] = {}
    for seed in seeds:
        cloud = TinyCloud(blanks_after=b"b")
        model = TinyModel()
        view = BoundedDisclosure(encode=model.encode, decode=model.decode)
        settings = {"bound": BOUND, "seed": seed, "tokens": 24, "disclosure": view}
        trace = write(prompt, cloud, **settings)
        shown = bytes(view.reading([token.id for token in trace.tokens]))
        assert found.setdefault(shown, cloud.sent) == cloud.sent
    return found


@pytest.mark.slow
def test_what_is_asked_depends_on_what_was_shown_alone() -> None:
    """Drafts, their number and the number of requests are the same in two private worlds."""
    one, other = (requests_by_text(prompt, range(150)) for prompt in (b"alice", b"bob"))
    shared = one.keys() & other.keys()
    assert len(shared) > 5 and any(b"[PRIVATE_1]" in text for text in shared)
    assert any(text[-1] != END for text in shared) and any(text[-1] == END for text in shared)
    assert all(one[text] == other[text] for text in shared)


def test_the_length_of_a_detail_changes_neither_the_requests_nor_the_end_of_the_text() -> None:
    strict = Bounded(epsilon=1e-6, delta=1e-9)
    sent: dict[bytes, list[bytes]] = {b"XQ": [], b"XQZZXYWVUTS": []}
    for secret, requests in sent.items():
        for seed in range(10):
            cloud = TinyCloud(blanks_after=b" ")
            trace = write(b"alice", cloud, bound=strict, tokens=22, secret=secret, seed=seed)
            assert trace.text.encode().startswith(secret)
            requests += cloud.sent
    assert sent[b"XQ"] == sent[b"XQZZXYWVUTS"] and len(sent[b"XQ"]) > 30


def test_what_only_the_context_knows_is_written_in_a_blank_and_not_shown() -> None:
    secret = b"XQZZXY"
    cloud = TinyCloud(blanks_after=b": ")
    trace = write(b"alice", cloud, bound=BOUND, tokens=30, secret=secret)
    assert secret in trace.text.encode()
    sent = b"\n".join(cloud.sent)
    assert b"Task: [PRIVATE_1]" in sent and secret not in sent and secret[:1] not in sent
    assert trace.report.tokens_shown < trace.report.tokens
    assert {token.source for token in trace.tokens} >= {"local"}


def test_the_report_adds_up_what_the_tokens_told() -> None:
    loose, tight = (
        write(b"alice", TinyCloud(), bound=bound, tokens=40, seed=3).report.nats_told
        for bound in (UNBOUNDED, Bounded(1.0, 1e-6))
    )
    assert loose is not None and tight is not None
    assert 0.0 < tight <= 40 * 2 * Bounded(1.0, 1e-6).clip(40)
    assert loose > tight


def test_if_the_cloud_fails_the_local_model_goes_on_alone() -> None:
    cloud = TinyCloud(fails_after=1)
    trace = write(b"alice", cloud, bound=BOUND, tokens=30, seed=1)
    assert trace.report.fallback == "CloudTimeout" and len(cloud.sent) == 1
    assert trace.tokens[-1].source == "local" and trace.tokens[-1].finish_reason


def test_readings_of_earlier_rounds_are_forgotten() -> None:
    model = PromptedModel(TinyModel(), [*b"public|"])
    readings = [model.after([ord("a")] * length) for length in range(3)]
    assert model.after([ord("a")]) is readings[1]
    model.forget()
    assert model.after([ord("a")]) is not readings[1]


@pytest.mark.parametrize("fails_after", [0, 3])
def test_memory_does_not_grow_with_the_text(
    fails_after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[int] = []
    forget = PromptedModel.forget

    def counting(model: PromptedModel) -> None:
        kept.append(len(model._known))
        forget(model)

    monkeypatch.setattr(PromptedModel, "forget", counting)
    for seed in range(8):
        cloud = TinyCloud(blanks_after=b" ", fails_after=fails_after)
        write(b"alice", cloud, bound=BOUND, tokens=120, secret=b"XQZ", seed=seed)
    assert len(kept) > 20 and max(kept) <= 16 + 3


def test_the_same_seed_writes_the_same_text() -> None:
    texts = {write(b"alice", TinyCloud(), bound=BOUND, seed=7, tokens=20).text for _ in range(3)}
    assert len(texts) == 1


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (GenerationOptions(temperature=0.0), "temperature=0 draws nothing"),
        (GenerationOptions(stop=("END",)), "cannot end at a stop string"),
        (GenerationOptions(grammar='{"type": "object"}'), "cannot follow a grammar"),
    ],
)
def test_options_without_a_bound_are_refused(options: GenerationOptions, problem: str) -> None:
    decoder = BoundedDecoder(TinyModel(), TinyModel(), BOUND, operator=Mixture(0.5))
    with pytest.raises(FusionError, match=problem):
        decoder.require(options)


def test_end_tokens_of_the_server_that_the_local_model_does_not_have_are_ignored() -> None:
    cloud = TinyCloud(blanks_after=b" ")
    cloud.end_tokens = frozenset({END, 300, -1})
    assert write(b"alice", cloud, bound=BOUND, tokens=20, secret=b"XQZ").text


def test_a_detail_does_not_end_inside_a_character() -> None:
    secret = b"XQZWVUTSXQZWVUT" + "ü".encode()
    trace = write(
        b"alice", TinyCloud(blanks_after=b" "), bound=BOUND, tokens=40, secret=secret, seed=2
    )
    assert trace.text.startswith("XQZWVUTSXQZWVUT") and "\ufffd" not in trace.text
