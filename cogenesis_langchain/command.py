"""Starts the ``cogenesis`` command, or says which extra it needs."""

from __future__ import annotations

import sys

from cogenesis_langchain.errors import MissingDependency, require_package


def main() -> None:
    """Run the ``cogenesis`` command."""
    try:
        for package in ("rich", "typer"):
            require_package(package, extra="cli")
    except MissingDependency as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        sys.exit(1)
    from cogenesis_langchain.cli import main as run

    run()
