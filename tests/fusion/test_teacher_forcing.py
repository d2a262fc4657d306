from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import pytest
from support.tiny_models import BASELINE_MESSAGES, MESSAGES, OPERATORS, TinyModel

from cogenesis_langchain.fusion.operators import Mixture
from cogenesis_langchain.fusion.position import Position, complete
from cogenesis_langchain.fusion.teacher_forcing import Prompts, read_fused, read_text
from cogenesis_langchain.models.base import LogProbs, PrivateMessage
from cogenesis_langchain.models.decoding.logits import top_k
from cogenesis_langchain.privacy.text import PrivateText

_T = TypeVar("_T")
TEXT = [4, 3, 5, 6, 0]
CLOUD_MESSAGES = [PrivateMessage("user", PrivateText("cb"))]
PROMPTS = Prompts(local=MESSAGES, baseline=BASELINE_MESSAGES, cloud=CLOUD_MESSAGES)


class TinyReader(TinyModel):
    """A tiny model that is read through one buffer, as llama.cpp's logits are."""

    def read(self, ids: Sequence[int], start: int, reduce: Callable[[LogProbs], _T]) -> list[_T]:
        buffer = np.empty(self.vocabulary_size, dtype=np.float32)
        results = []
        for end in range(start, len(ids) + 1):
            buffer[:] = self.next_logprobs(ids[:end])
            results.append(reduce(buffer))
        return results


def step(model: TinyModel, messages: Sequence[PrivateMessage], end: int) -> LogProbs:
    return model.next_logprobs([*model.encode_chat(messages), *TEXT[:end]])


def test_a_text_is_read_token_by_token() -> None:
    model = TinyReader()
    expected = [np.exp(step(model, MESSAGES, place)[token]) for place, token in enumerate(TEXT)]
    assert read_text(model, MESSAGES, TEXT) == pytest.approx(expected)


def test_each_operator_fuses_at_each_token_as_it_is_defined() -> None:
    local, cloud = TinyReader(1), TinyReader(2)
    found = read_fused(local, cloud, PROMPTS, TEXT, OPERATORS, k=4)
    for place, token in enumerate(TEXT):
        own = np.exp(step(local, MESSAGES, place).astype(np.float64))
        bare = np.exp(step(local, BASELINE_MESSAGES, place).astype(np.float64))
        answer = step(cloud, CLOUD_MESSAGES, place)
        position = Position(own, complete(top_k(answer, 4), own), bare)
        assert found.local[place] == pytest.approx(own[token])
        assert found.cloud[place] == pytest.approx(np.exp(answer[token]))
        assert found.cloud_completed[place] == pytest.approx(position.cloud[token])
        for operator in OPERATORS:
            fused = operator.fuse(position).probabilities[token]
            assert found.fused[operator.name][place] == pytest.approx(fused)


def test_a_token_outside_of_the_top_k_is_not_told_by_the_cloud() -> None:
    local, cloud = TinyReader(1), TinyReader(2)
    narrow = read_fused(local, cloud, PROMPTS, TEXT, [Mixture()], k=1)
    assert not np.allclose(narrow.cloud, narrow.cloud_completed)
    whole = read_fused(local, cloud, PROMPTS, TEXT, [Mixture()], k=8)
    assert whole.cloud_completed == pytest.approx(whole.cloud)
    assert whole.fused["mean"] == pytest.approx((whole.local + whole.cloud) / 2)


def test_the_baseline_is_read_only_for_operators_that_need_it() -> None:
    local = TinyReader(1)
    read_fused(local, TinyReader(2), PROMPTS, TEXT, [Mixture()])
    assert local.calls == len(TEXT)
