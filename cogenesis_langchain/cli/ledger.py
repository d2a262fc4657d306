"""``cogenesis ledger``: show the requests that left this machine, and verify the ledger."""

from __future__ import annotations

import json
import re
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cogenesis_langchain.cli.terminal import printable
from cogenesis_langchain.errors import LedgerError
from cogenesis_langchain.models.files import catalog
from cogenesis_langchain.models.local.llama_cpp_file import decoder_of
from cogenesis_langchain.privacy.ledger.chain import LedgerLine, TornWrite, read
from cogenesis_langchain.privacy.ledger.chain import verify as verify_chain
from cogenesis_langchain.privacy.ledger.entry import LedgerEntry
from cogenesis_langchain.privacy.ledger.file import default_ledger_path

ledger_app = typer.Typer(no_args_is_help=True, help=__doc__)

Ledger = Annotated[
    Path,
    typer.Option("--path", default_factory=default_ledger_path, help="first file of the ledger"),
]
Full = Annotated[bool, typer.Option("--full", help="print the exact payload")]
Tokenizer = Annotated[
    str | None,
    typer.Option(help="GGUF model with the tokens of the server; token ids are shown as text"),
]
Last = Annotated[int, typer.Option(min=1, help="number of entries to show")]
Anchor = Annotated[
    str | None,
    typer.Option(help="anchor that an earlier `verify` printed; reveals removed last lines"),
]

Decode = Callable[[Sequence[int]], str]

_LOOPBACK_PORT = re.compile(r"(//(?:127\.0\.0\.1|localhost|\[::1\])):\d+")

_GROUPS: dict[str, Callable[[LedgerEntry], str]] = {
    "endpoint": lambda entry: _without_loopback_port(entry.endpoint),
    "purpose": lambda entry: entry.purpose,
    "verdict": lambda entry: entry.verdict,
    "day (UTC)": lambda entry: f"{entry.time:%Y-%m-%d}",
}


@ledger_app.command()
def show(path: Ledger, last: Last = 10, full: Full = False, tokenizer: Tokenizer = None) -> None:
    """Print the newest entries: when, where to, why, and what was sent.

    Of a chat only the last message is printed, which holds the instruction; the messages before it
    are the fixed prompt. With --full the exact payload is printed.
    """
    console = Console()
    decode = decoder_of(catalog.require(tokenizer)) if tokenizer else None
    console.print(f"ledger: {path}", soft_wrap=True)
    for line in deque(read(path), maxlen=last):
        console.print(_heading(line), style="bold", soft_wrap=True)
        if isinstance(line.content, LedgerEntry):
            about = line.content.endpoint
            if line.content.verdict != "refused":
                masked = ", ".join(f"{n} {kind}" for kind, n in sorted(line.content.masked.items()))
                about += f"\nmasked values: {masked or 'none'}"
            if line.content.purpose == "fused":
                about += "\nthis request shows the cloud model the text so far"
            body = _readable(line.content.payload, full=full, decode=decode)
            console.print(Text(f"{printable(about)}\n{body}\n"), soft_wrap=True)


@ledger_app.command()
def verify(path: Ledger, anchor: Anchor = None) -> None:
    """Verify the hash chain and report the first broken line."""
    found = verify_chain(path, anchor=anchor)
    if found.broken:
        raise LedgerError(
            f"the egress ledger {path} does not verify. {found.broken}",
            remedy=f"the first {found.lines} lines are intact; compare the rest with a backup",
        )
    typer.echo(f"{path}: {found.lines} lines in {found.files} files, the chain is intact")
    if found.unfinished:
        typer.echo(
            f"{found.unfinished} bytes at the end are an incomplete line, from an interrupted "
            "write (its payload was not sent) or a truncated file; the next request records this"
        )
    typer.echo(
        "Keep this anchor on another machine. `cogenesis ledger verify --anchor ANCHOR` reveals "
        "later whether lines were removed at the end, or the ledger was written anew."
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
                key = printable(key_of(line.content))
                counts[group][key] += 1
                sizes[group][key] += len(line.content.payload)
    Console().print(f"ledger: {path}", soft_wrap=True)
    for group in _GROUPS:
        table = Table(group, "entries", "bytes sent")
        for key in sorted(counts[group]):
            table.add_row(Text(key), f"{counts[group][key]:,}", f"{sizes[group][key]:,}")
        Console().print(table)


def _without_loopback_port(endpoint: str) -> str:
    """The endpoint; a server on loopback gets another port each time it starts."""
    return _LOOPBACK_PORT.sub(r"\1", endpoint)


def _heading(line: LedgerLine) -> Text:
    content = line.content
    when = f"{content.time:%Y-%m-%d %H:%M:%S} UTC"
    if isinstance(content, TornWrite):
        return Text(f"{line.number}  {when}  incomplete line of {content.size} bytes removed")
    summary = f"{content.purpose}  {content.verdict}  {len(content.payload):,} bytes"
    return Text(printable(f"{line.number}  {when}  {summary}"))


def _readable(payload: bytes, *, full: bool, decode: Decode | None) -> str:
    try:
        body = json.loads(payload, object_pairs_hook=_without_repeats)
    except ValueError:
        return printable(payload.decode("utf-8", "backslashreplace"))
    if not full and isinstance(body, dict):
        return printable("\n".join(_folded(body, decode)))
    return printable(json.dumps(body, indent=2, ensure_ascii=False))


def _folded(body: Mapping[str, object], decode: Decode | None) -> Iterator[str]:
    """What varies of a request: its settings, the last message, or the text to score."""
    for name, value in body.items():
        if name == "messages" and isinstance(value, list) and value:
            if len(value) > 1:
                yield f"messages: {len(value) - 1} of the fixed prompt (--full shows them), then"
            last = value[-1]
            yield str(last.get("content", last) if isinstance(last, dict) else last)
        elif sequences := list(_token_sequences(value)):
            for ids in sequences:
                count = f"{name}: {len(ids)} token ids"
                hint = "--full shows them, --tokenizer MODEL their text"
                yield f"{count}, as text:\n{decode(ids)}" if decode else f"{count} ({hint})"
        else:
            yield f"{name}: {value if isinstance(value, str) else json.dumps(value)}"


def _token_sequences(value: object) -> Iterator[list[int]]:
    """The token ids of a prompt, or of each of several prompts; nothing if it is anything else."""
    if not isinstance(value, list) or not value:
        return
    prompts = [value] if all(isinstance(one, int) for one in value) else value
    if all(isinstance(ids, list) and all(isinstance(one, int) for one in ids) for ids in prompts):
        yield from prompts


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Raise if a key is repeated, because a parsed object would show only its last value."""
    if len(dict(pairs)) != len(pairs):
        raise ValueError
    return dict(pairs)
