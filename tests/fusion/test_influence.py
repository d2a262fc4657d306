"""A budget: tokens that the context brought about are masked, although no detector knows them."""

from __future__ import annotations

import math
from collections.abc import Sequence

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

from cogenesis_langchain.errors import ConfigurationError
from cogenesis_langchain.fusion.decoder import FusedDecoder
from cogenesis_langchain.fusion.influence import Gains, Influence
from cogenesis_langchain.fusion.operators import Mixture
from cogenesis_langchain.fusion.position import Position, complete
from cogenesis_langchain.fusion.trace import Trace
from cogenesis_langchain.fusion.verification.alignment import Alignment
from cogenesis_langchain.fusion.verification.verifier import (
    AlignedVerifier,
    TokenVerifier,
    Verifier,
)
from cogenesis_langchain.models.base import GenerationOptions, PrivateMessage
from cogenesis_langchain.models.local.sampling import next_probabilities
from cogenesis_langchain.privacy.matching.value_set import ValueSet
from cogenesis_langchain.privacy.placeholders import Placeholders
from cogenesis_langchain.privacy.text import PrivateText
from cogenesis_langchain.privacy.views.disclosure import Budget, PublicTokens
from cogenesis_langchain.privacy.views.masked_disclosure import MaskedDisclosure
from cogenesis_langchain.privacy.views.public_view import GrowingView
from cogenesis_langchain.testing.search import find_leaks

OPERATOR = Mixture(0.6)
MESSAGES = [PrivateMessage("user", PrivateText(NOTE))]


class Setup:
    """One text with a planted model, and a view that knows no value at all.

    Args:
        seed: Of the models.
        token: Nats that a shown token may gain.
        by_text: Whether the cloud model has another tokenizer.
    """

    def __init__(self, seed: int, token: float, *, by_text: bool = False) -> None:
        self.model, self.gains = PlantedModel(seed), Gains()
        prompt = self.model.encode_chat(MESSAGES)
        self.influence = Influence(PlantedModel(seed, is_redacted=True), prompt, self.gains)
        view = GrowingView(ValueSet.from_texts(()), Placeholders())
        disclosure = MaskedDisclosure(
            view,
            encode=self.model.encode,
            decode=self.model.decode,
            marks=lambda text: [gain > token for gain in self.gains.of(text)],
        )
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


@pytest.mark.parametrize("by_text", [False, True])
def test_what_only_the_context_can_have_said_is_not_sent(by_text: bool) -> None:
    planted, votes = 0, 0
    for seed in range(3):
        made = Setup(seed, 3.0, by_text=by_text)
        trace = made.write()
        planted += bool(find_leaks(trace.text.encode(), VALUES))
        votes += sum(token.source != "local" for token in trace.tokens)
        assert not made.leaks() and b"[TEXT_1]" in b"".join(made.sent)
    assert planted and votes > 30


def test_the_control_without_a_limit_for_tokens_leaks() -> None:
    assert any(made.leaks() for seed in range(3) if (made := Setup(seed, math.inf)).write())


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
    assert free.nats_told is not None and free.nats_told > 2.0
    made = Setup(4, 3.0)
    limited = made.write(most_told=2.0).report
    assert limited.nats_told is not None and 0 < limited.nats_told <= 2.0
    assert limited.tokens == free.tokens == 50
    assert limited.tokens_asked < free.tokens_asked and limited.requests < free.requests
    assert limited.fallback is None


def test_what_was_not_measured_counts_as_brought_about() -> None:
    gains = Gains()
    gains.add((), 1, 0.5)
    gains.add((1,), 2, -1.0)
    assert gains.of((1, 2)) == [0.5, -1.0]
    assert gains.of((1, 3)) == [0.5, math.inf]
    assert gains.of((2,)) == [math.inf]


def test_a_gain_is_the_difference_of_log_probabilities() -> None:
    made = Setup(1, 3.0)
    prompt, written = made.model.encode_chat(MESSAGES), made.model.encode(b" Anna")
    local = next_probabilities(made.model, (*prompt, *written))
    redacted = next_probabilities(PlantedModel(1, is_redacted=True), (*prompt, *written))
    for token in np.argsort(local)[-5:]:
        made.influence.measure(written, int(token), local)
        expected = math.log(local[token] / redacted[token])
        assert made.gains.of((*written, int(token)))[-1] == pytest.approx(expected, abs=1e-4)
    impossible = np.zeros_like(local)
    made.influence.measure(written, 0, impossible)
    assert made.gains.of((*written, 0))[-1] < -700


@pytest.mark.parametrize("limits", [{"token": 0.0}, {"text": -1.0}, {"token": math.nan}])
def test_a_budget_that_allows_nothing_is_refused(limits: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError, match="allows nothing"):
        Budget(**limits)


def test_the_bound_holds_for_whatever_was_shown() -> None:
    """The log-likelihood ratio of the shown tokens never exceeds what the report says."""
    for seed in range(5):
        made = Setup(seed, 3.0)
        trace = made.write()
        ids: Sequence[int] = [token.id for token in trace.tokens]
        gains = made.gains.of(ids)
        shown = made.verifier.shown((), ids[: trace.report.tokens_asked])
        assert shown is not None and trace.report.nats_told is not None
        assert abs(sum(gains[index] for index in shown)) <= trace.report.nats_told + 1e-9
        words = (i for i in shown if made.model.decode([ids[i]]).strip().isalnum())
        assert all(gains[index] <= 3.0 for index in words)
