"""What fusion is worth: negative log-likelihood of reference texts, teacher-forced.

For each record the reference is read token by token under each model and each fusion. Reported is
the mean over all tokens in nats, and the share that is closed of the gap between the local model
with the context and the cloud model with the context, which no deployment has.

    bench_fusion_quality.py [texts] [file.npz]

What was read is kept in the file, so that a run that was ended goes on where it stopped.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from fusion_pair import OPERATORS, THREADS, WINDOW, Pair, Prompts, prompts, records
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from cogenesis_langchain.fusion.operators import Contrast, Position, complete
from cogenesis_langchain.models.base import PrivateMessage, TopK
from cogenesis_langchain.models.llama_cpp_tokens import LlamaCppTokens
from cogenesis_langchain.models.log_probabilities import log_softmax, top_k
from cogenesis_langchain.privacy.text import PrivateText

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 40
OUT = Path(sys.argv[2]) if len(sys.argv) > 2 else None
TOKENS = 96
"""Read of each reference."""
K = 20
GRID = np.linspace(0.0, 1.0, 21)
FUSIONS = (*OPERATORS, Contrast(0.5, None))
NAMES = [*(op.name for op in OPERATORS), "contrast, α = 0.5 unclipped"]

DRAFTS = tuple(f"greedy draft: {name}" for name in ("local", "local without", "mean of both"))
"""What could be drafted, compared with the mean's greedy token."""


def rows(
    model: LlamaCppTokens, prompt: list[int], reference: list[int]
) -> list[NDArray[np.float64]]:
    """Whole distributions before each token of the reference."""
    ids = [*prompt, *reference[:-1]]
    found = model._cache.read(ids, len(prompt), log_softmax)
    return [np.exp(row.astype(np.float64)) for row in found]


def golds(model: LlamaCppTokens, prompt: list[int], reference: list[int]) -> NDArray[np.float64]:
    """Probability of each token of the reference."""
    wanted = iter(reference)
    ids = [*prompt, *reference[:-1]]
    read = model._cache.read(ids, len(prompt), lambda x: float(log_softmax(x)[next(wanted)]))
    return np.asarray(np.exp(np.array(read)))


def columns(pair: Pair, cloud: LlamaCppTokens, asked: Prompts) -> dict[str, NDArray[np.float64]]:
    """Probability of each reference token, by column of the table."""
    reference = pair.local.encode(asked.reference.encode())[:TOKENS]
    with_context = rows(pair.local, pair.local.encode_chat(asked.local), reference)
    without = rows(pair.baseline, pair.baseline.encode_chat(asked.without), reference)
    ids = list(pair.cloud_ids(asked).ids)
    tops: list[TopK] = cloud._cache.read([*ids, *reference[:-1]], len(ids), lambda x: top_k(x, K))
    names = ["local", "cloud top-k", *NAMES, *DRAFTS]
    found: dict[str, list[float]] = {name: [] for name in names}
    for token, local, plain, topk in zip(reference, with_context, without, tops, strict=True):
        position = Position(local, complete(topk, local), plain)
        found["local"].append(local[token])
        found["cloud top-k"].append(position.cloud[token])
        mean = (local + position.cloud) / 2
        for name, draft in zip(DRAFTS, (local, plain, (local + plain) / 2), strict=True):
            found[name].append(float(draft.argmax() == mean.argmax()))
        for name, operator in zip(NAMES, FUSIONS, strict=True):
            found[name].append(operator.fuse(position).probabilities[token])
    result = {name: np.array(values) for name, values in found.items()}
    result["cloud"] = golds(cloud, ids, reference)
    upper = [PrivateMessage("user", PrivateText(_everything(asked)))]
    result["upper"] = golds(cloud, cloud.encode_chat(upper), reference)
    return result


def _everything(asked: Prompts) -> str:
    return "\n\n".join(message.text.reveal() for message in asked.local)


def report(columns: dict[str, NDArray[np.float64]], texts: int, console: Console) -> None:
    local, cloud = columns["local"], columns["cloud top-k"]
    best = min(GRID, key=lambda w: -np.log(w * local + (1 - w) * cloud).mean())
    values = {
        "local with context": local,
        "cloud without (all tokens)": columns["cloud"],
        "cloud without (top-k completed)": cloud,
        **{name: columns[name] for name in NAMES},
        f"best fixed w = {best:.2f} (on these texts)": best * local + (1 - best) * cloud,
        "oracle w a token": np.maximum(local, cloud),
        "cloud with context (upper)": columns["upper"],
    }
    nats = {name: float(-np.log(value).mean()) for name, value in values.items()}
    low, high = nats["local with context"], nats["cloud with context (upper)"]
    table = Table("", "nats a token", "gap closed", title=f"{texts} texts, {local.size} tokens")
    for name, value in nats.items():
        table.add_row(name, f"{value:.3f}", f"{(low - value) / (low - high):.0%}")
    console.print(table)
    for name in DRAFTS:
        console.print(f"{name} is the mean's token at {columns[name].mean():.1%} of positions")


def main() -> None:
    pair = Pair()
    cloud = LlamaCppTokens(pair.large, window=WINDOW, threads=THREADS)
    console = Console()
    gathered: list[dict[str, NDArray[np.float64]]] = []
    done = 0
    if OUT is not None and OUT.exists():
        with np.load(OUT) as kept:
            done = int(kept["texts"])
            gathered.append({name: kept[name] for name in kept.files if name != "texts"})
    for number, record in enumerate(records(COUNT)[done:], start=done + 1):
        gathered.append(columns(pair, cloud, prompts(record)))
        if number % 5 == 0:
            whole = {name: np.concatenate([c[name] for c in gathered]) for name in gathered[0]}
            report(whole, number, console)
            if OUT is not None:
                np.savez(OUT, allow_pickle=False, texts=np.array(number), **whole)


if __name__ == "__main__":
    main()
