from __future__ import annotations

from pathlib import Path

import pytest
from support.record_samples import record

from cogenesis_langchain.errors import TrainingError
from cogenesis_langchain.training.run_folder import RunFolder, hash_of

PLAN = {"base": "one", "records": hash_of([record()]), "settings": {"rank": 2}}


@pytest.mark.parametrize("changed", [{"base": "two"}, {"records": ""}, {"settings": {"rank": 3}}])
def test_a_folder_holds_one_run(tmp_path: Path, changed: dict[str, object]) -> None:
    folder = RunFolder(tmp_path)
    folder.claim(PLAN)
    folder.claim(PLAN)
    with pytest.raises(TrainingError, match="holds a run with another model"):
        folder.check(PLAN | changed)
    with pytest.raises(TrainingError, match="holds a run with another model"):
        folder.claim(PLAN | changed)
    folder.check(PLAN)


def test_checking_claims_nothing(tmp_path: Path) -> None:
    RunFolder(tmp_path / "new").check(PLAN)
    assert not (tmp_path / "new").exists()


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainingError, match="cannot be used"):
        RunFolder(tmp_path / "file" / "run").claim(PLAN)


def test_other_records_have_another_hash() -> None:
    assert hash_of([record()]) == hash_of([record()]) != hash_of([record(id="r2")])


def test_a_half_written_checkpoint_is_passed_over(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert folder.last_checkpoint() is None
    for step in (9, 10, 11):
        (tmp_path / f"checkpoint-{step}").mkdir()
    for step in (9, 10):
        (tmp_path / f"checkpoint-{step}" / "trainer_state.json").write_text("{}")
    assert folder.last_checkpoint() == str(tmp_path / "checkpoint-10")
