"""Sampling in blocks against token-by-token fusion, over 100,000 texts for each combination.

A small random transformer with a tiny vocabulary plays both sides. For each operator and block
length the texts that speculation writes are counted and compared, by a chi-square test, with the
exact probabilities of token-by-token fusion.

    bench_exactness.py [texts] [operators ...]
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.many_texts import Remembering, draws, exact, p_value
from support.tiny_models import OPERATORS, TinyScorer, tiny_verifier

from cogenesis_langchain.models.local.sampling import Shape

DRAWS = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
NAMES = sys.argv[2:] or [operator.name for operator in OPERATORS]
SIZES = (1, 3, 6)


def main() -> None:
    table = Table("operator", *(f"γ = {size}" for size in SIZES), title=f"p over {DRAWS:,} texts")
    verifier = Remembering(tiny_verifier(TinyScorer()))
    shape = Shape()
    for operator in (operator for operator in OPERATORS if operator.name in NAMES):
        expected = exact(operator, shape)
        values = [
            p_value(Counter(draws(operator, size, verifier, shape, DRAWS)), expected)
            for size in SIZES
        ]
        table.add_row(operator.name, *(f"{value:.3f}" for value in values))
    Console().print(table)


if __name__ == "__main__":
    main()
