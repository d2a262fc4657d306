"""What a named-entity model adds to the rules, as a further source of values in the context.

    python tests/benchmarks/bench_named_entities.py [PART]

Strings of the labelled set ("entities", or another part), each in instructions that mention nothing
else of its context. The model reads the contexts alone, never the instructions.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import get_args

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.hidden_shares import border_guard, mentions, rates, recall
from support.labelled import INSTRUCTIONS_WITH, Half, contexts, false_alarms, general_instructions

from cogenesis_langchain import NamedEntityModel
from cogenesis_langchain.privacy.matching.value_set import ValueSet
from cogenesis_langchain.privacy.values import Detector, find_private_values

ENTITIES = ("NAME", "PLACE", "ORGANISATION", "ADDRESS")


def milliseconds(detector: Detector, texts: list[str]) -> float:
    """Time for 1,000 characters."""
    began = time.perf_counter()
    for text in texts:
        list(detector(text))
    return 1e6 * (time.perf_counter() - began) / sum(map(len, texts))


def main() -> None:
    half: Half = sys.argv[1] if len(sys.argv) > 1 else "entities"  # type: ignore[assignment]
    if half not in get_args(Half):
        raise SystemExit(f"there is no part {half!r}; choose from {', '.join(get_args(Half))}")
    model = NamedEntityModel(threads=1)
    sources: dict[str, list[Detector]] = {
        "rules": [find_private_values],
        "model": [model],
        "rules and model": [find_private_values, model],
    }
    texts = {context.name: context.text for context in contexts(half)}
    columns, alarms = {}, {}
    for name, detectors in sources.items():
        values = {
            context: ValueSet.from_texts([text], detectors=detectors)
            for context, text in texts.items()
        }
        guards = {context: border_guard(found) for context, found in values.items()}
        columns[name] = recall(mentions(half), guards.__getitem__)
        store = ValueSet.from_texts(texts.values(), detectors=detectors)
        alarms[name] = false_alarms(half, border_guard(store))
    kinds = sorted({kind for counts in columns.values() for kind in counts})
    table = Table("kind", "strings", *columns, title="hidden whole / in every word")
    for label, chosen in (
        *((kind, (kind,)) for kind in kinds),
        ("names, places, addresses", tuple(kind for kind in ENTITIES if kind in kinds)),
        ("all", tuple(kinds)),
    ):
        strings = sum(columns["rules"][kind][0] for kind in chosen) // len(INSTRUCTIONS_WITH)
        shares = (rates(counts, chosen) for counts in columns.values())
        table.add_row(label, str(strings), *shares)
    console = Console(width=120)
    console.print(table)
    total = len(general_instructions(half))
    for name, found in alarms.items():
        console.print(f"false alarms, {name}: {len(found)} of {total}", *found, sep="\n  ")
    for name, detector in (("rules", find_private_values), ("model", NamedEntityModel(threads=1))):
        took = milliseconds(detector, list(texts.values()))
        console.print(f"{name}: {took:.1f} ms for 1,000 characters")


if __name__ == "__main__":
    main()
