"""``cogenesis train``: train a local model for its part."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from transformers import TrainerCallback

train_app = typer.Typer(no_args_is_help=True, help=__doc__)

Records = Annotated[Path, typer.Argument(help="records, one JSON object a line")]
Base = Annotated[str, typer.Option(help="catalog name, GGUF file, folder or owner/repository")]
Out = Annotated[Path, typer.Option(help="folder of the run; give it again to continue")]


@train_app.callback()
def _group() -> None:
    """Keep ``writer`` a command of its own, however many there are."""


@train_app.command()
def writer(
    records: Records,
    base: Base = "qwen2.5-coder-0.5b-instruct",
    out: Out = Path("writer"),
    rank: Annotated[int, typer.Option(min=1, help="rank of the adapter")] = 16,
    layers: Annotated[int | None, typer.Option(min=1, help="uppermost layers; all of them")] = None,
    learning_rate: Annotated[float, typer.Option(help="highest learning rate")] = 2e-4,
    batch: Annotated[int, typer.Option(min=1, help="samples a step")] = 8,
    epochs: Annotated[int, typer.Option(min=1, help="times that each record is used")] = 2,
    max_tokens: Annotated[int, typer.Option(min=64, help="longer samples are left out")] = 4096,
    steps_between_checks: Annotated[int, typer.Option(min=1, help="steps a checkpoint")] = 10,
    patience: Annotated[int, typer.Option(min=1, help="checks without a better loss")] = 3,
    validation: Annotated[int, typer.Option(min=2, help="every so many-th record validates")] = 20,
    seed: Annotated[int, typer.Option(help="order, templates and first weights")] = 1,
) -> None:
    """Train a writer adapter on records, and write it as GGUF with a model card."""
    from cogenesis_langchain.datasets.loaders import load_records
    from cogenesis_langchain.training.settings import WriterSettings
    from cogenesis_langchain.training.writer import train_writer

    settings = WriterSettings(
        rank=rank,
        layers=layers,
        learning_rate=learning_rate,
        batch=batch,
        epochs=epochs,
        max_tokens=max_tokens,
        steps_between_checks=steps_between_checks,
        patience=patience,
        validation=validation,
        seed=seed,
    )
    loaded = load_records(records)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        typer.echo(train_writer(loaded, base, out, settings, [_shown(bar)]))


def _shown(bar: Progress) -> TrainerCallback:
    """A callback that shows step and loss."""
    from transformers import TrainerCallback

    class _Shown(TrainerCallback):
        task = bar.add_task("training", total=None)

        def on_log(self, args: Any, state: Any, control: Any, **given: Any) -> None:
            logs = given.get("logs") or {}
            loss = logs.get("loss", logs.get("eval_loss"))
            described = "training" if loss is None else f"training, loss {loss:.2f}"
            bar.update(
                self.task,
                completed=state.global_step,
                total=state.max_steps,
                description=described,
            )

    return _Shown()
