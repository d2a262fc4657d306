"""The table of how well models fill slots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from inspect_ai.util import Store

from experiments.errors import ExperimentError
from experiments.report.tables import NOTHING, number, share, table
from experiments.results import SLOTS, read_logs
from experiments.slots.reading import RecordSlots, SlotReading
from experiments.slots.run import READINGS

_EXACT = {"name": "names", "value": "dates, amounts, numbers", "phrase": "other phrases"}


def write_slots_report(folder: Path) -> Path:
    """Write ``slots.md`` from the logs of a run, which need not be finished.

    Raises:
        ExperimentError: The folder holds no readings.
    """
    logs = sorted(read_logs(folder, SLOTS), key=lambda log: (log.eval.metadata or {})["place"])
    read = {
        log.eval.task: [
            RecordSlots.of_json(Store(sample.store).get(READINGS))
            for sample in log.samples or ()
            if sample.error is None
        ]
        for log in logs
    }
    read = {model: [one for one in found if one.slots] for model, found in read.items()}
    read = {model: found for model, found in read.items() if found}
    if not read:
        raise ExperimentError(
            f"{folder} holds no readings of slots", remedy="give the folder of such a run"
        )
    conditions = logs[0].eval.task_args["conditions"]
    machine = (logs[0].eval.metadata or {})["machine"]
    how = table(["what", "which"], [*conditions["models"].items(), *machine.items()])
    page = folder / "slots.md"
    parts = ["# Slots, given the right text before each", _figures(read), "## How it was run", how]
    page.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return page


def _figures(read: Mapping[str, Sequence[RecordSlots]]) -> str:
    heads = ["model", "records", "slots", "right words (nats a token)"]
    heads += [f"exact: {name}" for name in _EXACT.values()]
    heads += ["own slots left out", "foreign slots left out"]
    return table(heads, [_row(model, found) for model, found in read.items()])


def _row(model: str, found: Sequence[RecordSlots]) -> list[str]:
    slots = [slot for one in found for slot in one.slots]
    foreign = [one.foreign for one in found if one.foreign is not None]
    return [
        model,
        str(len(found)),
        str(len(slots)),
        number(sum(slot.nats for slot in slots) / sum(slot.tokens for slot in slots)),
        *(_exact(slots, kind) for kind in _EXACT),
        share([not slot.filled for slot in slots]),
        share([not filled for filled in foreign]) if foreign else NOTHING,
    ]


def _exact(slots: Sequence[SlotReading], kind: str) -> str:
    """The share of exact words among the slots of a kind that were filled, with their number."""
    filled = [slot.is_exact for slot in slots if slot.kind == kind and slot.filled]
    return f"{share(filled)} of {len(filled)}" if filled else NOTHING
