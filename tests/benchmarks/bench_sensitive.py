"""Recall and false alarms on sensitive matters: illness, family, law, money, belief, sexuality.

    python tests/benchmarks/bench_sensitive.py

The part "sensitive" of the labelled set was written before the detectors were changed for such
matters, and is measured with the border's own rules. A string is hidden *whole* if it cannot be
read as a whole, and hidden *in every word* if none of its letters and digits can be read.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.labelled import (
    INSTRUCTIONS_WITH,
    Guard,
    Label,
    contexts,
    false_alarms,
    general_instructions,
    is_broken,
    is_hidden,
    private_instructions,
)

from cogenesis_langchain.privacy.matching.value_set import ValueSet, detect_in_instruction

SENSITIVE = ("HEALTH", "FAMILY", "LAW", "MONEY", "RELIGION", "POLITICS", "SEXUALITY")
CASES = dict[str, tuple[int, int, int]]


def border_guard(values: ValueSet, *, strict: bool = False) -> Guard:
    """A guard that hides what `Border.release` hides."""

    def spans(text: str) -> list[tuple[int, int]]:
        found = [hit.value for hit in detect_in_instruction(text, strict=strict)]
        every = values.union(ValueSet.from_texts((), declared=found))
        return [(hit.start, hit.end) for hit in every.find(text)]

    return spans


def mentions() -> Iterator[tuple[str, Label, str]]:
    """Each labelled string of a context, in instructions that mention nothing else of it."""
    for context in contexts("sensitive"):
        for label in context.labels:
            for template in INSTRUCTIONS_WITH:
                yield context.name, label, template.format(label.text)


def instructions() -> Iterator[tuple[str, Label, str]]:
    """Each labelled string of the private instructions."""
    for instruction in private_instructions():
        for label in instruction.labels:
            yield instruction.context, label, instruction.text


def recall(cases: Iterator[tuple[str, Label, str]], guard_of: Callable[[str], Guard]) -> CASES:
    """Number of strings, and how many are hidden whole and in every word, by kind."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for context, label, text in cases:
        hidden = list(guard_of(context)(text))
        row = counts[label.kind]
        row[0] += 1
        row[1] += is_broken(text, label.text, hidden)
        row[2] += is_hidden(text, label.text, hidden)
    return {kind: (row[0], row[1], row[2]) for kind, row in counts.items()}


def rates(counts: CASES, kinds: tuple[str, ...]) -> str:
    """Share of strings hidden whole and in every word."""
    total, whole, words = (sum(counts[kind][column] for kind in kinds) for column in range(3))
    return f"{whole / total:.1%} / {words / total:.1%}" if total else "-"


def main() -> None:
    texts = {context.name: context.text for context in contexts("sensitive")}
    guards = {name: border_guard(ValueSet.from_texts([text])) for name, text in texts.items()}
    store = ValueSet()
    for text in texts.values():
        store = store.union(ValueSet.from_texts([text]))
    bare = border_guard(ValueSet())
    strict = border_guard(ValueSet(), strict=True)
    columns = {
        "strings in templates": recall(mentions(), guards.__getitem__),
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
