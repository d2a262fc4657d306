from __future__ import annotations

from pathlib import Path

import pytest
from support.record_samples import record

from cogenesis_langchain.errors import TrainingError
from cogenesis_langchain.training.run_folder import RunFolder
from cogenesis_langchain.training.settings import WriterSettings

RECORDS = [record(), record(id="r2")]
SETTINGS = WriterSettings()


@pytest.mark.parametrize("changed", ["settings", "records", "base"])
def test_a_folder_holds_one_run(tmp_path: Path, changed: str) -> None:
    folder = RunFolder(tmp_path)
    folder.claim("base", RECORDS, SETTINGS)
    folder.claim("base", RECORDS, SETTINGS)
    settings = SETTINGS.model_copy(update={"seed": 2} if changed == "settings" else {})
    records = RECORDS[:-1] if changed == "records" else RECORDS
    with pytest.raises(TrainingError, match="holds a run with another model"):
        folder.claim("other" if changed == "base" else "base", records, settings)


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainingError, match="cannot be used"):
        RunFolder(tmp_path / "file" / "run").claim("base", RECORDS, SETTINGS)


def test_a_half_written_checkpoint_is_passed_over(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert folder.last_checkpoint() is None
    for step in (9, 10, 11):
        (tmp_path / f"checkpoint-{step}").mkdir()
    for step in (9, 10):
        (tmp_path / f"checkpoint-{step}" / "trainer_state.json").write_text("{}")
    assert folder.last_checkpoint() == str(tmp_path / "checkpoint-10")


def test_the_plan_tells_nothing_private(tmp_path: Path) -> None:
    RunFolder(tmp_path).claim("base", RECORDS, SETTINGS)
    assert RECORDS[0].private_strings[0] not in (tmp_path / "plan.json").read_text()
