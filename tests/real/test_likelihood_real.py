from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from evaluation_samples import attempt, record

from cogenesis_langchain.evaluation.journal import Journal
from cogenesis_langchain.evaluation.likelihood import Readers, read_likelihoods
from cogenesis_langchain.evaluation.results import Likelihood
from cogenesis_langchain.evaluation.teacher_forcing import read_text
from cogenesis_langchain.fusion.operators import OPERATORS
from cogenesis_langchain.models.base import PrivateMessage
from cogenesis_langchain.models.local.llama_cpp import LlamaCppModel
from cogenesis_langchain.models.local.llama_cpp_tokens import LlamaCppTokens
from cogenesis_langchain.privacy.text import PrivateText

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
    tiny_local_model: LlamaCppModel, tmp_path: Path
) -> None:
    """The same file on both sides: what differs is what each is shown."""
    local, cloud = (LlamaCppTokens(tiny_local_model, window=1024) for _ in range(2))
    readers = Readers(local, cloud, operators=[make() for make in OPERATORS.values()], tokens=32)
    journal = Journal(tmp_path / "likelihood.jsonl", Likelihood)
    points = ("Three nights missing", "38 euros each", "On the road")
    written = attempt("Hello.", setting="sketch-fill", sketch=points)
    read_likelihoods([record()], [written], readers, journal)
    nats = {line.setting: line.nats / line.tokens for line in journal.lines()}
    assert nats.keys() >= {f"fused {name}" for name in OPERATORS}
    # 4-bit weights round differently when a prompt is read in other pieces.
    assert nats["cloud with context"] == pytest.approx(nats["local alone"], rel=0.05)
    assert nats["sketch-fill"] < nats["local alone"] < nats["cloud without context"]
    assert nats["oracle"] <= min(nats["local alone"], nats["best fixed w"])
    assert all(0.0 < value < 15.0 for value in nats.values())


def test_an_interrupted_reading_gives_the_same_figures(
    tiny_local_model: LlamaCppModel, tmp_path: Path
) -> None:
    local, cloud = (LlamaCppTokens(tiny_local_model, window=1024) for _ in range(2))
    readers = Readers(local, cloud, operators=[OPERATORS["mean"]()], tokens=16)
    written = attempt("Hello.", setting="sketch-fill", sketch=("Three nights missing",))
    path = tmp_path / "likelihood.jsonl"

    def read() -> dict[str, Likelihood]:
        journal = Journal(path, Likelihood)
        read_likelihoods([record()], [written], readers, journal)
        return {line.setting: line for line in journal.lines()}

    whole = read()
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))
    assert read() == whole
