"""Checks that decoding in blocks writes what token-by-token fusion writes, for every operator.

    bench_fusion_exactness.py sampled [texts] [operators ...]
    bench_fusion_exactness.py masked [texts] [operators ...]
    bench_fusion_exactness.py greedy [texts] [tokens] [tokens per batch]

Without arguments it runs all.

``sampled`` uses a small random transformer with a tiny vocabulary as both models. For each operator
and block length it counts the texts that speculative sampling writes, and compares the counts, by a
chi-square test, with the exact probabilities of token-by-token fusion. 100,000 texts each.
``masked`` does the same with masked disclosure.

``greedy`` uses the real models. A cloud model that scores several tokens per batch rounds
differently than one that reads them one by one. Where two tokens are almost equally probable this
can change the argmax. Such ties are listed with the difference of the two probabilities; with one
token per batch there should be none.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from fusion_pair import OPERATORS, Pair, Prompts, prompts, records
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from support import tiny_models
from support.exactness import (
    CachingVerifier,
    exact_probabilities,
    p_value,
    sample_texts,
    write_in_blocks,
)

from cogenesis_langchain.fusion.blocks.speculation import LocalSide, Speculation
from cogenesis_langchain.fusion.blocks.speculative_sampling import GreedySampler
from cogenesis_langchain.fusion.operators import Operator
from cogenesis_langchain.fusion.position import Position, complete
from cogenesis_langchain.fusion.verification.verifier import Verifier
from cogenesis_langchain.models.decoding.sampling import SamplingParameters
from cogenesis_langchain.privacy.views.disclosure import Disclosure

BLOCKS = (1, 3, 6)
GREEDY_BLOCK = 4


def sampled(
    texts: int = 100_000, names: Sequence[str] = (), disclosure: Disclosure | None = None
) -> Table:
    """Compare sampled texts of the tiny models with the exact probabilities."""
    title = f"p over {texts:,} {'open' if disclosure is None else 'masked'} texts"
    table = Table("operator", *(f"γ = {size}" for size in BLOCKS), title=title)
    asked = tiny_models.tiny_verifier(tiny_models.TinyScorer(), disclosure=disclosure)
    verifier = CachingVerifier(asked)
    parameters = SamplingParameters()
    for operator in tiny_models.OPERATORS:
        if names and operator.name not in names:
            continue
        expected = exact_probabilities(operator, parameters, verifier=asked)
        values = [
            p_value(Counter(sample_texts(operator, size, verifier, parameters, texts)), expected)
            for size in BLOCKS
        ]
        table.add_row(operator.name, *(f"{value:.3f}" for value in values))
    return table


def greedy(console: Console, texts: int = 40, tokens: int = 16, batch: int = 1) -> Table:
    """Compare greedy texts of the real models, in blocks and token by token."""
    pair = Pair(batch)
    found: dict[str, list[float | None]] = {operator.name: [] for operator in OPERATORS}
    for number, record in enumerate(records(texts), start=1):
        asked = prompts(record, pair.small)
        for operator in OPERATORS:
            found[operator.name].append(compare(pair, asked, operator, tokens))
        same = {name: sum(gap is None for gap in gaps) for name, gaps in found.items()}
        console.print(f"{number} texts, identical: {same}")
    table = Table(
        "operator",
        "texts",
        "identical",
        "differences in probability",
        title=f"{tokens} greedy tokens, {batch} per batch",
    )
    for name, gaps in found.items():
        differences = ", ".join(f"{gap:.1e}" for gap in gaps if gap is not None)
        table.add_row(name, str(len(gaps)), str(sum(gap is None for gap in gaps)), differences)
    return table


def compare(pair: Pair, asked: Prompts, operator: Operator, tokens: int) -> float | None:
    """None if both texts are identical, else the difference where they diverge."""
    side, verifier = pair.local_side(asked, operator), pair.verifier(asked)
    one, other = (
        write_in_blocks(Speculation(side, operator, GreedySampler()), verifier, block, tokens)
        for block in (0, GREEDY_BLOCK)
    )
    return None if one == other else difference(side, operator, verifier, one, other)


def difference(
    side: LocalSide, operator: Operator, verifier: Verifier, one: list[int], other: list[int]
) -> float:
    """Difference in probability of the two tokens where the texts diverge."""
    at = next(i for i, pair in enumerate(zip(one, other, strict=True)) if pair[0] != pair[1])
    local, baseline = side.after(one[:at])
    topk = verifier.verify(one[:at], [])[0](local)
    assert topk is not None
    fused = operator.fuse(Position(local, complete(topk, local), baseline)).probabilities
    return float(np.abs(fused[one[at]] - fused[other[at]]))


def main(part: str = "", *arguments: str) -> None:
    console = Console()
    disclosures = {"sampled": None, "masked": tiny_models.masked_disclosure()}
    for name, disclosure in disclosures.items():
        if part in ("", name):
            texts = int(arguments[0]) if arguments else 100_000
            console.print(sampled(texts, arguments[1:], disclosure))
    if part in ("", "greedy"):
        console.print(greedy(console, *map(int, arguments)))


if __name__ == "__main__":
    main(*sys.argv[1:])
