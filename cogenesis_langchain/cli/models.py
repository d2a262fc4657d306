"""``cogenesis models``: list, download and locate model files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn
from rich.table import Column, Table

from cogenesis_langchain.errors import ModelFileDamaged
from cogenesis_langchain.models.files import catalog
from cogenesis_langchain.models.files.verification import FileRecord

models_app = typer.Typer(no_args_is_help=True, help=__doc__)

Name = Annotated[str, typer.Argument(help="catalog name, hf:owner/repository/file, or path")]
Names = Annotated[list[str], typer.Argument(help="catalog names, hf:owner/repository/file, paths")]


@models_app.command("list")
def list_models() -> None:
    """List the model files of the catalog, and which of them are downloaded."""
    table = Table(Column("name", no_wrap=True), "for", "size", "licence", "here")
    for entry in catalog.entries():
        size = f"{entry.size / 1e6:,.1f} MB"
        table.add_row(entry.name, entry.purpose, size, entry.licence, _state(entry.name))
    Console().print(table)


@models_app.command()
def pull(names: Names) -> None:
    """Download missing model files; verify existing ones and replace damaged ones."""
    for name in names:
        path = pull_with_bar(name, recheck=True)
        record = FileRecord.read(path)
        verdict = "verified" if record and record.verified else "not verified: no published hash"
        Console(stderr=True).print(f"{name}: {verdict}")
        typer.echo(path)


@models_app.command()
def path(name: Name) -> None:
    """Print the path of a downloaded model file."""
    typer.echo(catalog.require(name))


def pull_with_bar(name: str, *, recheck: bool = False) -> Path:
    """Download one file with a progress bar on stderr."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(name, total=None)
        return catalog.fetch(
            name,
            recheck=recheck,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )


def _state(name: str) -> str:
    try:
        return "yes" if catalog.locate(name) else "no"
    except ModelFileDamaged:
        return "damaged"
