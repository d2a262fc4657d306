from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path

import pytest
from langchain_openai import ChatOpenAI
from pydantic import SecretStr
from support.scripted import ScriptedLocal
from support.small_experiment import config

from cogenesis_langchain import ChatCoGenesis
from cogenesis_langchain.datasets.loaders import load_records
from cogenesis_langchain.privacy.placeholders import Placeholders
from cogenesis_langchain.sketch.outline import parse_outline
from cogenesis_langchain.sketch.template import parse_template
from experiments.errors import ExperimentConfigInvalid
from experiments.models import open_remote
from experiments.servers.recorded_cloud import LABEL, load_answers, replayed

DATA = Path(__file__).parents[2] / "experiments" / "data"
ANSWERS = DATA / "recorded_cloud.jsonl"


def test_every_record_has_usable_answers_to_its_own_instruction() -> None:
    answers = {one.id: one for one in load_answers(ANSWERS)}
    records = [
        record
        for name in ("development", "test")
        for record in load_records(DATA / f"{name}.jsonl")
    ]
    assert answers.keys() == {record.id for record in records}
    for record in records:
        recorded = answers[record.id]
        assert recorded.instruction == record.instruction.general
        assert parse_template(recorded.template, recorded.instruction, Placeholders()).sketch
        assert parse_outline(recorded.outline, Placeholders()).sketch
        assert not [one for one in record.private_strings if one in recorded.template]


def test_the_library_is_answered_by_what_was_recorded() -> None:
    recorded = load_answers(ANSWERS)[0]
    with replayed(ANSWERS) as address:
        cloud = ChatOpenAI(base_url=address, api_key=SecretStr("key"), model=LABEL)
        model = ChatCoGenesis(cloud=cloud, local=ScriptedLocal(), sketch="outline")
        report = model.invoke(recorded.instruction).response_metadata["cogenesis"]
        other = model.invoke("Write a poem about rain.").response_metadata["cogenesis"]
    assert report["sketch"] == recorded.outline
    assert other["rung"] == "local", "an instruction that was not recorded gets no answer"


def test_a_masked_word_of_an_instruction_does_not_matter() -> None:
    recorded = load_answers(ANSWERS)[0]
    word = recorded.instruction.split()[3]
    with replayed(ANSWERS) as address:
        cloud = ChatOpenAI(base_url=address, api_key=SecretStr("key"), model=LABEL)
        model = ChatCoGenesis(
            cloud=cloud, local=ScriptedLocal(), sketch="outline", private_terms=[word]
        )
        report = model.invoke(recorded.instruction).response_metadata["cogenesis"]
    assert report["masked"] == {"TERM": 1} and report["sketch"] == recorded.outline


def test_an_endpoint_with_recorded_answers_is_labelled() -> None:
    endpoint = config(Path("r.jsonl"), cloud={"recorded": str(ANSWERS)}).cloud
    with ExitStack() as stack:
        assert open_remote(endpoint, "cloud", slots=1, stack=stack).model == LABEL


@pytest.mark.parametrize("line", ["", "{}", json.dumps({"id": "1", "instruction": "x"}), "\x00"])
def test_a_file_of_another_form_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text(line + "\n", encoding="utf-8")
    with pytest.raises(ExperimentConfigInvalid, match="no recorded answers"):
        load_answers(path)
    with pytest.raises(ExperimentConfigInvalid, match="no recorded answers"):
        load_answers(tmp_path / "nowhere.jsonl")
