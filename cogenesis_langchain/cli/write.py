"""``cogenesis write``: write a text from a public instruction and private documents."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.columns import Columns
from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from cogenesis_langchain.cli.context import add_with_bar
from cogenesis_langchain.cli.pages import check_page, write_page
from cogenesis_langchain.cli.provenance import render, summary, to_html
from cogenesis_langchain.errors import ConfigurationError

if TYPE_CHECKING:
    from langchain_core.messages import AIMessageChunk, HumanMessage

    from cogenesis_langchain.privacy.ledger.entry import EgressLedger, LedgerEntry

_CLOUD_TIMEOUT = 300.0  # seconds; the stand-in cloud may run on a slow machine


def write(
    instruction: Annotated[str, typer.Argument(help="what to write; only this may leave")],
    context: Annotated[
        Path, typer.Option(help="folder or file of private documents; profile.* is the profile")
    ],
    store: Annotated[Path, typer.Option(help="folder of the private context store")],
    details: Annotated[
        str | None, typer.Option(help="private details of the request; they never leave")
    ] = None,
    local: Annotated[
        str, typer.Option(help="local model: catalog name, hub reference or path")
    ] = "qwen2.5-coder-1.5b-instruct",
    cloud_base_url: Annotated[
        str | None, typer.Option(help="OpenAI-compatible endpoint; default: OPENAI_* or stand-in")
    ] = None,
    cloud_model: Annotated[str | None, typer.Option(help="model at that endpoint")] = None,
    k: Annotated[int, typer.Option(min=1, help="number of documents to retrieve")] = 3,
    max_tokens: Annotated[
        int, typer.Option(min=1, help="maximum number of tokens of the text")
    ] = 600,
    page: Annotated[
        Path | None, typer.Option(help="also write the text by author as an HTML page")
    ] = None,
) -> None:
    """Write a text from INSTRUCTION and private documents, and show every request that left."""
    from cogenesis_langchain.chat_model import ChatCoGenesis
    from cogenesis_langchain.models.cloud.stand_in import open_cloud, require_endpoint
    from cogenesis_langchain.models.local.llama_cpp import LlamaCppModel
    from cogenesis_langchain.privacy.ledger.file import FileLedger, default_ledger_path
    from cogenesis_langchain.retrievers.context_store import ContextStore
    from cogenesis_langchain.retrievers.loaders.ingest import check_exists
    from cogenesis_langchain.retrievers.private_context import PrivateContextRetriever

    check_exists(context)  # before minutes of work
    require_endpoint(cloud_base_url, cloud_model)
    if page is not None:
        check_page(page)
    console = Console()
    times: dict[str, float] = {}
    with _timed(times, "fetch the model files"):
        _fetch(local, stand_in=cloud_base_url is None)
    with _timed(times, "open the local model"):
        local_model = LlamaCppModel(local)
    with _timed(times, "read the documents"):
        documents = ContextStore(store)
        if not add_with_bar(documents, [context]).files:
            raise ConfigurationError(
                f"no file in {str(context)!r} can be read", remedy="put text files into it"
            )
    ledger = _OfThisRun(FileLedger(default_ledger_path()))
    start = time.monotonic()
    with open_cloud(cloud_base_url, cloud_model) as cloud:
        times["reach the cloud model"] = time.monotonic() - start
        model = ChatCoGenesis(
            cloud=cloud,
            local=local_model,
            retriever=PrivateContextRetriever(store=documents, k=k),
            ledger=ledger,
            temperature=0.3,
            max_tokens=max_tokens,
            cloud_timeout=_CLOUD_TIMEOUT,
            seed=1,
        )
        with _timed(times, "write the text"):
            answer = _stream(console, model.stream([_request(instruction, details)]))
    _show(console, instruction, details, answer, ledger.sent)
    if page is not None:
        _write_page(page, answer)
    console.print(_time_table(times))


class _OfThisRun:
    """Records in the user's ledger, and keeps what this run sent."""

    def __init__(self, ledger: EgressLedger) -> None:
        self._ledger = ledger
        self.sent: list[LedgerEntry] = []

    def append(self, entry: LedgerEntry) -> None:
        """Record an entry."""
        self._ledger.append(entry)
        self.sent.append(entry)


def _fetch(local: str, *, stand_in: bool) -> None:
    """Download missing model files, each with a progress bar."""
    from cogenesis_langchain.cli.models import pull_with_bar
    from cogenesis_langchain.models.cloud.stand_in import STAND_IN_MODEL, configured

    pull_with_bar(local)
    for name in ("minilm-l6-v2-int8", "minilm-l6-v2-tokenizer"):
        pull_with_bar(name)
    if stand_in and not configured():
        pull_with_bar(STAND_IN_MODEL)


@contextmanager
def _timed(times: dict[str, float], part: str) -> Iterator[None]:
    start = time.monotonic()
    yield
    times[part] = time.monotonic() - start


def _request(instruction: str, details: str | None) -> HumanMessage:
    from langchain_core.messages import HumanMessage

    from cogenesis_langchain.privacy.messages.marks import private, public

    if details is None:
        return HumanMessage(instruction)
    return HumanMessage([public(instruction), private(details)])


def _stream(console: Console, chunks: Iterator[AIMessageChunk]) -> AIMessageChunk:
    """Print the streamed text, and return the whole message."""
    console.rule("written on this machine (streamed)")
    whole = next(chunks)
    console.print(whole.text, end="", markup=False, highlight=False)
    for chunk in chunks:
        console.print(chunk.text, end="", markup=False, highlight=False)
        whole += chunk
    console.print()
    return whole


def _show(
    console: Console,
    instruction: str,
    details: str | None,
    answer: AIMessageChunk,
    entries: Sequence[LedgerEntry],
) -> None:
    report = answer.response_metadata["cogenesis"]
    sketch = Text(report["sketch"] or report["fallback_reason"])
    left = Group(
        Panel(Text(instruction), title="general instruction (may leave)"),
        *([Panel(Text(details), title="private details (stay here)")] if details else ()),
        Panel(sketch, title=f"sketch (rung: {report['rung']})"),
    )
    width = (console.width - 2) // 2
    runs = report["provenance"]
    text = Panel(render(runs) if runs else Text(answer.text), title="text (stays here)")
    console.print(Columns([left, text], width=width, expand=True))
    if runs:
        console.print(f"{summary(runs)} (underlined)")
    for title, lines in (("left out", report["left_out"]), ("not told", report["missing"])):
        if lines:
            console.print(Panel(Text("\n".join(lines)), title=title))
    console.rule(f"every byte that crossed the border: {len(entries)} request(s)")
    for entry in entries:
        title = f"{entry.endpoint}  {entry.purpose}  {entry.verdict}  {len(entry.payload)} bytes"
        console.print(Panel(Text(entry.payload.decode()), title=Text(title)))


def _write_page(path: Path, answer: AIMessageChunk) -> None:
    report = answer.response_metadata["cogenesis"]
    runs = report["provenance"] or [("local", answer.text)]
    html = to_html(runs, left_out=report["left_out"], missing=report["missing"])
    write_page(path, html)


def _time_table(times: dict[str, float]) -> Table:
    table = Table("part", "seconds")
    for part, seconds in times.items():
        table.add_row(part, f"{seconds:.1f}")
    return table
