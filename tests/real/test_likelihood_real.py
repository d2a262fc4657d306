from __future__ import annotations

import numpy as np
import pytest
from support.attempts import record

from cogenesis_langchain.fusion.operators import OPERATORS
from cogenesis_langchain.fusion.teacher_forcing import read_text
from cogenesis_langchain.models.base import PrivateMessage
from cogenesis_langchain.models.local.llama_cpp import LlamaCppModel
from cogenesis_langchain.models.local.llama_cpp_tokens import LlamaCppTokens
from cogenesis_langchain.privacy.text import PrivateText
from experiments.likelihood import Readers, likelihoods

pytestmark = pytest.mark.real


def test_a_text_read_at_once_is_as_likely_as_token_by_token(
    tiny_local_model: LlamaCppModel,
) -> None:
    model = LlamaCppTokens(tiny_local_model, window=256)
    prompt = [PrivateMessage("user", PrivateText("Say when the train leaves."))]
    text = model.encode(b"It leaves at half past nine from platform two.")
    at_once = read_text(model, prompt, text)
    ids = model.encode_chat(prompt)
    for place, token in enumerate(text):
        step = model.next_logprobs([*ids, *text[:place]])[token]
        assert at_once[place] == pytest.approx(np.exp(step), rel=1e-5)


def test_real_models_find_the_reference_likelier_the_more_they_know(
    tiny_local_model: LlamaCppModel,
) -> None:
    """The same file on both sides: what differs is what each is shown."""
    local, cloud = (LlamaCppTokens(tiny_local_model, window=1024) for _ in range(2))
    readers = Readers(local, cloud, operators=[make() for make in OPERATORS.values()], tokens=32)
    points = ("Three nights missing", "38 euros each", "On the road")
    found = likelihoods(record(), {"sketch-fill": points}, readers)
    nats = {setting: value / found.tokens for setting, value in found.nats.items()}
    assert nats.keys() >= {f"fused {name}" for name in OPERATORS}
    # 4-bit weights round differently when a prompt is read in other pieces.
    assert nats["cloud with context"] == pytest.approx(nats["local alone"], rel=0.05)
    assert nats["sketch-fill"] < nats["local alone"] < nats["cloud without context"]
    best = min(found.fixed_weights) / found.tokens
    assert nats["oracle"] <= min(nats["local alone"], best)
    assert all(0.0 < value < 15.0 for value in nats.values())


def test_a_reading_that_is_repeated_gives_the_same_figures(
    tiny_local_model: LlamaCppModel,
) -> None:
    local, cloud = (LlamaCppTokens(tiny_local_model, window=1024) for _ in range(2))
    readers = Readers(local, cloud, operators=[OPERATORS["mean"]()], tokens=16)
    sketches = {"sketch-fill": ("Three nights missing",)}
    whole = likelihoods(record(), sketches, readers)
    assert likelihoods(record(), sketches, readers) == whole
