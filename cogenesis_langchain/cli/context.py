"""``cogenesis context``: add private documents to the context store, search and delete them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import platformdirs
import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Column, Table
from rich.text import Text
from typer.core import TyperGroup

from cogenesis_langchain.cli.terminal import print_records, printable, record_as_json
from cogenesis_langchain.errors import ConfigurationError, StoreError

if TYPE_CHECKING:
    from cogenesis_langchain.retrievers.context_store import ContextStore
    from cogenesis_langchain.retrievers.loaders.ingest import FileProgress, FilesReport
    from cogenesis_langchain.retrievers.storage.records import Kind


class StoreGroup(TyperGroup):
    """A group whose own options may also stand after the command."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Put the group's options before the command."""
        options = {name: option for option in self.params for name in option.opts}
        first: list[str] = []
        rest: list[str] = []
        given = iter(args)
        for argument in given:
            if argument == "--":
                rest += [argument, *given]
                break
            option = options.get(argument.partition("=")[0])
            if option is None:
                rest.append(argument)
                continue
            first.append(argument)
            if "=" not in argument and not getattr(option, "is_flag", False):
                first += islice(given, 1)
        return super().parse_args(ctx, [*first, *rest])


context_app = typer.Typer(cls=StoreGroup, no_args_is_help=True, help=__doc__)

Ids = Annotated[list[str], typer.Argument(help="ids, as `list` and `search` show them")]
KindOption = Annotated[
    str | None, typer.Option("--kind", help="profile, history, activity or document")
]


@dataclass(frozen=True)
class StoreOptions:
    """The options of the group: location of the store, its key, and the user.

    Raises:
        ConfigurationError: Two options exclude each other.
    """

    store: Path | None
    user: str
    key_file: Path | None
    keyring: bool
    server: str | None
    trusted_hosts: Sequence[str]

    def __post_init__(self) -> None:
        if self.key_file and self.keyring:
            raise ConfigurationError(
                "--key-file and --keyring both name the store's key",
                remedy="give the one that the store was created with",
            )
        if self.store and self.server:
            raise ConfigurationError(
                "--store and --server both name the store",
                remedy="give --store for a folder, or --server for a Chroma server",
            )

    @property
    def folder(self) -> Path:
        """The folder of the store; by default in the user's data folder."""
        return self.store or platformdirs.user_data_path("cogenesis-langchain") / "context"

    def key(self) -> bytes | None:
        """Return the encryption key, if the store has one."""
        from cogenesis_langchain.retrievers.storage.encryption import keyring_key, read_key_file

        if self.key_file:
            return read_key_file(self.key_file)
        return keyring_key() if self.keyring else None

    def open(self) -> ContextStore:
        """Open the store."""
        from cogenesis_langchain.retrievers.context_store import ContextStore

        if self.server is None:
            return ContextStore(
                self.folder, self.user, key=self.key(), trusted_hosts=self.trusted_hosts
            )
        host, _, port = self.server.rpartition(":")
        if not host or not port.isdigit():
            raise ConfigurationError(
                f"{self.server!r} is not a server address", remedy="pass it as HOST:PORT"
            )
        return ContextStore.connect(
            host, int(port), self.user, key=self.key(), trusted_hosts=self.trusted_hosts
        )


@context_app.callback()
def choose(
    context: typer.Context,
    store: Annotated[
        Path | None, typer.Option(help="folder of the store; default: in the user's data folder")
    ] = None,
    user: Annotated[str, typer.Option(help="user whose context it is")] = "default",
    key_file: Annotated[
        Path | None, typer.Option(help="key file of an encrypted store; see `new-key`")
    ] = None,
    keyring: Annotated[
        bool, typer.Option("--keyring", help="read the key from the system's keyring")
    ] = False,
    server: Annotated[
        str | None, typer.Option(help="HOST:PORT of a Chroma server, instead of a folder")
    ] = None,
    trusted_host: Annotated[
        list[str] | None, typer.Option(help="host besides this machine that may have the store")
    ] = None,
) -> None:
    """Manage the private context store. These options may stand after the command too."""
    context.obj = StoreOptions(store, user, key_file, keyring, server, trusted_host or [])


@context_app.command()
def add(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(help="files, and folders with all their files")],
    kind: KindOption = None,
) -> None:
    """Add files: text, Markdown, HTML, PDF, e-mail (.eml, .mbox), calendar, CSV, JSON.

    Run it again to resume an interrupted run, or to update files that have changed.
    """
    from cogenesis_langchain.retrievers.storage.records import check_kind

    chosen = check_kind(kind or "document")
    with context.obj.open() as store:
        report = add_with_bar(store, paths, kind=chosen)
    typer.echo(f"{report.pieces} pieces of {report.files} files are in the store")
    if report.problems:
        raise typer.Exit(1)


