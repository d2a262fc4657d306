"""Cost of the public view of fused decoding: processor time a token, and positions with a vote.

The cloud model has a vote where the view of the text is settled. The rest is the local model's
alone. A store of 100,000 values that the local model has not read is compared with none.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable

from faker import Faker
from rich.console import Console
from rich.table import Table

from cogenesis_langchain.privacy.matching.value_set import ValueSet
from cogenesis_langchain.privacy.placeholders import Placeholders
from cogenesis_langchain.privacy.values import ValueKind
from cogenesis_langchain.privacy.views.public_view import GrowingView

VALUES = 100_000
NOTE = """My name is Anna Keller, born 14 March 1961. I live at 12 Quellbornweg. My dentist Dr.
Bartholomew Quist wants 1,420.50 EUR for the crown. Call +49 30 5551234. The heating in my kitchen
has failed since the storm of last Tuesday. Grant Mayer is my landlord."""
LETTER = """Dear Dr. Quist,

I am writing to you about the appointment that we had agreed on for next week. Unfortunately I \
have to travel for my work on that day, and I would be grateful if we could move it to another \
time. Any morning after 14 March would suit me well, and I can also come at short notice if \
somebody else cancels. Please let me know whether the bill of 1,420.50 EUR can be paid in two \
parts, because the heating in my kitchen has failed since the storm and the repair was expensive. \
You can reach me on +49 30 5551234 during the day.

Thank you very much for your patience and for the good care you have given to our family.

Best regards,
Anna Keller
"""
_TOKEN = re.compile(r" ?[A-Za-z']+| ?\d|.|\n")
"""Words with the space before them, single digits and signs, as common tokenizers cut them."""


def stored_values(count: int) -> ValueSet:
    """Values of four kinds, of invented people."""
    fake, rng = Faker(), random.Random(3)
    fake.seed_instance(3)
    makers: list[tuple[ValueKind, Callable[[], str]]] = [
        ("NAME", fake.name),
        ("EMAIL", fake.email),
        ("DATE", fake.date),
        ("AMOUNT", lambda: f"{rng.randint(1000, 99_999)}.{rng.randint(10, 99)} EUR"),
    ]
    rows = (makers[number % len(makers)] for number in range(count))
    return ValueSet.from_rows(("detected", kind, make()) for kind, make in rows)


def measured(stored: ValueSet) -> tuple[float, float]:
    """Milliseconds a token, and the share of positions with a vote."""
    read = ValueSet.from_texts([NOTE])
    tokens = [piece.encode() for piece in _TOKEN.findall(LETTER)]

    def settled_positions() -> int:
        view = GrowingView(read.union(stored), Placeholders(), [NOTE], read=read)
        return sum(view.after(tokens[:count]) is not None for count in range(1, len(tokens) + 1))

    settled = settled_positions()  # loads the word lists
    start = time.process_time()
    settled_positions()
    return (time.process_time() - start) / len(tokens) * 1000, settled / len(tokens)


def main() -> None:
    """Print both figures for each size of the store."""
    table = Table("values in the store", "ms a token", "positions with a vote")
    for count in (0, VALUES):
        milliseconds, share = measured(stored_values(count) if count else ValueSet())
        table.add_row(f"{count:,}", f"{milliseconds:.2f}", f"{share:.0%}")
    Console().print(table)


if __name__ == "__main__":
    main()
