"""The ``cogenesis`` command. Each command or group of commands is a module of this package."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from cogenesis_langchain.cli.context import context_app
from cogenesis_langchain.cli.ledger import ledger_app
from cogenesis_langchain.cli.models import models_app
from cogenesis_langchain.cli.stand_in import stand_in
from cogenesis_langchain.cli.trace import trace
from cogenesis_langchain.cli.train import train_app
from cogenesis_langchain.cli.write import write
from cogenesis_langchain.errors import CoGenesisError
from cogenesis_langchain.models.cloud.stand_in import SHORT_SPIN
from cogenesis_langchain.version import __version__

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.add_typer(context_app, name="context")
app.add_typer(ledger_app, name="ledger")
app.add_typer(models_app, name="models")
app.add_typer(train_app, name="train")
app.command("stand-in")(stand_in)
app.command("trace")(trace)
app.command("write")(write)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"cogenesis-langchain {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="print it")
    ] = False,
) -> None:
    """Write with a cloud model, and keep private documents on this machine."""


def main() -> None:
    """Run the ``cogenesis`` command."""
    run(app)


def run(command: typer.Typer) -> None:
    """Run a command line. An error of the library is printed as its message and remedy."""
    # llama.cpp reads these variables once, when it is loaded.
    for name, value in SHORT_SPIN.items():
        os.environ.setdefault(name, value)
    try:
        command()
    except CoGenesisError as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        sys.exit(1)
