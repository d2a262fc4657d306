"""``cogenesis evaluate``: compare ways of writing on data, and report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from typer.core import TyperGroup

from cogenesis_langchain.errors import EvaluationConfigInvalid

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings
    from typer._click.core import Context

    from experiments.config import EvaluationConfig

_INTERRUPTED = 130
_ESTIMATE_OVER = 900.0  # seconds; texts of one record take very different times


class _RunUnlessTold(TyperGroup):
    """``evaluate FILE`` is short for ``evaluate run FILE``."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


evaluate_app = typer.Typer(cls=_RunUnlessTold, no_args_is_help=True, help=__doc__)


@evaluate_app.command()
def run(
    config: Annotated[Path, typer.Argument(help="what to evaluate, as TOML")],
    out: Annotated[Path | None, typer.Option(help="folder of the results")] = None,
) -> None:
    """Write all texts of an evaluation, or those that are missing, and report."""
    from experiments.config import load_config
    from experiments.models import open_models
    from cogenesis_langchain.evaluation.run_folder import RunFolder
    from cogenesis_langchain.evaluation.runner import load, write_texts
    from cogenesis_langchain.evaluation.stages import rate_texts, read_references

    console = Console(stderr=True)
    loaded = load_config(config)
    path = out or loaded.out
    if path is None:
        raise EvaluationConfigInvalid(
            "out: no folder is given for the results", remedy="give --out FOLDER, or set out"
        )
    load(loaded)  # before anything is fetched or started
    folder = RunFolder(path)
    _fetch(loaded)
    try:
        with open_models(loaded) as models, _progress(console, "texts") as progress:
            write_texts(loaded, models, folder, progress)
        with _progress(console, "references") as progress:
            read_references(loaded, folder, progress)
        with _progress(console, "ratings") as progress:
            rate_texts(loaded, folder, progress)
    except KeyboardInterrupt:
        console.print("Stopped. What was written is kept; the same command goes on from there.")
        raise typer.Exit(_INTERRUPTED) from None
    report(path)


@evaluate_app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="folder of a run, finished or not")],
) -> None:
    """Write report.md and report.html of a run."""
    from cogenesis_langchain.evaluation.report.write import write_report
    from cogenesis_langchain.evaluation.run_folder import RunFolder
    from cogenesis_langchain.evaluation.runner import load

    config = RunFolder(folder).config
    write_report(
        folder,
        load(config),
        embeddings=_embeddings() if config.closeness else None,
        show_texts=config.show_texts,
    )
    typer.echo(folder / "report.html")


def _embeddings() -> Embeddings:
    from cogenesis_langchain.cli.models import pull_with_bar
    from cogenesis_langchain.retrievers.embeddings import LocalMiniLM

    for name in ("minilm-l6-v2-int8", "minilm-l6-v2-tokenizer"):
        pull_with_bar(name)
    return LocalMiniLM()


def _fetch(config: EvaluationConfig) -> None:
    """Fetch model files that are not here yet, with a bar for each."""
    from cogenesis_langchain.cli.models import pull_with_bar

    local = (config.local.model, config.local.fine_tuned)
    endpoints = (config.cloud, *config.sketchers, *filter(None, [config.judge]))
    served = (endpoint.model for endpoint in endpoints if endpoint.base_url is None)
    for name in dict.fromkeys(filter(None, (*local, *served))):
        pull_with_bar(name)


@contextmanager
def _progress(console: Console, what: str) -> Iterator[Callable[[int, int, str], None]]:
    """A bar with the time that remains; one line each where there is no terminal."""
    if not console.is_terminal:
        yield lambda done, total, last: console.print(f"{what}: {done} of {total}; {last}")
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, speed_estimate_period=_ESTIMATE_OVER) as bar:
        task = bar.add_task(what, total=None, visible=False)

        def show(done: int, total: int, last: str) -> None:
            bar.update(
                task, completed=done, total=total, description=f"{what}: {last}", visible=True
            )

        yield show
