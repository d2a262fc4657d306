from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from langchain_openai import ChatOpenAI
from pydantic import SecretStr
from support.scripted import ScriptedLocal
from support.small_experiment import SECRETS, config, record

from cogenesis_langchain.datasets.conversation import conversation
from cogenesis_langchain.privacy.ledger.entry import MemoryLedger
from cogenesis_langchain.privacy.messages.instruction import MAX_PUBLIC_WORDS, split_request
from cogenesis_langchain.testing.behaviours import OUTLINE, chat
from cogenesis_langchain.testing.recorder import EgressRecorder
from experiments.errors import ExperimentConfigInvalid
from experiments.settings.catalog import SETTINGS, open_settings
from experiments.settings.maskers import mask
from experiments.settings.setting import SettingModels


@pytest.fixture
def cloud() -> Iterator[EgressRecorder]:
    with EgressRecorder(chat(OUTLINE)) as recorder:
        yield recorder


def models_of(
    recorder: EgressRecorder, local: ScriptedLocal | None = None, **changes: Any
) -> SettingModels:
    def open_chat(endpoint: str, parameters: Mapping[str, float | int]) -> ChatOpenAI:
        return ChatOpenAI(
            base_url=recorder.base_url,
            api_key=SecretStr("key"),
            model=endpoint,
            **parameters,
        )

    return SettingModels(
        config(Path("r.jsonl"), **changes),
        local or ScriptedLocal(),
        None,
        MemoryLedger(),
        open_chat,
    )


def written(made: SettingModels) -> dict[str, str]:
    """What each setting writes for the record."""
    texts = {}
    for settings in open_settings(made).values():
        for setting in settings:
            answer = setting.write(record(), 3)
            texts[setting.name] = answer if isinstance(answer, str) else answer.text
    return texts


def bodies(cloud: EgressRecorder) -> Sequence[str]:
    return [request.body.decode() for request in cloud.requests]


def test_the_local_model_alone_asks_no_cloud_and_reads_everything(cloud: EgressRecorder) -> None:
    local = ScriptedLocal()
    written(models_of(cloud, local, settings=["local alone"]))
    assert not cloud.requests
    (prompt,) = local.prompts
    assert all(secret in prompt for secret in SECRETS)
    assert "It was order r1." in prompt
    assert local.options[0].seed == 3


def test_the_upper_bound_reads_the_prompt_of_the_local_model(cloud: EgressRecorder) -> None:
    local = ScriptedLocal()
    written(models_of(cloud, local, settings=["local alone", "cloud with context"]))
    (body,) = bodies(cloud)
    (prompt,) = local.prompts
    assert [
        line for line in prompt.splitlines() if line and line not in body.replace("\\n", "\n")
    ] == []
    assert '"seed":3' in body


def test_without_context_the_cloud_model_reads_the_general_instruction_alone(
    cloud: EgressRecorder,
) -> None:
    made = models_of(cloud, settings=["cloud without context"])
    written(made)
    (body,) = bodies(cloud)
    assert record().instruction.general in body
    assert not any(secret in body for secret in SECRETS)
    assert isinstance(made.ledger, MemoryLedger)
    assert made.ledger.entries[0].purpose == "whole text", "it passes the border"


def test_full_content_stands_where_the_outline_would(cloud: EgressRecorder) -> None:
    local = ScriptedLocal()
    written(models_of(cloud, local, settings=["sketch-fill", "full content"]))
    with_sketch, with_content = local.prompts
    assert "1. Greet the reader\n2. Why I write" in with_sketch
    assert "1. 1. Greet the reader\n2. 2. Why I write" in with_content
    assert with_sketch.split("Follow this")[0] == with_content.split("Follow this")[0]


@pytest.mark.parametrize(
    ("setting", "kind"), [("sketch-fill", "outline"), ("template", "template")]
)
def test_the_papers_sketch_is_an_outline_and_ours_a_template(
    cloud: EgressRecorder, setting: str, kind: str
) -> None:
    (made,) = open_settings(models_of(cloud, settings=[setting]))[setting]
    assert made.name == setting
    assert made.part == ("sketch" if setting == "sketch-fill" else "template")
    answer = made.write(record(), 1)
    assert not isinstance(answer, str)
    # The scripted local model cannot complete a template, so that an outline is asked for.
    assert answer.response_metadata["cogenesis"]["rung"] == "outline"


def test_full_content_asks_for_what_the_cloud_model_writes_alone(cloud: EgressRecorder) -> None:
    written(models_of(cloud, settings=["cloud without context", "full content"]))
    alone, content = bodies(cloud)
    assert alone == content, "so that one answer serves both"


def test_sketches_come_from_the_configured_models(cloud: EgressRecorder) -> None:
    sketch_models = [{"name": "small", "model": "s"}, {"name": "other", "model": "o"}]
    texts = written(models_of(cloud, settings=["other sketches"], sketch_models=sketch_models))
    assert list(texts) == ["sketch by small", "sketch by other"]
    assert ['"model":"small"' in body for body in bodies(cloud)] == [True, False]


