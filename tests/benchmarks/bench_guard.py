"""Cost of the guard: searching a 150-word instruction for 100,000 private values.

The search time is given relative to one bare pass of the Aho-Corasick automaton over the normalised
text. That pass finds matches but does not check whether they are words, dates or amounts.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

import ahocorasick  # type: ignore[import-not-found]
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.labelled import contexts, general_instructions

from cogenesis_langchain.privacy.matching.normalisation import normalise
from cogenesis_langchain.privacy.matching.value_set import ValueSet
from cogenesis_langchain.privacy.values import PrivateValue, detect

VALUES = 100_000
WORDS = 150
SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]


def word(rng: random.Random) -> str:
    return "".join(rng.choices(SYLLABLES, k=rng.randint(2, 4))).capitalize()


def private_values(rng: random.Random) -> list[PrivateValue]:
    """Values of six kinds, as in a large store."""
    makers: list[Callable[[], PrivateValue]] = [
        lambda: PrivateValue("NAME", f"{word(rng)} {word(rng)}"),
        lambda: PrivateValue("EMAIL", f"{word(rng)}.{word(rng)}@{word(rng)}.com".lower()),
        lambda: PrivateValue("ID", f"{rng.choice('ABCDEF')}X-{rng.randint(10_000, 999_999)}"),
        lambda: PrivateValue("AMOUNT", f"${rng.randint(100, 99_999):,}.{rng.randint(10, 99)}"),
        lambda: PrivateValue("DATE", f"{rng.randint(1, 28)} March {rng.randint(1950, 2026)}"),
        lambda: PrivateValue("PHONE", f"+4479{rng.randint(10_000_000, 99_999_999)}"),
    ]
    weights = [40, 15, 15, 10, 10, 10]
    return [make() for make in rng.choices(makers, weights, k=VALUES)]


def seconds(work: Callable[[], object], repeats: int) -> float:
    """Time of one call; the best of five rounds."""
    rounds = []
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(repeats):
            work()
        rounds.append((time.perf_counter() - start) / repeats)
    return min(rounds)


def main() -> None:
    rng = random.Random(11)
    instruction = " ".join(" ".join(general_instructions("held_out")).split()[:WORDS])
    documents = [context.text for context in contexts("development")]
    detect(documents[0])  # loads the word lists

    values = private_values(rng)
    start = time.perf_counter()
    store = ValueSet.from_texts(documents, declared=(), detectors=[lambda _: values])
    collected = time.perf_counter() - start
    start = time.perf_counter()
    store.find(instruction)
    built = time.perf_counter() - start

    bare = ahocorasick.Automaton()
    for value in values:
        bare.add_word(normalise(value.text), value)
    bare.make_automaton()
    normalised = normalise(instruction)
    bare_pass = seconds(lambda: list(bare.iter(normalised)), 500)
    search = seconds(lambda: store.find(instruction), 50)
    payload = seconds(lambda: store.find_in_payload(instruction.encode()), 20)
    ingest = seconds(lambda: [detect(text) for text in documents], 1) / len(documents)
    words = sum(len(text.split()) for text in documents) / len(documents)

    table = Table(
        "work", "time", "ratio", title=f"{len(store):,} values, {WORDS} words of instruction"
    )
    table.add_row("one bare pass of the automaton", f"{bare_pass * 1e6:.0f} µs", "1")
    table.add_row("find", f"{search * 1e6:.0f} µs", f"{search / bare_pass:.0f}")
    table.add_row("find_in_payload", f"{payload * 1e6:.0f} µs", f"{payload / bare_pass:.0f}")
    table.add_row("collecting the values", f"{collected:.2f} s", "")
    table.add_row("building the automaton, at the first search", f"{built:.2f} s", "")
    table.add_row(f"detecting in a document of {words:.0f} words", f"{ingest * 1e3:.1f} ms", "")
    Console().print(table)


if __name__ == "__main__":
    main()
