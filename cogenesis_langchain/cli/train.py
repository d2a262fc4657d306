"""``cogenesis train``: train a local model for its part."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cogenesis_langchain.errors import require_package
from cogenesis_langchain.training.settings import WriterSettings

if TYPE_CHECKING:
    from transformers import TrainerCallback

    from cogenesis_langchain.fusion.learned_weight import Features

train_app = typer.Typer(no_args_is_help=True, help=__doc__)

Records = Annotated[Path, typer.Argument(help="records, one JSON object a line")]
Out = Annotated[Path, typer.Option(help="folder of the run; give it again to continue")]
_DEFAULT = WriterSettings()


@train_app.command()
def writer(
    records: Records,
    base: Annotated[
        str, typer.Option(help="catalog name, GGUF file, folder or owner/repository")
    ] = "qwen2.5-coder-0.5b-instruct",
    out: Out = Path("writer"),
    rank: Annotated[int, typer.Option(min=1, help="rank of the adapter")] = _DEFAULT.rank,
    layers: Annotated[
        int | None, typer.Option(min=1, help="number of upper layers; default: all")
    ] = _DEFAULT.layers,
    learning_rate: Annotated[
        float, typer.Option(min=1e-9, help="highest learning rate")
    ] = _DEFAULT.learning_rate,
    batch: Annotated[int, typer.Option(min=1, help="samples a step")] = _DEFAULT.batch,
    epochs: Annotated[int, typer.Option(min=1, help="uses of each record")] = _DEFAULT.epochs,
    max_tokens: Annotated[
        int, typer.Option(min=64, help="longer samples are left out")
    ] = _DEFAULT.max_tokens,
    steps_between_checks: Annotated[
        int, typer.Option(min=1, help="steps between checkpoints")
    ] = _DEFAULT.steps_between_checks,
    patience: Annotated[
        int, typer.Option(min=1, help="validations without a better loss before it stops")
    ] = _DEFAULT.patience,
    validation: Annotated[
        int, typer.Option(min=2, help="every n-th record is kept for validation")
    ] = _DEFAULT.validation,
    whole_texts: Annotated[
        float, typer.Option(min=0, max=1, help="share of whole texts; the others are completions")
    ] = _DEFAULT.whole_texts,
    outlines: Annotated[
        Path | None, typer.Option(help="outlines of a cloud model for the records, as JSON Lines")
    ] = None,
    seed: Annotated[int, typer.Option(help="order, templates, first weights")] = _DEFAULT.seed,
) -> None:
    """Train a writer adapter on records, and write it as GGUF with a model card."""
    from cogenesis_langchain.datasets.loaders import load_outlines, load_records
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
        whole_texts=whole_texts,
        seed=seed,
    )
    loaded = load_records(records)
    known = load_outlines(outlines) if outlines else {}
    require_package("transformers", extra="training")
    with _bar() as bar:
        typer.echo(train_writer(loaded, base, out, settings, [_shown(bar)], outlines=known))


@train_app.command()
def combiner(
    records: Records,
    local: Annotated[str, typer.Option(help="local model: catalog name, hub reference or path")],
    cloud: Annotated[str, typer.Option(help="model of the same family, in the cloud's place")],
    out: Out = Path("combiner"),
    features: Annotated[str, typer.Option(help="top (as in the paper) or summary")] = "top",
    tokens: Annotated[int, typer.Option(min=1, help="most tokens of a reference")] = 128,
    validation: Annotated[
        int, typer.Option(min=2, help="every n-th record is kept for validation")
    ] = 5,
) -> None:
    """Train the weight of fused decoding on records, and write it as safetensors."""
    from cogenesis_langchain.datasets.loaders import load_records
    from cogenesis_langchain.training.combiner import WEIGHT, train_combiner

    chosen = _features(features)
    loaded = load_records(records)
    with _bar() as bar:
        task = bar.add_task("reading", total=len(loaded))
        made = train_combiner(
            loaded,
            local,
            cloud,
            out,
            features=chosen,
            tokens=tokens,
            validation=validation,
            progress=lambda done: bar.update(task, completed=done),
        )
    for name, nats in sorted(made.nats.items(), key=lambda item: item[1]):
        typer.echo(f"{name}: {nats:.3f} nats a token of the validation records")
    typer.echo(out / WEIGHT)


def _features(name: str) -> Features:
    from cogenesis_langchain.fusion.learned_weight import FEATURES

    for known in FEATURES:
        if name == known:
            return known
    raise typer.BadParameter(f"{name!r} is none of {', '.join(FEATURES)}", param_hint="--features")


def _bar() -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    return Progress(*columns, console=console, disable=not console.is_terminal)


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
