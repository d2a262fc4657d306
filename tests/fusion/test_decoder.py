from __future__ import annotations

import threading
import time
import tracemalloc
from collections.abc import Sequence

import numpy as np
import pytest
from support.tiny_models import (
    BASELINE_MESSAGES,
    CLOUD_PROMPT,
    END,
    MESSAGES,
    OPERATORS,
    PIECES,
    PROMPT,
    TinyModel,
    TinyScorer,
    TokenByTokenFusion,
    tiny_verifier,
)
from support.tiny_writing import GREEDY, ids, write

from cogenesis_langchain.fusion.blocks.draft_length import MAX_BLOCK_TOKENS
from cogenesis_langchain.fusion.decoder import FusedDecoder
from cogenesis_langchain.fusion.operators import Mixture, Operator
from cogenesis_langchain.fusion.repetition import PresencePenalty
from cogenesis_langchain.fusion.trace import FusedToken, Trace
from cogenesis_langchain.models.base import (
    GenerationOptions,
    LogProbs,
    PrivateMessage,
)
from cogenesis_langchain.models.decoding.logits import common_prefix


class Scripted(TinyModel):
    """A model that writes the given tokens with near certainty."""

    def __init__(self, script: Sequence[int]) -> None:
        super().__init__()
        self._script = script

    def next_logprobs(self, ids: Sequence[int]) -> LogProbs:
        probabilities = np.full(len(PIECES), 1e-6, dtype=np.float32)
        step = len(ids) - len(PROMPT)
        probabilities[self._script[step] if step < len(self._script) else END] = 1.0
        return np.asarray(np.log(probabilities / probabilities.sum()), dtype=np.float32)


LOCAL_ONLY = Mixture(1.0)


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda operator: operator.name)
@pytest.mark.parametrize("seconds", [0.0, 0.01])
def test_greedy_text_equals_token_by_token_fusion(operator: Operator, seconds: float) -> None:
    model = TinyModel(ends=False)
    reference = TokenByTokenFusion(operator, model, tiny_verifier(TinyScorer()))
    wanted: list[int] = []
    for _ in range(40):
        fused = PresencePenalty().apply(reference.distribution(wanted), wanted)
        wanted.append(int(fused.argmax()))
    tokens = write(operator=operator, model=model, scorer=TinyScorer(seconds=seconds))
    assert ids(tokens) == wanted


def test_the_same_seed_writes_the_same_text_at_any_speed() -> None:
    options = GenerationOptions(max_tokens=60, temperature=0.9, top_p=0.95, seed=7)
    quick = write(options, model=TinyModel(ends=False))
    slow = write(options, model=TinyModel(ends=False), scorer=TinyScorer(seconds=0.02))
    other = write(
        GenerationOptions(max_tokens=60, temperature=0.9, top_p=0.95, seed=8),
        model=TinyModel(ends=False),
    )
    assert ids(quick) == ids(slow) != ids(other)


def test_without_a_seed_texts_differ() -> None:
    options = GenerationOptions(max_tokens=40, temperature=1.0, top_p=1.0)
    model = TinyModel(ends=False)
    assert ids(write(options, model=model)) != ids(write(options, model=model))


def test_fewer_requests_than_tokens() -> None:
    scorer = TinyScorer(seconds=0.01)
    report = write(model=TinyModel(ends=False), scorer=scorer)[-1].report
    assert report is not None
    assert report.tokens == 40
    assert report.requests == len(scorer.requests) < 40


def test_the_cloud_sees_its_prompt_and_the_text_but_not_the_local_prompt() -> None:
    scorer = TinyScorer()
    tokens = ids(write(model=TinyModel(ends=False), scorer=scorer))
    assert all(request[:2] == CLOUD_PROMPT for request in scorer.requests)
    for request in scorer.requests:
        body = request[2:]
        assert len(body) - common_prefix(body, tokens) <= MAX_BLOCK_TOKENS


def test_local_drafting_goes_on_while_a_request_is_in_flight() -> None:
    model, scorer = TinyModel(ends=False), TinyScorer()
    scorer.released.clear()
    texts = FusedDecoder(model, operator=LOCAL_ONLY).stream(MESSAGES, tiny_verifier(scorer), GREEDY)
    reader = threading.Thread(target=lambda: next(texts))
    reader.start()
    deadline = time.monotonic() + 5.0
    while model.calls < 6 and time.monotonic() < deadline:
        time.sleep(0.005)
    drafted, asked = model.calls, len(scorer.requests)
    scorer.released.set()
    reader.join()
    texts.close()  # type: ignore[attr-defined]
    assert asked == 1
    assert drafted >= 6, "the first block has four tokens and one more is verified"


def test_an_end_token_ends_the_text_and_is_not_part_of_it() -> None:
    tokens = write(operator=LOCAL_ONLY, model=Scripted([0, 1, END, 2]))
    assert "".join(token.text for token in tokens) == "ab"
    assert tokens[-1].id == END
    assert tokens[-1].finish_reason == "stop"


