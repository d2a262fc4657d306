"""`Bounded`: what a text tells of the private context stays below a proven bound."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binom, chisquare

from cogenesis_langchain.errors import CloudTimeout, ConfigurationError, FusionError
from cogenesis_langchain.fusion.bounded.clipping import clipped
from cogenesis_langchain.fusion.bounded.decoder import BoundedDecoder
from cogenesis_langchain.fusion.bounded.rounds import PromptedModel
from cogenesis_langchain.fusion.bounded.target import BoundedTarget, Reading
from cogenesis_langchain.fusion.operators import Mixture, operator_named
from cogenesis_langchain.fusion.repetition import PresencePenalty
from cogenesis_langchain.fusion.trace import Trace
from cogenesis_langchain.fusion.verification.verifier import TokenVerifier
from cogenesis_langchain.models.base import GenerationOptions, LogProbs, PrivateMessage, TopK
from cogenesis_langchain.models.local.logits import log_softmax, top_k
from cogenesis_langchain.models.local.sampling import SamplingParameters, TokenDistribution
from cogenesis_langchain.privacy.text import PublicText
from cogenesis_langchain.privacy.views.bounded_disclosure import BoundedDisclosure
from cogenesis_langchain.privacy.views.disclosure import PublicTokens
from cogenesis_langchain.privacy.views.limits import Bounded
from cogenesis_langchain.prompts import PublicTemplate

T = TypeVar("T")
END = 0
LETTERS = b"abc"
TASK = PublicText.compose(PublicTemplate("Task: "))
Floats = NDArray[np.float64]


def logits_of(seed: object, likely: bytes, scale: float) -> NDArray[np.float32]:
    digest = hashlib.blake2b(repr(seed).encode(), digest_size=8).digest()
    chance = np.random.default_rng(int.from_bytes(digest))
    logits = np.full(256, -40.0, dtype=np.float32)
    logits[[END, *likely]] = chance.normal(scale=scale, size=len(likely) + 1)
    logits[END] -= 2.0
    return logits


class TinyModel:
    """A local model of bytes. What its prompt begins with changes every distribution."""

    vocabulary_size = 256
    window = 1000
    end_tokens = frozenset({END})

    def __init__(self, secret: bytes = b"") -> None:
        self._secret = secret

    def encode(self, text: bytes) -> list[int]:
        return list(text)

    def encode_chat(self, messages: Sequence[PrivateMessage]) -> list[int]:
        raise NotImplementedError

    def decode(self, ids: Sequence[int]) -> bytes:
        return bytes(token for token in ids if token != END)

    def next_logprobs(self, ids: Sequence[int]) -> LogProbs:
        at = ids.index(ord("|"))
        written = bytes(ids[at + 1 :])
        logits = logits_of(("local", bytes(ids[:at]), written), LETTERS, 2.5)
        if self._secret and bytes(ids[:at]) == b"alice":
            begun = max(n for n in range(len(self._secret)) if written.endswith(self._secret[:n]))
            logits[self._secret[begun]] = 12.0
        return log_softmax(logits)

    def read(self, ids: Sequence[int], start: int, reduce: Callable[[LogProbs], T]) -> list[T]:
        return [reduce(self.next_logprobs(ids[:end])) for end in range(start, len(ids) + 1)]


class TinyCloud:
    """A `BlockScorer` that keeps what it was sent; it leaves a blank after each letter of a set."""

    window = 1000
    max_k = 20
    end_tokens = frozenset({END})

    def __init__(self, *, blanks_after: bytes = b"", fails_after: int = 10_000) -> None:
        self._blanks_after = blanks_after
        self._fails_after = fails_after
        self.sent: list[bytes] = []

    def score(self, sequence: PublicTokens, start: int, k: int) -> list[TopK]:
        if len(self.sent) >= self._fails_after:
            raise CloudTimeout("no answer", remedy="try again")
        ids = bytes(sequence.ids)
        self.sent.append(ids)
        return [top_k(self._logits(ids[:end]), k) for end in range(start, len(ids) + 1)]

    def _logits(self, text: bytes) -> NDArray[np.float32]:
        logits = logits_of(("cloud", text), LETTERS, 1.0)
        if text[-1] in self._blanks_after:
            logits[ord("[")] = 20.0
        return log_softmax(logits)


def decoding(
    prompt: bytes,
    cloud: TinyCloud,
    *,
    bound: Bounded,
    seed: int = 0,
    tokens: int = 4,
    secret: bytes = b"",
    temperature: float = 1.0,
    disclosure: BoundedDisclosure | None = None,
) -> Iterator[Any]:
    model = TinyModel(secret)
    view = disclosure or BoundedDisclosure(encode=model.encode, decode=model.decode)
    verifier = TokenVerifier(
        cloud,
        PublicTokens.of([TASK], lambda texts: list(str(texts[0]).encode())),
        vocabulary_size=256,
        disclosure=view,
    )
    decoder = BoundedDecoder(
        model, TinyModel(), bound, operator=Mixture(0.5), presence_penalty=0.0, draft_tokens=2
    )
    return decoder.stream(
        [*prompt, ord("|")],
        [*b"public", ord("|")],
        verifier,
        view,
        GenerationOptions(max_tokens=tokens, temperature=temperature, top_p=1.0, seed=seed),
    )


def write(prompt: bytes, cloud: TinyCloud, **settings: Any) -> Trace:
    return Trace.of(decoding(prompt, cloud, **settings))


chances_of_six = st.lists(
    st.just(0.0) | st.just(5e-324) | st.floats(1e-9, 1.0), min_size=6, max_size=6
)
distributions = chances_of_six.filter(lambda weights: sum(weights) > 0.01)


def normed(weights: list[float]) -> Floats:
    array = np.array(weights)
    return np.asarray(array / array.sum())


@given(distributions, distributions, distributions, st.floats(0.001, 3.0))
def test_two_clipped_distributions_differ_by_at_most_four_clips(
    public: list[float], first: list[float], second: list[float], clip: float
) -> None:
    base = TokenDistribution(np.arange(6), normed(public))
    one, other = (clipped(base, normed(private), clip) for private in (first, second))
    assert (
        one.ids.tolist() == other.ids.tolist() == np.flatnonzero(normed(public) > 1e-290).tolist()
    )
    ratios = np.log(one.probabilities) - np.log(other.probabilities)
    assert ratios.max() - ratios.min() <= 4 * clip + 1e-9
    assert abs(ratios).max() <= 4 * clip + 1e-9
    assert abs(np.log(one.probabilities / base.of(one.ids))).max() <= 2 * clip + 1e-9


def test_without_the_clip_they_differ_by_more() -> None:
    base = TokenDistribution(np.arange(2), np.array([0.5, 0.5]))
    one = clipped(base, np.array([0.999, 0.001]), math.inf)
    assert np.log(one.probabilities[0] / 0.001) > 6.0


@given(distributions, distributions, distributions, st.floats(0.05, 2.0), st.floats(1.1, 40.0))
def test_the_renyi_divergence_of_a_token_is_below_that_of_the_proof(
    public: list[float], first: list[float], second: list[float], clip: float, order: float
) -> None:
    """A bounded range of ``4 c`` gives a divergence of at most ``order (4 c)^2 / 8``."""
    base = TokenDistribution(np.arange(6), normed(public))
    p, q = (clipped(base, normed(private), clip).probabilities for private in (first, second))
    divergence = math.log(float(np.sum(q * (p / q) ** order))) / (order - 1.0)
    assert divergence <= order * (4 * clip) ** 2 / 8 + 1e-9


def delta_of(tokens: int, clip: float, epsilon: float) -> float:
    """The exact delta of a text each of whose tokens is one of two, as far apart as a clip allows.

    Both have public probability 1/2, and the two contexts tilt them in opposite directions.
    """
    likely = math.exp(clip) / (math.exp(clip) + math.exp(-clip))
    counts = np.arange(tokens + 1)
    p, q = binom.pmf(counts, tokens, likely), binom.pmf(counts, tokens, 1.0 - likely)
    return float(np.maximum(p - math.exp(epsilon) * q, 0.0).sum())


@pytest.mark.parametrize("tokens", [1, 20, 200, 1000])
@pytest.mark.parametrize("bound", [Bounded(1.0, 1e-5), Bounded(8.0, 1e-6), Bounded(64.0, 1e-3)])
def test_a_whole_text_stays_below_delta(bound: Bounded, tokens: int) -> None:
    assert delta_of(tokens, bound.clip(tokens), bound.epsilon) <= bound.delta


def test_a_clip_four_times_as_large_would_not() -> None:
    bound = Bounded(8.0, 1e-6)
    assert delta_of(200, 4 * bound.clip(200), bound.epsilon) > 1e-3


def test_the_clip_composes_better_than_the_sum_in_long_texts() -> None:
    bound = Bounded(8.0, 1e-6)
    assert bound.clip(1) == pytest.approx(2.0)
    assert bound.clip(200) == pytest.approx(0.0477, abs=1e-4) and bound.clip(200) > 8 / 800


BOUND = Bounded(epsilon=2.0, delta=1e-9)
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
    "given", [(0.0, 1e-6), (-1.0, 1e-6), (8.0, 0.0), (8.0, 1.0), (math.inf, 0.1), (math.nan, 0.1)]
)
def test_what_is_no_bound_is_an_error(given: tuple[float, float]) -> None:
    with pytest.raises(ConfigurationError, match="is no bound"):
        Bounded(*given)


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


def test_the_contrast_operator_reads_the_context() -> None:
    """Its baseline is the reading without the context, so both readings are not the same."""
    operator = operator_named("contrast")
    target = BoundedTarget(
        operator, PresencePenalty(0.0), None, SamplingParameters(1.0, 1.0), clip=10.0
    )
    public = Reading((), np.array([0.1, 0.6, 0.3]))
    private = Reading((), np.array([0.9, 0.05, 0.05]))
    topk = TopK(np.arange(3), np.log(np.array([0.2, 0.5, 0.3])).astype(np.float32))
    draws = [
        target.draw(lambda _: topk, public, private, uniform).token
        for uniform in np.linspace(0.0, 0.999, 200)
    ]
    assert draws.count(0) > 100, "the cloud alone would give a fifth"


@given(distributions, st.lists(st.tuples(distributions, st.floats(0.01, 1.0)), min_size=1),
       distributions, st.floats(0.01, 2.0))  # fmt: skip
def test_also_if_details_differ_the_ratio_stays_within_four_clips(
    public: list[float],
    details: list[tuple[list[float], float]],
    other: list[float],
    clip: float,
) -> None:
    """Given what was shown, a token follows a mixture over what the details may be."""
    base = TokenDistribution(np.arange(6), normed(public))
    shares = normed([share for _, share in details])
    mixed = sum(
        share * clipped(base, normed(private), clip).probabilities
        for share, (private, _) in zip(shares, details, strict=True)
    )
    ratios = np.log(mixed) - np.log(clipped(base, normed(other), clip).probabilities)
    assert ratios.max() - ratios.min() <= 4 * clip + 1e-9


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