@pytest.mark.parametrize("setting", ["cloud with context", "PIIMiddleware"])
def test_private_text_is_shown_to_trusted_endpoints_only(
    cloud: EgressRecorder, setting: str
) -> None:
    elsewhere = {"base_url": "https://cloud.test/v1", "model": "m"}
    with pytest.raises(ExperimentConfigInvalid, match=r"would show private text to 'cloud\.test'"):
        open_settings(models_of(cloud, settings=[setting], cloud=elsewhere))
    trusted = {**elsewhere, "trusted_hosts": ["cloud.test"]}
    assert open_settings(models_of(cloud, settings=[setting], cloud=trusted))


@pytest.mark.parametrize("setting", ["sketch-fill", "cloud without context", "full content"])
def test_what_shows_no_private_text_may_go_anywhere(cloud: EgressRecorder, setting: str) -> None:
    elsewhere = {"base_url": "https://cloud.test/v1", "model": "m"}
    assert open_settings(models_of(cloud, settings=[setting], cloud=elsewhere))


def test_the_middlewares_detectors_mask_what_they_know(cloud: EgressRecorder) -> None:
    mail = record().model_copy(update={"activity_log": ("Wrote to w@quast.example", SECRETS[1])})
    (setting,) = open_settings(models_of(cloud, settings=["PIIMiddleware"]))["PIIMiddleware"]
    setting.write(mail, 1)
    (body,) = bodies(cloud)
    assert "w@quast.example" not in body
    assert "[REDACTED_EMAIL]" in body
    assert SECRETS[0] in body, "names are not among what it knows"


@pytest.mark.slow
def test_presidio_masks_what_its_patterns_know(
    cloud: EgressRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    iban = "DE89 3704 0044 0532 0130 00"
    account = record().model_copy(update={"activity_log": (f"Paid to {iban}",)})
    (setting,) = open_settings(models_of(cloud, settings=["Presidio"]))["Presidio"]
    assert setting.name == "Presidio, patterns only"
    setting.write(account, 1)
    (body,) = bodies(cloud)
    assert iban not in body
    assert "<IBAN_CODE>" in body


def test_an_unknown_setting_is_named_with_those_there_are(cloud: EgressRecorder) -> None:
    with pytest.raises(ExperimentConfigInvalid, match="no setting 'magic'") as caught:
        open_settings(models_of(cloud, settings=["magic"]))
    assert all(name in caught.value.remedy for name in SETTINGS)


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ("local fine-tuned", r"local\.fine_tuned"),
        ("other sketches", "sketch_models"),
        ("no_such_module:make", "cannot be imported"),
        ("support.scripted:no_such_function", "cannot be imported"),
    ],
)
def test_what_a_setting_needs_is_named(cloud: EgressRecorder, setting: str, named: str) -> None:
    with pytest.raises(ExperimentConfigInvalid, match=named):
        open_settings(models_of(cloud, settings=[setting]))


def test_a_setting_of_ones_own_is_named_by_module_and_function(cloud: EgressRecorder) -> None:
    assert written(models_of(cloud, settings=["support.own_settings:tell_model"])) == {
        "my own": "r1 by recorded"
    }


def test_fusion_needs_weights(cloud: EgressRecorder) -> None:
    with pytest.raises(Exception, match="fused decoding needs the local model's weights"):
        open_settings(models_of(cloud, settings=["fused"]))


def test_the_private_details_are_part_of_the_task_and_not_one_of_the_notes() -> None:
    told, instruction = record(), record().instruction
    assert instruction.personal
    request = split_request(
        conversation(told), rule="last_human", max_public_words=MAX_PUBLIC_WORDS
    )
    assert request.candidate is not None and request.candidate.reveal() == instruction.general
    assert request.task.reveal() == f"{instruction.general}\n{instruction.personal}"
    assert [detail.reveal() for detail in request.details] == [instruction.personal]
    assert len(request.notes) == len(told.context_parts)


def test_a_record_without_a_personal_part_has_no_empty_block() -> None:
    bare = record().model_copy(
        update={"instruction": record().instruction.model_copy(update={"personal": ""})}
    )
    (message,) = conversation(bare)
    assert len(message.content) == len(bare.context_parts) + 1


@pytest.mark.parametrize(
    ("found", "masked"),
    [
        ([], "Ann met Bob."),
        ([(0, 3, "<P>"), (8, 11, "<P>")], "<P> met <P>."),
        ([(8, 11, "<P>"), (0, 3, "<P>")], "<P> met <P>."),
        ([(0, 3, "<P>"), (0, 7, "<LONGER>")], "<LONGER> Bob."),
        ([(0, 12, "<ALL>")], "<ALL>"),
    ],
)
def test_the_longest_of_overlapping_findings_is_masked(
    found: list[tuple[int, int, str]], masked: str
) -> None:
    assert mask("Ann met Bob.", found) == masked