def test_an_end_token_of_the_cloud_model_ends_the_text() -> None:
    scorer = TinyScorer()
    scorer.end_tokens = frozenset({2})
    tokens = write(operator=LOCAL_ONLY, model=Scripted([0, 1, 2, 0]), scorer=scorer)
    assert ids(tokens) == [0, 1, 2]
    assert "".join(token.text for token in tokens) == "ab"


def test_a_drafted_end_token_is_verified_but_not_sent() -> None:
    scorer = TinyScorer()
    write(operator=LOCAL_ONLY, model=Scripted([0, 1, END]), scorer=scorer)
    assert scorer.requests == [(*CLOUD_PROMPT, 0, 1)]


def test_the_cloud_can_correct_a_drafted_end_token() -> None:
    tokens = write(operator=Mixture(0.0), model=Scripted([END]))
    assert len(tokens) > 1


def test_a_stop_string_split_over_tokens_ends_the_text() -> None:
    options = GenerationOptions(max_tokens=40, temperature=0.0, stop=("b c",))
    tokens = write(options, operator=LOCAL_ONLY, model=Scripted([0, 1, 3, 2, 0, 0]))
    assert "".join(token.text for token in tokens) == "a"
    assert ids(tokens) == [0, 1, 3, 2]
    assert tokens[-1].finish_reason == "stop"


def test_a_character_split_over_tokens_streams_whole() -> None:
    tokens = write(operator=LOCAL_ONLY, model=Scripted([0, 5, 6, 1, END]))
    assert [token.text for token in tokens] == ["a", "", "é", "b", ""]


def test_max_tokens_limits_the_text() -> None:
    for limit in (1, 2, 7):
        options = GenerationOptions(max_tokens=limit, temperature=0.0)
        scorer = TinyScorer()
        tokens = write(options, model=TinyModel(ends=False), scorer=scorer)
        assert len(tokens) == limit
        assert tokens[-1].finish_reason == "length"
        assert max(len(request) for request in scorer.requests) < len(CLOUD_PROMPT) + limit


def test_only_the_last_token_has_a_finish_reason_and_a_report() -> None:
    tokens = write(model=TinyModel(ends=False))
    assert [token.finish_reason is None for token in tokens] == [True] * 39 + [False]
    assert [token.report is None for token in tokens] == [True] * 39 + [False]


@pytest.mark.slow
def test_memory_does_not_grow_with_the_text() -> None:
    """Each draft holds a distribution, and the number of drafts is bounded."""

    class Wide(TinyModel):
        vocabulary_size = 20_000

        def next_logprobs(self, ids: Sequence[int]) -> LogProbs:
            few = super().next_logprobs(ids)
            return np.pad(few, (0, self.vocabulary_size - few.size), constant_values=-50.0)

        def decode(self, ids: Sequence[int]) -> bytes:
            return super().decode([token % len(PIECES) for token in ids])

    model, scorer = Wide(ends=False), TinyScorer()

    def peak(tokens: int) -> int:
        options = GenerationOptions(max_tokens=tokens, temperature=1.0, seed=3)
        stream = FusedDecoder(model, operator="mean").stream(
            MESSAGES, tiny_verifier(scorer), options
        )
        tracemalloc.start()
        for _ in stream:
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(320)  # fills the cache of the tiny models
    # A distribution kept for each token would take 320 of them. The number of drafts in flight
    # depends on timing, so the limit allows for more of them than there can be.
    distribution = 8 * Wide.vocabulary_size
    assert peak(320) < 3 * (MAX_BLOCK_TOKENS + 2) * distribution


def test_the_report_counts_what_the_cloud_was_shown() -> None:
    scorer = TinyScorer()
    tokens = write(model=TinyModel(ends=False), scorer=scorer)
    report = Trace.of(tokens).report
    seen: set[tuple[int, ...]] = set()
    for request in scorer.requests:
        seen |= {request[: end + 1] for end in range(len(CLOUD_PROMPT), len(request))}
    assert report.tokens_shown == len(seen)
    # The last position of a request is that of the first token that was not sent.
    assert report.drafted == sum(
        len(request) - len(CLOUD_PROMPT) - settled + 1
        for request, settled in zip(scorer.requests, settled_before(tokens, scorer), strict=True)
    )
    assert report.accepted <= report.drafted


def settled_before(tokens: Sequence[FusedToken], scorer: TinyScorer) -> list[int]:
    """Number of settled tokens at each request; a round settles its accepted drafts plus one."""
    written = ids(tokens)
    counts = [0]
    for request in scorer.requests[:-1]:
        body = request[len(CLOUD_PROMPT) :]
        counts.append(common_prefix(body, written) + 1)
    return counts


def test_contrast_reads_both_local_prompts() -> None:
    baseline = TinyModel(ends=False)
    decoder = FusedDecoder(TinyModel(ends=False), operator="contrast", baseline=baseline)
    other = [PrivateMessage("user", BASELINE_MESSAGES[0].text)]
    stream = decoder.stream(MESSAGES, tiny_verifier(TinyScorer()), GREEDY, baseline_messages=other)
    assert len(list(stream)) == 40
    assert baseline.calls >= 40
