"""Cost of the decoder itself, without the two models: time per token, and memory.

    bench_fusion_cost.py [tokens]

Both models run in this process, one after the other and without a network. The models' time is the
time inside `TokenModel.next_logprobs` and `BlockScorer.score`. The rest is the decoder's own:
fusing, sampling, verifying, rolling back, tracing. Memory is the resident memory beyond the model
files and the caches, which reach their full size with the first text.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from fusion_pair import OPERATORS, Pair, Prompts, prompts, records
from rich.console import Console
from rich.table import Table
from support.exactness import write_in_blocks
from support.in_process_scorer import LlamaCppScorer
from support.memory import resident_bytes

from cogenesis_langchain.fusion.blocks.speculation import Speculation
from cogenesis_langchain.fusion.blocks.speculative_sampling import (
    GreedySampler,
    Sampler,
    SpeculativeSampler,
)
from cogenesis_langchain.fusion.operators import Operator
from cogenesis_langchain.fusion.trace import trace_token
from cogenesis_langchain.models.decoding.sampling import SamplingParameters
from cogenesis_langchain.models.local.llama_cpp_tokens import LlamaCppTokens

TOKENS = int(sys.argv[1]) if len(sys.argv) > 1 else 60
BLOCK = 4
SAMPLERS: dict[str, Sampler] = {
    "greedy": GreedySampler(),
    "sampled": SpeculativeSampler(SamplingParameters(0.7, 0.95), 1),
}
_P = ParamSpec("_P")
_R = TypeVar("_R")


class Clock:
    """Sums the seconds spent in calls."""

    seconds = 0.0

    def around(self, call: Callable[_P, _R]) -> Callable[_P, _R]:
        def timed(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            began = time.perf_counter()
            try:
                return call(*args, **kwargs)
            finally:
                self.seconds += time.perf_counter() - began

        return timed


def megabytes() -> float:
    """Resident memory of this process, in MB."""
    return resident_bytes() / 2**20


def measure(
    pair: Pair, asked: Prompts, operator: Operator, sampler: Sampler, models: Clock
) -> list[str]:
    """Milliseconds per token once the prompts are read, and memory at half and at the end."""
    speculation = Speculation(pair.local_side(asked, operator), operator, sampler)
    verifier = pair.verifier(asked)

    def advance(length: int) -> None:
        write_in_blocks(
            speculation,
            verifier,
            BLOCK,
            length,
            on_settled=lambda settled: trace_token(settled, "", pair.local),
        )

    advance(1)
    begun = len(speculation.written)
    models.seconds, began = 0.0, time.perf_counter()
    advance(begun + TOKENS // 2)
    half = megabytes()
    advance(begun + TOKENS)
    written = len(speculation.written) - begun
    in_models, total = models.seconds, time.perf_counter() - began
    return [
        operator.name,
        f"{in_models / written * 1000:.1f}",
        f"{(total - in_models) / written * 1000:.1f}",
        f"{(total - in_models) / in_models:.1%}",
        f"{half:.0f}",
        f"{megabytes():.0f}",
    ]


def main() -> None:
    pair, console, models = Pair(), Console(), Clock()
    for kind, method in ((LlamaCppTokens, "next_logprobs"), (LlamaCppScorer, "score")):
        setattr(kind, method, models.around(getattr(kind, method)))
    asked = prompts(records(1)[0], pair.small)
    _ = pair.local, pair.baseline, pair.scorer  # loads the models
    measure(pair, asked, OPERATORS[-1], SAMPLERS["greedy"], models)
    opened = megabytes()
    table = Table(
        "operator", "models ms/token", "own ms/token", "own share", "MB at half", "MB at the end",
        "sampler", title=f"{TOKENS} tokens; {opened:.0f} MB with models and caches",
    )  # fmt: skip
    for operator in OPERATORS:
        for name, sampler in SAMPLERS.items():
            table.add_row(*measure(pair, asked, operator, sampler, models), name)
            console.print(table)


if __name__ == "__main__":
    main()
