from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from support.tiny_training import tiny_base

from cogenesis_langchain.cli import main
from cogenesis_langchain.datasets.loaders import load_records
from cogenesis_langchain.errors import TrainingError
from cogenesis_langchain.training.gguf_adapter import check_type, export_gguf
from cogenesis_langchain.training.settings import WriterSettings
from cogenesis_langchain.training.writer import train_writer

if TYPE_CHECKING:
    from transformers import TrainerCallback

pytestmark = pytest.mark.slow

DATA = Path(__file__).parents[2] / "experiments" / "data" / "training.jsonl"
RECORDS = load_records(DATA)[:6]
"""Four to train on, and two that validate."""
SETTINGS = WriterSettings(
    rank=2,
    batch=1,
    epochs=1,
    validation=3,
    steps_between_checks=2,
    patience=1,
    learning_rate=0.01,
)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    texts = [record.model_dump_json() for record in RECORDS]
    return str(tiny_base(tmp_path_factory.mktemp("base"), texts))


def calling(react: Callable[[Any], None]) -> TrainerCallback:
    from transformers import TrainerCallback

    class Calling(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **given: Any) -> None:
            react(state)

    return Calling()


def steps_of_a_run(base: str, out: Path) -> list[int]:
    """Train, and return the numbers of the steps that were made."""
    steps: list[int] = []
    seen = calling(lambda state: steps.append(state.global_step))
    train_writer(RECORDS, base, out, SETTINGS, [seen])
    return steps


def test_training_lowers_the_loss_and_leaves_adapter_and_card(base: str, tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(
        update={"epochs": 2, "steps_between_checks": 8, "learning_rate": 0.1}
    )
    made = train_writer(RECORDS, base, tmp_path, settings)
    assert made == tmp_path / "writer.gguf"
    assert made.read_bytes()[:4] == b"GGUF"
    assert not made.with_suffix(".part").exists()
    rows = [
        row.split("|")
        for row in (tmp_path / "README.md").read_text().splitlines()
        if row.startswith("| ") and row.split("|")[1].strip().isdigit()
    ]
    losses = [float(row[3]) for row in rows]
    assert rows[0][1].strip() == "0"
    assert losses[-1] < losses[0]


def test_an_interrupted_run_goes_on_from_its_checkpoint(base: str, tmp_path: Path) -> None:
    def interrupt(state: Any) -> None:
        if state.global_step == 3:
            raise KeyboardInterrupt

    with pytest.raises(TrainingError, match=r"interrupted after \d steps") as caught:
        train_writer(RECORDS, base, tmp_path, SETTINGS, [calling(interrupt)])
    assert "start it again" in caught.value.remedy
    steps: list[int] = []
    train_writer(
        RECORDS, base, tmp_path, SETTINGS, [calling(lambda s: steps.append(s.global_step))]
    )
    assert steps == [3, 4]


def test_too_few_records_are_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="2 records are too few"):
        train_writer(RECORDS[:2], "no-such-model", tmp_path / "new", SETTINGS)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(("whole_texts", "known"), [(0.0, RECORDS[0].id), (0.5, "of no record")])
def test_outlines_without_an_effect_are_refused(
    tmp_path: Path, whole_texts: float, known: str
) -> None:
    settings = SETTINGS.model_copy(update={"whole_texts": whole_texts})
    with pytest.raises(TrainingError, match="outlines would have no effect"):
        train_writer(
            RECORDS, "no-such-model", tmp_path / "new", settings, outlines={known: ("A point",)}
        )
    assert not (tmp_path / "new").exists()


def test_a_model_without_a_chat_template_is_refused(tmp_path: Path) -> None:
    bare = tiny_base(tmp_path / "bare", template=None)
    with pytest.raises(TrainingError, match="has no chat template"):
        train_writer(RECORDS, str(bare), tmp_path / "run", SETTINGS)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="cannot be opened"):
        train_writer(RECORDS, str(tmp_path), tmp_path / "run", SETTINGS)
    assert not (tmp_path / "run").exists(), "a mistyped name does not claim the folder"


def test_a_model_of_another_type_is_refused_before_it_is_trained() -> None:
    with pytest.raises(TrainingError, match="type 'granite' cannot be written"):
        check_type("granite")


def test_too_little_space_is_told_before_training(
    base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(TrainingError, match=r"needs 0 MB in .* which has 0 MB"):
        train_writer(RECORDS, base, tmp_path, SETTINGS)


def test_a_folder_without_an_adapter_is_no_export(base: str, tmp_path: Path) -> None:
    from transformers import AutoConfig

    with pytest.raises(TrainingError, match="holds no adapter"):
        export_gguf(tmp_path, AutoConfig.from_pretrained(base), tmp_path / "made.gguf")
    assert not (tmp_path / "made.gguf").exists()


def test_the_command_trains(
    base: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    records = tmp_path / "records.jsonl"
    records.write_text("".join(DATA.read_text().splitlines(keepends=True)[:4]))
    out = tmp_path / "run"
    options = "--rank 2 --batch 2 --epochs 1 --validation 2 --steps-between-checks 1"
    arguments = ["train", "writer", str(records), "--base", base, "--out", str(out)]
    monkeypatch.setattr(sys, "argv", ["cogenesis", *arguments, *options.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    assert capsys.readouterr().out.splitlines() == [str(out / "writer.gguf")]
    assert json.loads((out / "plan.json").read_text())["settings"]["rank"] == 2
