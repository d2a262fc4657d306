"""What the decoder itself costs beyond the two models: time a token, and memory.

Both models run in this process, one after the other and without a network, so that what is left of
the time is the decoder's own: fusing, sampling, verifying, rolling back.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from fusion_pair import OPERATORS, Pair, Prompts, prompts, records
from many_texts import written_in_blocks
from rich.console import Console
from rich.table import Table

from cogenesis_langchain.fusion.operators import Operator
from cogenesis_langchain.fusion.sampling import Choice, Greedy, Sampled, Shape
from cogenesis_langchain.fusion.speculation import LocalSide, Speculation
from cogenesis_langchain.models.llama_cpp_tokens import _Cache

TOKENS = int(sys.argv[1]) if len(sys.argv) > 1 else 60
BLOCK = 4
CHOICES: dict[str, Choice] = {"greedy": Greedy(), "sampled": Sampled(Shape(0.7, None, 0.95), 1)}
_P = ParamSpec("_P")
_R = TypeVar("_R")


class Clock:
    """Adds up the seconds spent in a call."""

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


def write(
    pair: Pair, asked: Prompts, operator: Operator, choice: Choice, models: Clock
) -> tuple[float, float]:
    """Seconds of the models and of everything, once the prompts were read."""
    baseline = (pair.baseline, pair.baseline.encode_chat(asked.without))
    side = LocalSide(
        pair.local,
        pair.local.encode_chat(asked.local),
        baseline if operator.needs_baseline else None,
    )
    speculation, judge = Speculation(side, operator, choice), pair.judge(asked)
    begun = len(written_in_blocks(speculation, judge, BLOCK, 1))
    models.seconds, began = 0.0, time.perf_counter()
    written_in_blocks(speculation, judge, BLOCK, TOKENS + begun)
    return models.seconds, time.perf_counter() - began


def main() -> None:
    pair, console, models = Pair(), Console(), Clock()
    _Cache._decode = models.around(_Cache._decode)  # type: ignore[method-assign]
    asked = prompts(records(1)[0])
    table = Table("operator", "choice", "models ms a token", "own ms a token", "own share")
    _ = pair.local, pair.baseline, pair.scorer
    opened = resident()
    for operator in OPERATORS:
        for name, choice in CHOICES.items():
            theirs, whole = write(pair, asked, operator, choice, models)
            own = whole - theirs
            milliseconds = [f"{seconds / TOKENS * 1000:.1f}" for seconds in (theirs, own)]
            table.add_row(operator.name, name, *milliseconds, f"{own / theirs:.0%}")
            console.print(f"{operator.name}: resident {opened:.0f} MB before, {resident():.0f} now")
    console.print(table)


if __name__ == "__main__":
    main()
