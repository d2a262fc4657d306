"""The table of how well models fill slots."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Final

from inspect_ai.util import Store

from cogenesis_langchain.sketch.template import SlotKind
from experiments.errors import ExperimentError
from experiments.report.statistics import estimate_mean
from experiments.report.tables import NOTHING, number, share, table
from experiments.results import SLOTS, read_logs
from experiments.slots.run import RESULTS
from experiments.slots.trial import RecordSlots, TriedSlot

_SHORT: Final[Mapping[SlotKind, str]] = {
    "name": "names",
    "value": "dates, amounts, numbers",
    "phrase": "other phrases",
}


def write_slots_report(folder: Path) -> Path:
    """Write ``slots.md`` from the logs of a run, which need not be finished.

    Raises:
        ExperimentError: The folder holds no results.
    """
    logs = sorted(read_logs(folder, SLOTS), key=lambda log: (log.eval.metadata or {})["place"])
    tried = {
        log.eval.task: [
            RecordSlots.of_json(Store(sample.store).get(RESULTS))
            for sample in log.samples or ()
            if sample.error is None
        ]
        for log in logs
    }
    tried = {model: [one for one in found if one.slots] for model, found in tried.items()}
    tried = {model: found for model, found in tried.items() if found}
    if not tried:
        raise ExperimentError(
            f"{folder} holds no results of slots", remedy="give the folder of such a run"
        )
    conditions = logs[0].eval.task_args["conditions"]
    machine = (logs[0].eval.metadata or {})["machine"]
    rows = [*conditions["models"].items(), *conditions["records"].items()]
    rows += [("seed", str(conditions["seed"])), *machine.items()]
    page = folder / "slots.md"
    parts = [
        "# Slots, given the right text before each",
        _figures(tried),
        "Shares are means over records with their bootstrap 95 % interval. For names, dates and "
        "phrases the numbers say how many slots were filled with exactly the right words, how "
        "many were filled, and how many there are.",
        "## How it was run",
        table(["what", "which"], rows),
    ]
    page.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return page


def _figures(tried: Mapping[str, Sequence[RecordSlots]]) -> str:
    heads = ["model", "records", "slots", "right words (nats a token)", *_SHORT.values()]
    heads += ["short slots exact", "short slots wrong", "slots left out", "foreign left out"]
    return table(heads, [_row(model, found) for model, found in tried.items()])


def _row(model: str, found: Sequence[RecordSlots]) -> list[str]:
    slots = [slot for one in found for slot in one.slots]
    foreign = [one.foreign for one in found if one.foreign is not None]
    return [
        model,
        str(len(found)),
        str(len(slots)),
        number(sum(slot.nats for slot in slots) / sum(slot.tokens for slot in slots)),
        *(_counts([slot for slot in slots if slot.kind == kind]) for kind in _SHORT),
        _mean(found, lambda slot: slot.is_exact, _is_short),
        _mean(found, lambda slot: bool(slot.filled) and not slot.is_exact, _is_short),
        _mean(found, lambda slot: not slot.filled, lambda slot: True),
        share([not filled for filled in foreign]),
    ]


def _is_short(slot: TriedSlot) -> bool:
    return slot.kind in _SHORT


def _counts(slots: Sequence[TriedSlot]) -> str:
    exact = sum(slot.is_exact for slot in slots)
    return f"{exact} of {sum(bool(slot.filled) for slot in slots)} of {len(slots)}"


def _mean(
    found: Sequence[RecordSlots],
    test: Callable[[TriedSlot], bool],
    counted: Callable[[TriedSlot], bool],
) -> str:
    """The mean over records of the share of their counted slots that pass a test, in percent."""
    chosen = [[test(slot) for slot in one.slots if counted(slot)] for one in found]
    shares = [100.0 * fmean(one) for one in chosen if one]
    if not shares:
        return NOTHING
    mean = estimate_mean(shares)
    return f"{mean.mean:.0f}% ({mean.low:.0f}% to {mean.high:.0f}%)"
