"""A budget: tokens that the context brought about are masked, although no detector knows them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import pytest
from support.planted_models import (
    NOTE,
    PROMPT,
    VALUES,
    PlantedModel,
    RecordingIds,
    RecordingTexts,
)

from cogenesis_langchain.errors import ConfigurationError, ContextTooLong
from cogenesis_langchain.fusion.decoder import FusedDecoder
from cogenesis_langchain.fusion.influence import Gains, Influence
from cogenesis_langchain.fusion.operators import Mixture
from cogenesis_langchain.fusion.position import Position, complete
from cogenesis_langchain.fusion.shown_tokens import ShownTokens
from cogenesis_langchain.fusion.trace import Trace
from cogenesis_langchain.fusion.verification.alignment import Alignment
from cogenesis_langchain.fusion.verification.verifier import (
    AlignedVerifier,
    TokenVerifier,
    Verifier,
)
from cogenesis_langchain.models.base import GenerationOptions, LogProbs, PrivateMessage
from cogenesis_langchain.models.decoding.logits import log_softmax
from cogenesis_langchain.models.decoding.sampling import next_probabilities
from cogenesis_langchain.privacy.matching.value_set import ValueSet
from cogenesis_langchain.privacy.placeholders import Placeholders
from cogenesis_langchain.privacy.text import PrivateText, PublicText
from cogenesis_langchain.privacy.views.disclosure import PublicTokens
from cogenesis_langchain.privacy.views.limits import Budget
from cogenesis_langchain.privacy.views.masked_disclosure import MaskedDisclosure
from cogenesis_langchain.privacy.views.public_view import GrowingView
from cogenesis_langchain.prompts import PublicTemplate
from cogenesis_langchain.testing.search import find_leaks

T = TypeVar("T")
NOTHING = PublicText.compose(PublicTemplate(""))
OPERATOR = Mixture(0.6)
MESSAGES = [PrivateMessage("user", PrivateText(NOTE))]


class Setup:
    """One text with a planted model, and a view that knows no value at all.

    Args:
        seed: Of the models.
        word: Nats that a shown word may gain; None shows everything.
        by_text: Whether the cloud model has another tokenizer.
    """

    def __init__(self, seed: int, word: float | None, *, by_text: bool = False) -> None:
        self.model, self.gains = PlantedModel(seed), Gains()
        self.influence = Influence(
            PlantedModel(seed, is_redacted=True), [], masked(self, word).reading, self.gains
        )
        disclosure = masked(self, word)
        texts, ids = RecordingTexts(seed), RecordingIds(seed)
        self.sent = texts.sent if by_text else ids.sent
        self.verifier: Verifier = TokenVerifier(
            ids,
            PublicTokens.of([PROMPT], lambda texts: list(str(texts[0]).encode())),
            vocabulary_size=self.model.vocabulary_size,
            disclosure=disclosure,
        )
        if by_text:
            alignment = Alignment(self.model)
            self.verifier = AlignedVerifier(
                texts, PROMPT, local=self.model, alignment=alignment, disclosure=disclosure
            )

    def write(self, *, temperature: float = 0.8, most_told: float = math.inf) -> Trace:
        options = GenerationOptions(max_tokens=50, temperature=temperature, top_p=1.0, seed=1)
        decoder = FusedDecoder(self.model, operator=OPERATOR, presence_penalty=0.0)
        return Trace.of(
            decoder.stream(
                MESSAGES,
                self.verifier,
                options,
                influence=self.influence,
                most_told=most_told,
            )
        )

    def leaks(self) -> list[str]:
        """The planted strings that the cloud model was sent."""
        return [str(found) for found in find_leaks(b"\n".join(self.sent), VALUES)]


def masked(made: Setup | Reading, word: float | None) -> MaskedDisclosure:
    return MaskedDisclosure(
        GrowingView(ValueSet.from_texts(()), Placeholders(), most=word),
        encode=made.model.encode,
        decode=made.model.decode,
        gains=made.gains.of,
    )


@pytest.mark.parametrize("by_text", [False, True])
def test_what_only_the_context_can_have_said_is_not_sent(by_text: bool) -> None:
    planted, votes = 0, 0
    for seed in range(3):
        made = Setup(seed, 3.0, by_text=by_text)
        trace = made.write()
        planted += bool(find_leaks(trace.text.encode(), VALUES))
        votes += sum(token.source != "local" for token in trace.tokens)
        assert not made.leaks() and b"[TEXT_1]" in b"".join(made.sent)
    assert planted and votes > 20


def test_the_control_without_a_limit_for_words_leaks() -> None:
    assert any(made.leaks() for seed in range(3) if (made := Setup(seed, None)).write())


def test_blocks_write_what_tokens_one_by_one_write() -> None:
    for seed in (1, 2, 3):
        made, blocks = Setup(seed, 3.0), Setup(seed, 3.0)
        prompt, written = made.model.encode_chat(MESSAGES), list[int]()
        for _ in range(50):
            local = next_probabilities(made.model, (*prompt, *written))
            topk = made.verifier.verify(written, ())[0](local)
            fused = local
            if topk is not None:
                fused = OPERATOR.fuse(Position(local, complete(topk, local), None)).probabilities
            token = int(np.argmax(fused))
            made.influence.measure(written, token, local)
            written.append(token)
        assert [token.id for token in blocks.write(temperature=0.0).tokens] == written


def test_the_report_tells_how_much_was_told_and_the_budget_ends_it() -> None:
    free = Setup(4, 3.0).write().report
    assert free.nats_told is not None and free.nats_told > 2.0 and free.fallback is None
    made = Setup(4, 3.0)
    half = free.nats_told / 2
    limited = made.write(most_told=half).report
    assert limited.nats_told is not None and 0 < limited.nats_told <= half
    assert limited.tokens == free.tokens == 50
    assert limited.tokens_asked < free.tokens_asked and limited.requests < free.requests
    assert limited.fallback == "BudgetReached"


class Words:
    """A `TokenModel` of words that likes to write what it has read. Other tokens are bytes.

    Args:
        words: Its vocabulary beside the bytes.
    """

    window = 1_000
    end_tokens: frozenset[int] = frozenset()

    def __init__(self, words: str) -> None:
        self._pieces = [bytes([byte]) for byte in range(256)]
        self._pieces += [f" {word}".encode() for word in words.split()]
        self.vocabulary_size = len(self._pieces)

    def encode(self, text: bytes) -> list[int]:
        return list(text)

    def encode_chat(self, messages: Sequence[PrivateMessage]) -> list[int]:
        raise AssertionError("no conversation is read here")

    def decode(self, ids: Sequence[int]) -> bytes:
        return b"".join(self._pieces[token] for token in ids)

    def next_logprobs(self, ids: Sequence[int]) -> LogProbs:
        logits = np.full(self.vocabulary_size, -5.0, dtype=np.float32)
        logits[256:] = 0.0
        logits[sorted({token for token in ids if token >= 256})] = 6.0
        return log_softmax(logits)

    def read(self, ids: Sequence[int], start: int, reduce: Callable[[LogProbs], T]) -> list[T]:
        return [reduce(self.next_logprobs(ids[:end])) for end in range(start, len(ids) + 1)]

    def ids(self, text: str) -> list[int]:
        return [self._pieces.index(f" {word}".encode()) for word in text.split()]


class Reading:
    """A text that is read beside a private note, token by token.

    Args:
        is_raw: Control: the reader without the note reads the text as it is, not its view.
    """

    NOTE = "knee multiple sclerosis"
    TEXT = "my knee hurts and my knee is bad and multiple sclerosis is bad and sclerosis hurts"

    def __init__(self, *, is_raw: bool = False) -> None:
        self.model, self.gains = Words(f"{self.TEXT} {self.NOTE} a b c d e f g h"), Gains()
        self.prompt, self.text = self.model.ids("a b"), self.model.ids(self.TEXT)
        self.shown = ShownTokens(self.gains)
        self.disclosure = masked(self, 3.0)
        reading = (lambda text: text) if is_raw else masked(self, 3.0).reading
        influence = Influence(self.model, self.prompt, reading, self.gains)
        note = self.model.ids(self.NOTE)
        for count, token in enumerate(self.text):
            local = next_probabilities(self.model, (*self.prompt, *note, *self.text[:count]))
            influence.measure(self.text[:count], token, local)
            seen = self.disclosure.shown(self.text[: count + 1], 0)
            assert seen is not None
            self.shown.admit(self.text[: count + 1], seen)

    def seen(self) -> str:
        """What the cloud model was shown."""
        shown = self.disclosure.text(NOTHING, [*self.text, *self.model.ids("a")])
        return str(shown).removesuffix(" a").strip()

    def ratio(self) -> float:
        """The log-likelihood ratio of the shown words, computed from the view alone."""
        note, view, total = self.model.ids(self.NOTE), list[int](), 0.0
        for part in self.disclosure.view(self.text):
            if isinstance(part, str):
                view += self.model.encode(part.encode())
                continue
            for index in part:
                token, before = self.text[index], self.text[:index]
                informed = self.model.next_logprobs((*self.prompt, *note, *before))[token]
                total += float(informed - self.model.next_logprobs((*self.prompt, *view))[token])
                view.append(token)
        return total


def test_a_masked_word_stays_masked_when_it_is_said_again() -> None:
    seen = Reading().seen()
    assert "knee" not in seen and "sclerosis" not in seen and "multiple" not in seen
    assert "hurts and my" in seen


def test_the_control_that_reads_the_text_as_it_is_shows_it_the_second_time() -> None:
    assert "knee" in (seen := Reading(is_raw=True).seen()) and "sclerosis" in seen


def test_what_is_told_bounds_the_ratio_of_what_was_shown() -> None:
    made, control = Reading(), Reading(is_raw=True)
    assert made.shown.nats_told is not None and control.shown.nats_told is not None
    assert 0 < abs(made.ratio()) <= made.shown.nats_told
    assert abs(control.ratio()) > control.shown.nats_told, "the control does not hold the bound"


def test_what_was_not_measured_counts_as_brought_about() -> None:
    gains = Gains()
    gains.add((), 1, 0.5)
    gains.add((1,), 2, -1.0)
    assert gains.of((1, 2)) == [0.5, -1.0]
    assert gains.of((1, 3)) == [0.5, math.inf]
    assert gains.of((2,)) == [math.inf]


def test_a_gain_is_the_difference_of_log_probabilities() -> None:
    made = Setup(1, 3.0)
    prompt, written = made.model.encode_chat(MESSAGES), made.model.encode(b" the")
    local = next_probabilities(made.model, (*prompt, *written))
    redacted = next_probabilities(PlantedModel(1, is_redacted=True), written)
    for token in np.argsort(local)[-5:]:
        gains, influence = fresh(made)
        influence.measure(written, int(token), local)
        expected = math.log(local[token] / redacted[token])
        assert gains.of((*written, int(token)))[-1] == pytest.approx(expected, abs=1e-4)
    for probability, gain in ((0.0, -700.0), (math.nan, math.inf)):
        gains, influence = fresh(made)
        influence.measure(written, 0, np.full_like(local, probability))
        found = gains.of((*written, 0))[-1]
        assert found == gain or found < gain


def fresh(made: Setup) -> tuple[Gains, Influence]:
    gains = Gains()
    return gains, Influence(PlantedModel(1, is_redacted=True), [], list, gains)


def test_a_gain_that_is_no_number_admits_nothing_more() -> None:
    gains = Gains()
    gains.add((), 1, math.nan)
    shown = ShownTokens(gains, 1.0)
    assert not shown.admit((1,), [0]) and shown.nats_told == 0.0


@pytest.mark.parametrize(
    "limits", [{"word": 0.0}, {"text": -1.0}, {"word": math.nan}, {"word": "3"}, {"word": None}]
)
def test_a_budget_that_is_none_is_refused(limits: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="must be positive"):
        Budget(**limits)


def test_a_reading_that_does_not_fit_the_window_counts_as_brought_about() -> None:
    made = Setup(1, 3.0)
    model = PlantedModel(1, is_redacted=True)

    def full(ids: Sequence[int]) -> LogProbs:
        raise ContextTooLong(len(ids), 0)

    model.next_logprobs = full  # type: ignore[method-assign]
    gains = Gains()
    local = np.full(model.vocabulary_size, 1 / model.vocabulary_size)
    Influence(model, [], list, gains).measure([1], 2, local)
    assert gains.of([1, 2])[-1] == math.inf and made


def test_a_token_that_is_shown_in_another_place_is_counted_again() -> None:
    gains = Gains()
    for text, gain in (((1,), 0.1), ((1, 2), 0.1), ((1, 3), 9.0), ((1, 3, 2), 2.9)):
        gains.add(text[:-1], text[-1], gain)
    shown = ShownTokens(gains)
    assert shown.admit((1, 2), [0, 1]) and shown.admit((1, 3, 2), [0, 2])
    assert shown.count == 3 and shown.nats_told == pytest.approx(3.1)
    assert shown.admit((1, 3, 2), [0, 2]) and shown.count == 3
