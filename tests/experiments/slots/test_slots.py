"""Slots are read with a model that knows the right words, and with one that knows others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

import numpy as np
import pytest
from numpy.typing import NDArray
from support.token_models import WordTokens

from cogenesis_langchain.datasets.loaders import load_records
from cogenesis_langchain.training.samples import WorkedCompletion, worked_completion
from experiments.config import LocalConfig
from experiments.errors import ExperimentConfigInvalid, ExperimentError, RunDiffers
from experiments.slots import run
from experiments.slots.reading import RecordSlots, SlotReader
from experiments.slots.report import write_slots_report
from experiments.slots.run import SlotsConfig, load_slots_config, read_all_slots

ROOT = Path(__file__).parents[3]
DEVELOPMENT = ROOT / "experiments" / "data" / "development.jsonl"
RECORDS = load_records(DEVELOPMENT)[:3]
ANSWER = "\x02assistant\n"
SEED = 1


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
        self.read_prompts = 0

    def logits(self, ids: Sequence[int]) -> NDArray[np.float32]:
        logits = np.full(self.vocabulary_size, -30.0, np.float32)
        head, _, answer = self.decode(ids).decode().rpartition(ANSWER)
        wanted = self._answers.get(head + ANSWER, "")
        self.read_prompts += 1
        rest = self.encode(wanted[len(answer) :].encode()) if wanted.startswith(answer) else []
        logits[rest[0] if rest else self.end] = 0.0
        return logits


def reading(model: Knowing, place: int = 0) -> RecordSlots:
    reader = SlotReader(model, model.without_wishes())
    return reader.read(RECORDS[place], RECORDS[(place + 1) % len(RECORDS)], SEED)


def test_a_model_that_knows_the_words_is_exact_and_sure() -> None:
    found = [reading(Knowing(), place) for place in range(len(RECORDS))]
    slots = [slot for one in found for slot in one.slots]
    filled = [slot for slot in slots if slot.filled and slot.kind != "sentences"]
    assert len(slots) > 12 and len(filled) >= 3
    assert all(slot.is_exact for slot in filled)
    assert max(slot.nats / slot.tokens for slot in slots) < 0.01
    fillings = [piece.text for turn in completion_of(0).turns for piece in turn.answer]
    assert {slot.right for slot in found[0].slots} <= set(fillings)


def test_a_slot_that_cannot_be_filled_is_left_out_by_a_model_that_ends_there() -> None:
    foreign = [reading(Knowing(), place).foreign for place in range(len(RECORDS))]
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
        for slot in reading(Knowing(changed)).slots
        if slot.right == "Preben" and slot.kind != "sentences"
    ]
    assert slots
    for slot in slots:
        assert not slot.is_exact
        assert slot.nats / slot.tokens > 1.0


def test_a_text_that_cannot_be_a_template_has_no_slots() -> None:
    record = RECORDS[0].model_copy(update={"reference": "It is [not] a template."})
    model = Knowing()
    reader = SlotReader(model, model.without_wishes())
    assert reader.read(record, None, SEED) == RecordSlots(())
    assert model.read_prompts == 0


class Opened:
    """Stands for a local model, and counts how often its tokens are asked for."""

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


def test_a_run_continues_and_is_reported(opened: Opened, tmp_path: Path) -> None:
    read_all_slots(config("a", limit=1), tmp_path)
    read_all_slots(config("a"), tmp_path)
    asked = opened.model.read_prompts
    read_all_slots(config("a"), tmp_path)
    assert opened.model.read_prompts == asked, "what was read is not read again"
    page = write_slots_report(tmp_path).read_text(encoding="utf-8")
    row = next(line for line in page.splitlines() if line.startswith("| a "))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[1] == "2" and int(cells[2]) > 8
    assert cells[4].startswith("100%"), "names"
    assert "hash of a" in page


def test_another_model_needs_another_folder(opened: Opened, tmp_path: Path) -> None:
    read_all_slots(config("a", limit=1), tmp_path)
    with pytest.raises(RunDiffers, match="models"):
        read_all_slots(config("b", limit=1), tmp_path)


def test_a_folder_without_readings_is_no_report(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match="no readings of slots"):
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
