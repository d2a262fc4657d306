"""``cogenesis trace``: show which model wrote each token of a fused text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cogenesis_langchain.cli.pages import check_page, write_page
from cogenesis_langchain.errors import TraceInvalid
from cogenesis_langchain.fusion.heat_map.page import to_html
from cogenesis_langchain.fusion.heat_map.terminal import render
from cogenesis_langchain.fusion.trace import Trace

File = Annotated[Path, typer.Argument(help="trace file that Trace.to_json wrote")]
Html = Annotated[Path | None, typer.Option(help="also write the heat map as an HTML page")]


def trace(file: File, html: Html = None) -> None:
    """Show a fused text by author, in colours or, where the output has none, in words."""
    if html is not None:
        check_page(html)
    try:
        data = file.read_bytes()
    except OSError as error:
        raise TraceInvalid(
            f"{file} cannot be read ({type(error).__name__})", remedy="check the path"
        ) from None
    read = Trace.from_json(data)
    console = Console()
    console.print(render(read))
    if html is not None:
        write_page(html, to_html(read))
        console.print(f"Wrote {html}. The page contains the text, so keep it as private.")
