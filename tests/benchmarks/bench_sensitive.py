"""Recall and false alarms on sensitive matters: illness, family, law, money, belief, sexuality.

    python tests/benchmarks/bench_sensitive.py

The part "sensitive" of the labelled set was written before the detectors were changed for such
matters, and is measured with the border's own rules.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.hidden_shares import border_guard, mentions, rates, recall
from support.labelled import (
    Label,
    contexts,
    false_alarms,
    general_instructions,
    private_instructions,
)

from cogenesis_langchain.privacy.matching.value_set import ValueSet

SENSITIVE = ("HEALTH", "FAMILY", "LAW", "MONEY", "RELIGION", "POLITICS", "SEXUALITY")


def instructions() -> Iterator[tuple[str, Label, str]]:
    """Each labelled string of the private instructions."""
    for instruction in private_instructions():
        for label in instruction.labels:
            yield instruction.context, label, instruction.text


def main() -> None:
    texts = {context.name: context.text for context in contexts("sensitive")}
    guards = {name: border_guard(ValueSet.from_texts([text])) for name, text in texts.items()}
    store = ValueSet()
    for text in texts.values():
        store = store.union(ValueSet.from_texts([text]))
    bare = border_guard(ValueSet())
    strict = border_guard(ValueSet(), strict=True)
    columns = {
        "strings in templates": recall(mentions("sensitive"), guards.__getitem__),
        "private instructions": recall(instructions(), guards.__getitem__),
        "same, no documents": recall(instructions(), lambda _: bare),
        "no documents, strict": recall(instructions(), lambda _: strict),
    }
    table = Table("kind", *columns, title="hidden whole / in every word")
    kinds = {kind for counts in columns.values() for kind in counts}
    for counts in columns.values():
        for kind in kinds - counts.keys():
            counts[kind] = (0, 0, 0)
    for kind in sorted(kinds):
        table.add_row(kind, *(rates(counts, (kind,)) for counts in columns.values()))
    table.add_row("sensitive", *(rates(counts, SENSITIVE) for counts in columns.values()))
    table.add_row("all", *(rates(counts, tuple(kinds)) for counts in columns.values()))
    console = Console(width=120)
    console.print(table)
    total = len(general_instructions("sensitive"))
    guards_of_all = {
        "with all documents": border_guard(store),
        "no documents": bare,
        "no documents, strict": strict,
    }
    for name, guard in guards_of_all.items():
        alarms = false_alarms("sensitive", guard)
        console.print(f"false alarms, {name}: {len(alarms)} of {total}")


if __name__ == "__main__":
    main()
