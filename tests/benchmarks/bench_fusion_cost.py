"""What the decoder itself costs beyond the two models: time a token, and memory.

    bench_fusion_cost.py [tokens]

Both models run in this process, one after the other and without a network. The models' time is
that inside `TokenModel.next_logprobs` and `BlockScorer.score`; the rest is the decoder's own:
fusing, sampling, verifying, rolling back, tracing. Memory is what is resident beyond the model
files and the caches, which have their full size once a first text was written.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from fusion_pair import OPERATORS, Pair, Prompts, prompts, records
from rich.console import Console
from rich.table import Table

from cogenesis_langchain.fusion.operators import Operator
from cogenesis_langchain.fusion.sampling import Choice, Greedy, Sampled
from cogenesis_langchain.fusion.speculation import LocalSide, Speculation
from cogenesis_langchain.fusion.trace import traced
from cogenesis_langchain.fusion.verifier import Verifier
from cogenesis_langchain.models.local.llama_cpp_tokens import LlamaCppScorer, LlamaCppTokens
from cogenesis_langchain.models.local.sampling import Shape

TOKENS = int(sys.argv[1]) if len(sys.argv) > 1 else 60
BLOCK = 4
CHOICES: dict[str, Choice] = {"greedy": Greedy(), "sampled": Sampled(Shape(0.7, 0.95), 1)}
_P = ParamSpec("_P")
_R = TypeVar("_R")


class Clock:
    """Adds up the seconds spent in calls."""

    seconds = 0.0

    def around(self, call: Callable[_P, _R]) -> Callable[_P, _R]:
        def timed(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            began = time.perf_counter()
            try:
                return call(*args, **kwargs)
            finally:
                self.seconds += time.perf_counter() - began

        return timed


def resident() -> float:
    """Resident memory now, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def advance(speculation: Speculation, verifier: Verifier, pair: Pair, length: int) -> None:
    """Write on, in blocks of a fixed length, to this many tokens or a few more."""
    while len(speculation.written) < length:
        while len(speculation.drafts) < BLOCK + 1:
            speculation.draft()
        block = [draft.token for draft in speculation.drafts[:BLOCK]]
        for view in verifier.verify(speculation.written, block):
            settled = speculation.settle(view)
            traced(settled, "", pair.local)
            if not settled.accepted:
                break


def measure(
    pair: Pair, asked: Prompts, operator: Operator, choice: Choice, models: Clock
) -> list[str]:
    """Milliseconds a token once the prompts were read, and memory after half and all of them."""
    baseline = (pair.baseline, pair.baseline.encode_chat(asked.without))
    side = LocalSide(
        pair.local,
        pair.local.encode_chat(asked.local),
        baseline if operator.needs_baseline else None,
    )
    speculation, verifier = Speculation(side, operator, choice), pair.verify(asked)
    advance(speculation, verifier, pair, 1)
    begun = len(speculation.written)
    models.seconds, began = 0.0, time.perf_counter()
    advance(speculation, verifier, pair, begun + TOKENS // 2)
    half = resident()
    advance(speculation, verifier, pair, begun + TOKENS)
    written = len(speculation.written) - begun
    theirs, whole = models.seconds, time.perf_counter() - began
    return [
        operator.name,
        f"{theirs / written * 1000:.1f}",
        f"{(whole - theirs) / written * 1000:.1f}",
        f"{(whole - theirs) / theirs:.1%}",
        f"{half:.0f}",
        f"{resident():.0f}",
    ]


def main() -> None:
    pair, console, models = Pair(), Console(), Clock()
    for kind, method in ((LlamaCppTokens, "next_logprobs"), (LlamaCppScorer, "score")):
        setattr(kind, method, models.around(getattr(kind, method)))
    asked = prompts(records(1)[0])
    _ = pair.local, pair.baseline, pair.scorer
    measure(pair, asked, OPERATORS[-1], CHOICES["greedy"], models)
    opened = resident()
    table = Table(
        "operator", "models ms/token", "own ms/token", "own share", "MB at half", "MB at the end",
        "choice", title=f"{TOKENS} tokens; {opened:.0f} MB with models and caches",
    )  # fmt: skip
    for operator in OPERATORS:
        for name, choice in CHOICES.items():
            table.add_row(*measure(pair, asked, operator, choice, models), name)
            console.print(table)


if __name__ == "__main__":
    main()
