"""The model card: what an adapter was trained on, how, and how the loss went."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from cogenesis_langchain.datasets.record import Record
from cogenesis_langchain.training.run_folder import hash_of
from cogenesis_langchain.training.settings import WriterSettings
from cogenesis_langchain.version import __version__
from cogenesis_langchain.whole_file import whole_file


def write_card(
    path: Path,
    base: str,
    records: Sequence[Record],
    with_outline: int,
    settings: WriterSettings,
    history: Sequence[Mapping[str, float]],
) -> None:
    """Write the card of a run.

    Args:
        path: Where to.
        base: The model that was trained.
        records: Records of the run, those for validation included.
        with_outline: Number of records with an outline of a cloud model.
        settings: How it was trained.
        history: What the trainer logged, one mapping a step or validation.
    """
    lines = [
        "# Writer adapter",
        "",
        f"A low-rank adapter for `{base}`, made by `cogenesis train writer` {__version__}.",
        "",
        "| | |",
        "|---|---|",
        f"| records | {len(records)}, SHA-256 {hash_of(records)} |",
        f"| with an outline | {with_outline} |",
        *(f"| {name} | {value} |" for name, value in settings.model_dump().items()),
        "",
        "Loss in nats a token of the slots and whole texts: for training the mean of the steps",
        "since the last row, for validation the mean of its texts. Step 0 is the model as it was.",
        "",
        "| step | training | validation |",
        "|---|---|---|",
        *_curve(history),
    ]
    with whole_file(path) as written:
        written.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _curve(history: Sequence[Mapping[str, float]]) -> Iterator[str]:
    """One row a validation, with the mean training loss since the one before."""
    since: list[float] = []
    for entry in history:
        if "loss" in entry:
            since.append(entry["loss"])
        if "eval_loss" in entry:
            trained = f"{sum(since) / len(since):.3f}" if since else ""
            yield f"| {entry['step']} | {trained} | {entry['eval_loss']:.3f} |"
            since = []
