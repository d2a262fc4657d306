"""Slots are tried with a model that knows the right words, and with one that knows others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
from numpy.typing import NDArray
from support.token_models import WordTokens

from cogenesis_langchain.collaboration.completion.completer import TemplateCompleter
from cogenesis_langchain.collaboration.completion.copying.copy_rules import CopyRules
from cogenesis_langchain.collaboration.completion.slots.slot_writer import (
    Place,
    SlotWriter,
    Written,
)
from cogenesis_langchain.datasets.loaders import load_records
from cogenesis_langchain.models.base import GenerationOptions
from cogenesis_langchain.sketch.template import Slot
from cogenesis_langchain.training.samples import WorkedCompletion, worked_completion
from experiments.config import LocalConfig
from experiments.errors import ExperimentConfigInvalid, ExperimentError, RunDiffers
from experiments.results import SLOTS, read_logs
from experiments.slots import run
from experiments.slots.report import write_slots_report
from experiments.slots.run import SlotsConfig, load_slots_config, try_all_slots
from experiments.slots.trial import RecordSlots, SlotTrial

ROOT = Path(__file__).parents[3]
DEVELOPMENT = ROOT / "experiments" / "data" / "development.jsonl"
RECORDS = load_records(DEVELOPMENT)[:3]
ANSWER = "\x02assistant\n"
SEED = 1
GREEDY = GenerationOptions(max_tokens=2000, temperature=0.0)


def completion_of(place: int) -> WorkedCompletion:
    record, other = RECORDS[place], RECORDS[(place + 1) % len(RECORDS)]
    made = worked_completion(record, other, Random(f"{SEED}-{record.id}"))
    assert made is not None
    return made


class Knowing(WordTokens):
    """Wants to give the answers of the conversations, changed in some way."""

    def __init__(self, change: Callable[[str], str] = str) -> None:
        turns = [turn for place in range(len(RECORDS)) for turn in completion_of(place).turns]
        answers = [change(turn.text) for turn in turns]
        super().__init__([*answers, *(record.model_dump_json() for record in RECORDS)])
        self._answers = {
            self.decode(self.encode_chat(turn.prompt)).decode(): answer
            for turn, answer in zip(turns, answers, strict=True)
        }
        self.questions = 0

    def logits(self, ids: Sequence[int]) -> NDArray[np.float32]:
        logits = np.full(self.vocabulary_size, -30.0, np.float32)
        head, _, answer = self.decode(ids).decode().rpartition(ANSWER)
        wanted = self._answers.get(head + ANSWER, "")
        self.questions += 1
        rest = self.encode(wanted[len(answer) :].encode()) if wanted.startswith(answer) else []
        logits[rest[0] if rest else self.end] = 0.0
        return logits


def tried(model: Knowing, place: int = 0) -> RecordSlots:
    trial = SlotTrial(model, model.without_wishes())
    return trial.run(RECORDS[place], RECORDS[(place + 1) % len(RECORDS)], SEED)


@pytest.mark.slow
def test_a_model_that_knows_the_words_is_exact_and_sure() -> None:
    found = [tried(Knowing(), place) for place in range(len(RECORDS))]
    slots = [slot for one in found for slot in one.slots]
    filled = [slot for slot in slots if slot.filled and slot.kind != "sentences"]
    assert len(slots) > 12 and len(filled) >= 3
    assert all(slot.is_exact for slot in filled)
    assert max(slot.nats / slot.tokens for slot in slots) < 0.01
    fillings = [piece.text for turn in completion_of(0).turns for piece in turn.answer]
    assert {slot.right for slot in found[0].slots} <= set(fillings)


@pytest.mark.slow
def test_a_slot_that_cannot_be_filled_is_left_out_by_a_model_that_ends_there() -> None:
    foreign = [tried(Knowing(), place).foreign for place in range(len(RECORDS))]
    has_one = [
        any(turn.is_foreign for turn in completion_of(place).turns) for place in range(len(RECORDS))
    ]
    assert any(has_one)
    assert foreign == ["" if one else None for one in has_one]


def test_control_a_model_that_knows_other_words_is_neither() -> None:
    def changed(answer: str) -> str:
        return answer.replace("Preben", "Torben")

    slots = [
        slot
        for slot in tried(Knowing(changed)).slots
        if slot.right == "Preben" and slot.kind != "sentences"
    ]
    assert slots
    for slot in slots:
        assert not slot.is_exact
        assert slot.nats / slot.tokens > 1.0


def test_a_text_that_cannot_be_a_template_has_no_slots() -> None:
    record = RECORDS[0].model_copy(update={"reference": "It is [not] a template."})
    model = Knowing()
    trial = SlotTrial(model, model.without_wishes())
    assert trial.run(record, None, SEED) == RecordSlots(())
    assert model.questions == 0


def test_records_of_two_files_with_one_name_are_tried(opened: Opened, tmp_path: Path) -> None:
    paths = [tmp_path / folder / "records.jsonl" for folder in ("a", "b")]
    for path, record in zip(paths, RECORDS, strict=False):
        path.parent.mkdir()
        bare = record.model_copy(update={"reference": "It is [not] a template."})
        path.write_text(bare.model_dump_json(), encoding="utf-8")
    model = LocalConfig(model="a")
    try_all_slots(SlotsConfig(records=tuple(paths), models=(model,)), tmp_path / "out")
    (log,) = read_logs(tmp_path / "out", SLOTS)
    assert {sample.id for sample in log.samples or ()} == {one.id for one in RECORDS[:2]}


class Opened:
    """Stands for a local model that knows the words."""

    def __init__(self) -> None:
        self.model = Knowing()

    def tokens(self) -> WordTokens:
        return self.model


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Opened:
    made = Opened()
    monkeypatch.setattr(run, "open_local", lambda *_: made)
    monkeypatch.setattr(run, "hash_of_local", lambda local: f"hash of {local.model}")
    return made


def config(*names: str, limit: int | None = 2) -> SlotsConfig:
    models = tuple(LocalConfig(model=name) for name in names)
    return SlotsConfig(records=(DEVELOPMENT,), models=models, limit=limit, seed=SEED)


@pytest.mark.slow
def test_a_run_continues_and_is_reported(opened: Opened, tmp_path: Path) -> None:
    try_all_slots(config("a", limit=1), tmp_path)
    try_all_slots(config("a"), tmp_path)
    asked = opened.model.questions
    try_all_slots(config("a"), tmp_path)
    assert opened.model.questions == asked, "what was tried is not tried again"
    page = write_slots_report(tmp_path).read_text(encoding="utf-8")
    row = next(line for line in page.splitlines() if line.startswith("| a "))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[1] == "2" and int(cells[2]) > 8
    assert int(cells[7].partition("%")[0]) >= 50, "some right words must not be copied"
    assert cells[8].startswith("0%"), "and none is wrong"
    assert "hash of a" in page


@pytest.mark.slow
def test_another_model_needs_another_folder(opened: Opened, tmp_path: Path) -> None:
    try_all_slots(config("a", limit=1), tmp_path)
    with pytest.raises(RunDiffers, match="models"):
        try_all_slots(config("b", limit=1), tmp_path)


def test_a_folder_without_results_is_no_report(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match="no results of slots"):
        write_slots_report(tmp_path)


def test_a_model_is_named_once(tmp_path: Path) -> None:
    path = tmp_path / "slots.toml"
    path.write_text('records = ["r"]\n[[models]]\nmodel = "a"\n[[models]]\nmodel = "a"\n')
    with pytest.raises(ExperimentConfigInvalid, match="names a model twice"):
        load_slots_config(path)


def test_the_configuration_of_the_repository_can_be_read() -> None:
    loaded = load_slots_config(ROOT / "experiments" / "configs" / "slots.toml")
    assert [one.model for one in loaded.models] == [
        "qwen2.5-coder-0.5b-instruct",
        "qwen2.5-coder-1.5b-instruct",
    ]
    assert all((ROOT / path).is_file() for path in loaded.records)


def test_another_model_for_whole_texts_is_refused() -> None:
    with pytest.raises(ValueError, match="no use for fine_tuned"):
        SlotsConfig(records=(DEVELOPMENT,), models=(LocalConfig(fine_tuned="b"),))


def test_a_slot_stands_where_it_stands_when_a_text_is_written() -> None:
    """The completer, which is given the right words, asks for each slot in the same place."""
    for number in range(len(RECORDS)):
        completion = completion_of(number)
        task = replace(completion.task, details=())
        model = Knowing()
        asked: list[Place] = []
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(SlotWriter, "write", recording(asked, completion))
            # A text of one's own may have numbers outside of slots; a template must not.
            patched.setattr(CopyRules, "admits_template_words", lambda *_: True)
            tried(model, number)
            own = asked[: sum(isinstance(part, Slot) for part in task.template.parts)]
            asked.clear()
            list(TemplateCompleter(model, model.without_wishes()).stream(task, GREEDY))
        same = [(one.written, one.before, one.after, one.salutation) for one in own]
        assert same == [(one.written, one.before, one.after, one.salutation) for one in asked]


def recording(asked: list[Place], completion: WorkedCompletion) -> Callable[..., Written]:
    """A writer of slots that knows the right words and keeps the places."""
    right = [
        piece.text
        for turn in completion.turns
        if turn.unit and not turn.is_foreign
        for part, piece in zip(turn.unit.parts, turn.answer, strict=False)
        if isinstance(part, Slot)
    ]

    def write(self: SlotWriter, slot: Slot, place: Place, *, is_asked_for: bool = False) -> Written:
        asked.append(place)
        return Written(right[len(asked) - 1] if len(asked) <= len(right) else "", 1)

    return write
