"""Greedy fusion in blocks against token by token, with the real pair, for every operator.

A cloud model that scores several tokens a batch rounds differently than one that reads them one by
one; where two tokens are almost equally probable this can turn the argmax. Such ties are listed
with the distance between the two probabilities. With one token a batch there should be none.

    bench_fusion_exact.py [texts] [tokens] [tokens a batch]
"""

from __future__ import annotations

import sys

import numpy as np
from fusion_pair import OPERATORS, Pair, Prompts, prompts, records
from rich.console import Console
from rich.table import Table
from support.exactness import write_in_blocks

from cogenesis_langchain.fusion.operators import Operator, Position, complete
from cogenesis_langchain.fusion.sampling import GreedySampler
from cogenesis_langchain.fusion.speculation import LocalSide, Speculation
from cogenesis_langchain.fusion.verifier import Verifier

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 40
TOKENS = int(sys.argv[2]) if len(sys.argv) > 2 else 16
TOGETHER = int(sys.argv[3]) if len(sys.argv) > 3 else 1
BLOCK = 4


def write(side: LocalSide, operator: Operator, verifier: Verifier, block: int) -> list[int]:
    return write_in_blocks(Speculation(side, operator, GreedySampler()), verifier, block, TOKENS)


def distance(
    side: LocalSide, operator: Operator, verifier: Verifier, one: list[int], other: list[int]
) -> float:
    """How far apart the two tokens are at which the texts part, in probability."""
    at = next(i for i, pair in enumerate(zip(one, other, strict=True)) if pair[0] != pair[1])
    local, baseline = side.after(one[:at])
    topk = verifier.verify(one[:at], [])[0](local)
    assert topk is not None
    fused = operator.fuse(Position(local, complete(topk, local), baseline)).probabilities
    return float(np.abs(fused[one[at]] - fused[other[at]]))


def compare(pair: Pair, asked: Prompts, operator: Operator) -> float | None:
    """None if both texts are the same, else the distance at which they part."""
    baseline = (pair.baseline, pair.baseline.encode_chat(asked.without))
    side = LocalSide(
        pair.local,
        pair.local.encode_chat(asked.local),
        baseline if operator.needs_baseline else None,
    )
    verifier = pair.verify(asked)
    one = write(side, operator, verifier, 0)
    other = write(side, operator, verifier, BLOCK)
    return None if one == other else distance(side, operator, verifier, one, other)


def main() -> None:
    pair = Pair(TOGETHER)
    console = Console()
    found: dict[str, list[float | None]] = {operator.name: [] for operator in OPERATORS}
    for number, record in enumerate(records(COUNT), start=1):
        asked = prompts(record)
        for operator in OPERATORS:
            found[operator.name].append(compare(pair, asked, operator))
        same = {name: sum(gap is None for gap in gaps) for name, gaps in found.items()}
        console.print(f"{number} texts, the same: {same}")
    table = Table(
        "operator",
        "texts",
        "same",
        "parted at a distance of",
        title=f"{TOKENS} greedy tokens, {TOGETHER} a batch",
    )
    for name, gaps in found.items():
        parted = ", ".join(f"{gap:.1e}" for gap in gaps if gap is not None)
        table.add_row(name, str(len(gaps)), str(sum(gap is None for gap in gaps)), parted)
    console.print(table)


if __name__ == "__main__":
    main()
