"""Share of thirty varied instructions for which the stand-in cloud returns a valid sketch."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from cogenesis_langchain.errors import SketchInvalid
from cogenesis_langchain.models.cloud.cloud_model import CloudModel
from cogenesis_langchain.models.cloud.stand_in import open_cloud
from cogenesis_langchain.privacy.border import Border
from cogenesis_langchain.privacy.ledger.entry import MemoryLedger
from cogenesis_langchain.privacy.matching.value_set import ValueSet
from cogenesis_langchain.privacy.placeholders import Placeholders
from cogenesis_langchain.privacy.text import PrivateText
from cogenesis_langchain.sketch.outline import MAX_POINTS, MIN_POINTS, request_outline

INSTRUCTIONS = Path(__file__).parent.parent / "data" / "sketch_instructions.txt"


def main() -> None:
    console = Console()
    outcomes: Counter[str] = Counter()
    failed: list[str] = []
    border = Border(ledger=MemoryLedger())
    instructions = INSTRUCTIONS.read_text().splitlines()
    with open_cloud() as chat:
        cloud = CloudModel(chat, timeout=600)
        for instruction in track(instructions, console=console):
            placeholders = Placeholders()
            release = border.release(PrivateText(instruction), ValueSet(), placeholders)
            assert release.text is not None
            permit = border.permit(release, purpose="sketch")
            try:
                sketch = request_outline(cloud, release.text, permit, placeholders)
            except SketchInvalid as error:
                outcomes["invalid"] += 1
                failed.append(f"{instruction} ({error})")
            else:
                whole = MIN_POINTS <= len(sketch.points) <= MAX_POINTS
                tries = "first try" if permit.sent.calls == 1 else "after retry"
                outcomes[tries if whole else "brief"] += 1
    total = len(instructions)
    valid = outcomes["first try"] + outcomes["after retry"]
    table = Table("valid sketches", "of", "share", "aim")
    table.add_row("at first try", str(total), f"{outcomes['first try'] / total:.0%}", "")
    table.add_row("after one retry", str(total), f"{valid / total:.0%}", "95 %")
    usable = (valid + outcomes["brief"]) / total
    table.add_row("with those of another length", str(total), f"{usable:.0%}", "")
    console.print(table)
    for instruction in failed:
        console.print(f"invalid: {instruction}")


if __name__ == "__main__":
    main()
