"""An adapter gives the same distributions in llama.cpp as in peft, where it was trained."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from support.tiny_training import tiny_base

from cogenesis_langchain.errors import ModelFileError
from cogenesis_langchain.models.base import GenerationOptions, PrivateMessage
from cogenesis_langchain.models.files import catalog
from cogenesis_langchain.models.local.llama_cpp import LlamaCppModel
from cogenesis_langchain.models.local.transformers import TransformersTokens
from cogenesis_langchain.privacy.text import PrivateText
from cogenesis_langchain.training.adapter_trainer import with_adapter
from cogenesis_langchain.training.base_model import open_base
from cogenesis_langchain.training.gguf_adapter import export_gguf
from cogenesis_langchain.training.settings import WriterSettings

if TYPE_CHECKING:
    from peft import PeftModel

pytestmark = pytest.mark.real

SERVER = Path(__file__).parent.parent / "support" / "adapter_server.py"
MODEL = "smollm2-135m-instruct"
ASKED = [PrivateMessage("user", PrivateText("Write a note about the bread and the oven."))]


def shaken(model: PeftModel) -> PeftModel:
    """Give the adapter weights, as if it were trained: a new one changes nothing."""
    import torch

    torch.manual_seed(1)
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if "lora_B" in name:
                weights.normal_(0, 0.1)
    return model


def exported(name: str, folder: Path) -> tuple[Any, Path]:
    """A model with an adapter, and the adapter's GGUF file."""
    base, tokenizer = open_base(name)
    tokens = TransformersTokens(base, tokenizer)
    bare = tokens.next_logprobs(tokens.encode_chat(ASKED))
    tuned = shaken(with_adapter(base, WriterSettings(rank=4)))
    tuned.save_pretrained(str(folder))
    path = export_gguf(folder, base.config, folder / "writer.gguf")
    adapted = TransformersTokens(base, tokenizer).next_logprobs(tokens.encode_chat(ASKED))
    return adapted - bare, path


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    return exported(MODEL, tmp_path_factory.mktemp("adapter"))


def logprobs(model: LlamaCppModel) -> NDArray[np.float32]:
    tokens = model.tokens()
    return tokens.next_logprobs(tokens.encode_chat(ASKED))


def test_the_exported_adapter_shifts_the_distribution_as_in_peft(
    adapter: tuple[NDArray[np.float32], Path], tiny_local_model: LlamaCppModel
) -> None:
    expected, path = adapter
    model = LlamaCppModel(MODEL, n_ctx=512, adapter=path)
    assert model.name.endswith("+writer")
    shift = logprobs(model) - logprobs(tiny_local_model)
    size = min(len(shift), len(expected))
    assert np.abs(expected).mean() > 0.1, "the adapter of this test does nothing"
    # The base is quantised there. Without the order of rows of llama.cpp it is 0.93.
    assert np.corrcoef(shift[:size], expected[:size])[0, 1] > 0.97


def test_the_adapter_is_used_for_writing_too(
    adapter: tuple[Any, Path], tiny_local_model: LlamaCppModel
) -> None:
    options = GenerationOptions(max_tokens=16, temperature=0)
    model = LlamaCppModel(MODEL, n_ctx=512, adapter=adapter[1])
    written = [
        "".join(c.text for c in one.stream(ASKED, options)) for one in (model, tiny_local_model)
    ]
    assert written[0] != written[1]


def test_llama_server_loads_the_same_file(
    adapter: tuple[Any, Path], tiny_local_model: LlamaCppModel
) -> None:
    model = LlamaCppModel(MODEL, n_ctx=512, adapter=adapter[1])
    command = [sys.executable, str(SERVER), str(catalog.fetch(MODEL)), str(adapter[1])]
    asked = {"prompt": model.encode_chat(ASKED), "n_predict": 1, "n_probs": 10, "temperature": 0}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None and server.stdin is not None
        address = server.stdout.readline().decode().strip()
        answer = httpx.post(f"{address}/completion", json=asked, timeout=60).json()
        server.stdin.close()
    top = answer["completion_probabilities"][0]["top_logprobs"]
    served = np.array([one["logprob"] for one in top])
    ids = [one["id"] for one in top]
    # Two versions of llama.cpp round 4-bit weights in different ways.
    assert np.abs(served - logprobs(model)[ids]).mean() < 0.1
    bare = logprobs(tiny_local_model)[ids]
    assert np.abs(served - bare).mean() > 0.3, "the adapter of this test does nothing"


def test_an_adapter_that_does_not_fit_is_refused(adapter: tuple[Any, Path], tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.gguf"
    damaged.write_bytes(adapter[1].read_bytes()[:-1000])
    _, foreign = exported(str(tiny_base(tmp_path / "base", ["bread"])), tmp_path)
    for path, told in (
        (damaged, "does not fit the model"),
        (foreign, "does not fit the model"),
        (tmp_path / "none.gguf", "there is no adapter 'none.gguf'"),
    ):
        with pytest.raises(ModelFileError, match=told):
            LlamaCppModel(MODEL, n_ctx=512, adapter=path)