def add_with_bar(
    store: ContextStore, paths: Sequence[Path], kind: Kind = "document"
) -> FilesReport:
    """Add files with a progress bar, and say which could not be read."""
    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)

        def show(step: FileProgress) -> None:
            bar.update(task, description=printable(f"{step.path.name}: {step.pieces}"))
            if step.done:
                bar.advance(task)

        report = store.add_files(*paths, kind=kind, progress=show)
    for path, problem in report.problems:
        console.print(Text(printable(f"skipped {path}: {problem.what}. {problem.remedy}")))
    return report


@context_app.command("list")
def list_records(
    context: typer.Context,
    kind: KindOption = None,
    limit: Annotated[int, typer.Option(help="number of records")] = 50,
    offset: Annotated[int, typer.Option(help="number of records to skip")] = 0,
) -> None:
    """List records in the order they were added."""
    from cogenesis_langchain.retrievers.storage.filters import Filter

    with context.obj.open() as store:
        print_records(store.list_documents(Filter(_kinds(kind)), limit=limit, offset=offset))


@context_app.command()
def search(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help="query")],
    k: Annotated[int, typer.Option(help="number of records")] = 5,
    search_type: Annotated[
        str, typer.Option("--type", help="hybrid, similarity, keywords or mmr")
    ] = "hybrid",
    kind: KindOption = None,
    since: Annotated[str | None, typer.Option(help="first date, 2026-03-14")] = None,
    until: Annotated[str | None, typer.Option(help="last date")] = None,
) -> None:
    """Search for records."""
    from cogenesis_langchain.retrievers.search import Search, check_search_type
    from cogenesis_langchain.retrievers.storage.filters import Filter

    chosen = check_search_type(search_type)
    wanted = Search(query, k, chosen, Filter(_kinds(kind), since, until))
    with context.obj.open() as store:
        print_records([document for document, _ in store.search(wanted)])


@context_app.command()
def show(context: typer.Context, ids: Ids) -> None:
    """Print whole records with their metadata as JSON."""
    with context.obj.open() as store:
        found = store.get(ids)
    for document in found:
        typer.echo(record_as_json(document))
    if unknown := set(ids) - {document.id for document in found}:
        raise StoreError(
            f"no record has the id {', '.join(sorted(unknown))}",
            remedy="list the ids with `cogenesis context list`",
        )


@context_app.command()
def export(context: typer.Context) -> None:
    """Print every record as one line of JSON: its id, text and metadata."""
    with context.obj.open() as store:
        for document in store.export():
            typer.echo(record_as_json(document))


@context_app.command()
def forget(context: typer.Context, ids: Ids) -> None:
    """Delete records and erase their text from all files of the store."""
    with context.obj.open() as store:
        store.forget(ids)
    typer.echo(f"deleted {len(set(ids))} records")


@context_app.command()
def purge(
    context: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask for confirmation")] = False,
) -> None:
    """Delete all records of the user and erase their text from all files of the store."""
    options: StoreOptions = context.obj
    with options.open() as store:
        total = sum(store.stats().values())
        if not yes:
            typer.confirm(f"Delete all {total} records of {options.user!r}?", abort=True)
        store.purge()
    typer.echo(f"deleted {total} records")


@context_app.command()
def stats(context: typer.Context) -> None:
    """Count the user's records by kind."""
    table = Table("kind", Column("records", justify="right"))
    with context.obj.open() as store:
        for kind, count in store.stats().items():
            table.add_row(kind, str(count))
    Console().print(table)


@context_app.command()
def rebuild(context: typer.Context) -> None:
    """Compute all vectors anew: after damage, or for another embedding model."""
    from cogenesis_langchain.retrievers.storage.rebuild import rebuild_store

    options: StoreOptions = context.obj
    if options.server:
        raise ConfigurationError(
            "a client cannot rebuild the records on a Chroma server",
            remedy="stop the server, and rebuild its folder: cogenesis context rebuild --store "
            "FOLDER",
        )
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("embedding", total=None)
        total = rebuild_store(
            options.folder,
            options.user,
            key=options.key(),
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    typer.echo(f"rebuilt {total} records")


@context_app.command("new-key")
def new_key(path: Annotated[Path, typer.Argument(help="file to create")]) -> None:
    """Create a key file for an encrypted store. Keep it on another disk, and make a backup."""
    from cogenesis_langchain.retrievers.storage.encryption import new_key_file

    new_key_file(path)
    typer.echo(path)


def _kinds(kind: str | None) -> list[Kind]:
    from cogenesis_langchain.retrievers.storage.records import check_kind

    return [check_kind(kind)] if kind else []
