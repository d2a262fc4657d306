"""What fusion is worth: negative log-likelihood of reference texts, teacher-forced.

    bench_fusion_quality.py [development|test] [texts] [folder] [minutes]

For each record the reference is read token by token under each model and each fusion. Reported is
the mean over all tokens in nats, and the share that is closed of the gap between the local model
with the context and the cloud model with the context, which no deployment has. Intervals are 95 %
bootstrap intervals over texts.

What the models say is kept in the folder, 60 MB a text, and read only once: operators can be
compared again without the models, and a run that was ended goes on where it stopped.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from fusion_pair import OPERATORS, RECORDS, THREADS, WINDOW, Pair, Prompts, prompts
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from cogenesis_langchain.datasets.loaders import load_records
from cogenesis_langchain.fusion.operators import Contrast, Position, complete
from cogenesis_langchain.models import llama_cpp_tokens
from cogenesis_langchain.models.base import LogProbs, PrivateMessage, TopK
from cogenesis_langchain.models.llama_cpp_tokens import LlamaCppTokens
from cogenesis_langchain.models.log_probabilities import log_softmax, top_k
from cogenesis_langchain.privacy.text import PrivateText

HALF = sys.argv[1] if len(sys.argv) > 1 else "development"
COUNT = int(sys.argv[2]) if len(sys.argv) > 2 else 40
KEPT = Path(sys.argv[3] if len(sys.argv) > 3 else "fusion-quality")
MINUTES = float(sys.argv[4]) if len(sys.argv) > 4 else 1e9
TOKENS = 96
"""Read of each reference."""
K = 20
GRID = np.linspace(0.0, 1.0, 21)
FUSIONS = {operator.name: operator for operator in OPERATORS}
FUSIONS["contrast, α = 0.5 unclipped"] = Contrast(0.5, None)

# Whole texts are scored at once: how blocks round is no matter here.
vars(llama_cpp_tokens)["_SCORE"] = 48

Column = NDArray[np.float64]


@dataclass(frozen=True)
class Reading:
    """What both models say before each token of one reference.

    Attributes:
        tokens: The reference; shape (n,).
        local: Log-probabilities with the context; shape (n, vocabulary).
        plain: The same without the context.
        tops: The cloud model's top-k without the context.
        cloud: Its log-probability of each token.
        upper: The same with the context.
    """

    tokens: NDArray[np.int64]
    local: NDArray[np.float16]
    plain: NDArray[np.float16]
    tops: list[TopK]
    cloud: Column
    upper: Column

    def columns(self) -> dict[str, Column]:
        """Probability of each token of the reference, by line of the table."""
        found: dict[str, list[float]] = {name: [] for name in ("local", "completed", *FUSIONS)}
        for index, token in enumerate(self.tokens):
            local, plain = _whole(self.local[index]), _whole(self.plain[index])
            position = Position(local, complete(self.tops[index], local), plain)
            found["local"].append(local[token])
            found["completed"].append(position.cloud[token])
            for name, operator in FUSIONS.items():
                found[name].append(operator.fuse(position).probabilities[token])
        columns = {name: np.array(values) for name, values in found.items()}
        return columns | {"cloud": np.exp(self.cloud), "upper": np.exp(self.upper)}


def _whole(logprobs: NDArray[np.float16]) -> Column:
    probabilities = np.exp(logprobs.astype(np.float64))
    return np.asarray(probabilities / probabilities.sum())


class Reader:
    """Reads references with the models, or from the folder."""

    @cached_property
    def pair(self) -> Pair:
        return Pair()

    @cached_property
    def cloud(self) -> LlamaCppTokens:
        return LlamaCppTokens(self.pair.large, window=WINDOW, threads=THREADS)

    def read(self, number: int, asked: Prompts) -> Reading:
        path = KEPT / f"{HALF}{number:02d}.npz"
        if not path.exists():
            KEPT.mkdir(parents=True, exist_ok=True)
            np.savez(path, allow_pickle=False, **self._ask(asked))
        with np.load(path) as kept:
            ids, logprobs = kept["ids"][:, :K], kept["lps"][:, :K].astype(np.float64)
            tops = [TopK(i, p) for i, p in zip(ids, logprobs, strict=True)]
            return Reading(
                kept["ref"], kept["local"], kept["plain"], tops, kept["cloud"], kept["upper"]
            )

    def _ask(self, asked: Prompts) -> dict[str, NDArray[np.generic]]:
        local, plain = self.pair.local, self.pair.baseline
        reference = local.encode(asked.reference.encode())[:TOKENS]
        cloud = self._rows(self.cloud, list(self.pair.cloud_ids(asked).ids), reference)
        everything = "\n\n".join(message.text.reveal() for message in asked.local)
        whole = self.cloud.encode_chat([PrivateMessage("user", PrivateText(everything))])
        upper = self._rows(self.cloud, whole, reference)
        tops = [top_k(row, K) for row in cloud]
        places = np.arange(len(reference)), np.array(reference)
        return {
            "ref": np.array(reference),
            "local": self._rows(local, local.encode_chat(asked.local), reference).astype("f2"),
            "plain": self._rows(plain, plain.encode_chat(asked.without), reference).astype("f2"),
            "ids": np.array([top.ids for top in tops]),
            "lps": np.array([top.logprobs for top in tops]),
            "cloud": cloud[places],
            "upper": upper[places],
        }

    @staticmethod
    def _rows(model: LlamaCppTokens, prompt: list[int], reference: list[int]) -> LogProbs:
        """Log-probabilities before each token of the reference; shape (n, vocabulary)."""
        ids = [*prompt, *reference[:-1]]
        return np.stack(model._cache.read(ids, len(prompt), log_softmax))


def texts() -> Iterator[dict[str, Column]]:
    """Columns of each text, as long as there is time."""
    reader, began = Reader(), time.monotonic()
    path = RECORDS.with_name(f"{HALF}.jsonl")
    for number, record in enumerate(list(load_records(path))[:COUNT]):
        if (time.monotonic() - began) / 60.0 > MINUTES:
            return
        yield reader.read(number, prompts(record)).columns()


def report(gathered: list[dict[str, Column]], console: Console) -> None:
    whole = {name: np.concatenate([text[name] for text in gathered]) for name in gathered[0]}

    def mixed(weight: float) -> float:
        return float(-np.log(weight * whole["local"] + (1 - weight) * whole["completed"]).mean())

    best = min(GRID, key=mixed)
    for text in gathered:
        text["best"] = best * text["local"] + (1 - best) * text["completed"]
        text["oracle"] = np.maximum(text["local"], text["completed"])
    lines = {
        "local": "local with context",
        "cloud": "cloud without (all tokens)",
        "completed": "cloud without (top-k completed)",
        **{name: name for name in FUSIONS},
        "best": f"best fixed w = {best:.2f} (on these texts)",
        "oracle": "oracle w a token",
        "upper": "cloud with context (upper)",
    }
    nats = {name: np.array([-np.log(text[name]).sum() for text in gathered]) for name in lines}
    sizes = np.array([text["local"].size for text in gathered], dtype=np.float64)
    picks = np.random.default_rng(0).integers(len(gathered), size=(2_000, len(gathered)))
    title = f"{len(gathered)} {HALF} texts, {sizes.sum():.0f} tokens"
    table = Table("", "nats a token", "gap closed", "95 %", title=title)
    gap = nats["local"] - nats["upper"]
    for name, line in lines.items():
        gain = nats["local"] - nats[name]
        low, high = np.percentile(gain[picks].sum(1) / gap[picks].sum(1), [2.5, 97.5])
        mean = nats[name].sum() / sizes.sum()
        table.add_row(line, f"{mean:.3f}", f"{gain.sum() / gap.sum():.0%}", f"{low:.0%}…{high:.0%}")
    console.print(table)


def main() -> None:
    gathered: list[dict[str, Column]] = []
    console = Console()
    for columns in texts():
        gathered.append(columns)
        console.print(f"{len(gathered)} texts", end="\r")
    report(gathered, console)


if __name__ == "__main__":
    main()
