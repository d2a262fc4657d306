"""``cogenesis stand-in``: serve a local model as if it were a cloud, for trying things out."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated

import typer

from cogenesis_langchain.cli.models import pull_with_bar
from cogenesis_langchain.models.cloud.stand_in import DEFAULT_MODEL, StandInCloud


def stand_in(
    model: Annotated[str, typer.Option(help="catalog name, hub reference or path")] = DEFAULT_MODEL,
    port: Annotated[int | None, typer.Option(help="port on loopback; default: a free one")] = None,
) -> None:
    """Serve a model on loopback until Ctrl-C, and print the base URL for OpenAI clients."""
    pull_with_bar(model)
    with suppress(KeyboardInterrupt), StandInCloud(model, port=port) as cloud:
        typer.echo(cloud.base_url)
        cloud.wait()
