"""``cogenesis models``: list, fetch and locate model files."""

from __future__ import annotations

import typer

models_app = typer.Typer(no_args_is_help=True, help=__doc__)
