"""``cogenesis stand-in``: serve a local model as a stand-in for a cloud model."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated

import typer

from cogenesis_langchain.cli.models import pull_with_bar
from cogenesis_langchain.models.cloud.stand_in import STAND_IN_MODEL, StandInCloud


def stand_in(
    model: Annotated[
        str, typer.Option(help="catalog name, hub reference or path")
    ] = STAND_IN_MODEL,
    port: Annotated[int | None, typer.Option(help="port on loopback; default: a free port")] = None,
) -> None:
    """Serve a model on loopback until Ctrl-C; print the base URL for OpenAI clients."""
    pull_with_bar(model)
    with suppress(KeyboardInterrupt), StandInCloud(model, port=port) as cloud:
        typer.echo(cloud.base_url)
        cloud.wait()
