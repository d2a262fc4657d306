"""``cogenesis ledger``: show the requests that left this machine, and verify the ledger."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cogenesis_langchain.errors import LedgerError
from cogenesis_langchain.privacy.ledger.chain import LedgerLine, TornWrite, read
from cogenesis_langchain.privacy.ledger.chain import verify as verify_chain
from cogenesis_langchain.privacy.ledger.entry import LedgerEntry
from cogenesis_langchain.privacy.ledger.file import default_ledger_path

ledger_app = typer.Typer(no_args_is_help=True, help=__doc__)

Ledger = Annotated[
    Path,
    typer.Option("--path", default_factory=default_ledger_path, help="first file of the ledger"),
]
Last = Annotated[int, typer.Option(min=1, help="number of entries to show")]
Anchor = Annotated[
    str | None,
    typer.Option(help="anchor that an earlier `verify` printed; reveals removed last lines"),
]

_GROUPS: dict[str, Callable[[LedgerEntry], str]] = {
    "endpoint": lambda entry: entry.endpoint,
    "purpose": lambda entry: entry.purpose,
    "verdict": lambda entry: entry.verdict,
    "day (UTC)": lambda entry: f"{entry.time:%Y-%m-%d}",
}


@ledger_app.command()
def show(path: Ledger, last: Last = 10) -> None:
    """Print the newest entries with time, endpoint, purpose and exact payload."""
    console = Console()
    for line in deque(read(path), maxlen=last):
        console.print(_heading(line), style="bold", soft_wrap=True)
        if isinstance(line.content, LedgerEntry):
            masked = ", ".join(f"{n} {kind}" for kind, n in sorted(line.content.masked.items()))
            about = f"{line.content.endpoint}\nprivate values: {masked or 'none'}"
            body = _readable(line.content.payload)
            console.print(Text(f"{_printable(about)}\n{body}\n"), soft_wrap=True)


@ledger_app.command()
def verify(path: Ledger, anchor: Anchor = None) -> None:
    """Verify the hash chain and report the first broken line."""
    found = verify_chain(path, anchor=anchor)
    if found.broken:
        raise LedgerError(
            f"the egress ledger {path} does not verify. {found.broken}",
            remedy=f"the first {found.lines} lines are intact; compare the rest with a backup",
        )
    typer.echo(f"{found.lines} lines in {found.files} files, the chain is intact")
    if found.unfinished:
        typer.echo(
            f"{found.unfinished} bytes at the end are an incomplete line, from an interrupted "
            "write (its payload was not sent) or a truncated file; the next request records this"
        )
    typer.echo(f"anchor: {found.head}")


@ledger_app.command()
def stats(path: Ledger) -> None:
    """Count requests and bytes by endpoint, purpose, verdict and day."""
    counts = {group: Counter[str]() for group in _GROUPS}
    sizes = {group: Counter[str]() for group in _GROUPS}
    for line in read(path):
        if isinstance(line.content, LedgerEntry):
            for group, key_of in _GROUPS.items():
                key = _printable(key_of(line.content))
                counts[group][key] += 1
                sizes[group][key] += len(line.content.payload)
    for group in _GROUPS:
        table = Table(group, "entries", "bytes sent")
        for key in sorted(counts[group]):
            table.add_row(Text(key), f"{counts[group][key]:,}", f"{sizes[group][key]:,}")
        Console().print(table)


def _heading(line: LedgerLine) -> Text:
    content = line.content
    when = f"{content.time:%Y-%m-%d %H:%M:%S} UTC"
    if isinstance(content, TornWrite):
        return Text(f"{line.number}  {when}  incomplete line of {content.size} bytes removed")
    summary = f"{content.purpose}  {content.verdict}  {len(content.payload):,} bytes"
    return Text(_printable(f"{line.number}  {when}  {summary}"))


def _readable(payload: bytes) -> str:
    try:
        body = json.loads(payload, object_pairs_hook=_without_repeats)
    except ValueError:
        return _printable(payload.decode("utf-8", "backslashreplace"))
    return _printable(json.dumps(body, indent=2, ensure_ascii=False))


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Raise if a key is repeated, because a parsed object would show only its last value."""
    if len(dict(pairs)) != len(pairs):
        raise ValueError
    return dict(pairs)


def _printable(text: str) -> str:
    """Escape control characters, which could move the cursor or reorder text in a terminal."""
    return "".join(
        char if char.isprintable() or char == "\n" else char.encode("unicode_escape").decode()
        for char in text
    )
