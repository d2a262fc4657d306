"""The named-entity model: how a text is read in windows, and what becomes a value."""

from __future__ import annotations

import threading
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import HumanMessage, SystemMessage
from support.scripted import ScriptedLocal

from cogenesis_langchain import ChatCoGenesis, MemoryLedger
from cogenesis_langchain.errors import ConfigurationError, ModelFileDamaged
from cogenesis_langchain.models.files import catalog
from cogenesis_langchain.models.onnx.named_entities import NamedEntityModel, _windows
from cogenesis_langchain.privacy.values import PrivateValue, find_private_values
from cogenesis_langchain.testing import behaviours

NOTE = "yesterday svenja and rufus came by, she lives in Bad Tölz now."


@pytest.fixture(scope="module")
def model() -> NamedEntityModel:
    return NamedEntityModel(threads=1)


def found(model: NamedEntityModel, text: str) -> set[tuple[str, str]]:
    return {(value.kind, value.text) for value in model(text)}


@given(st.text(alphabet="ab \n가", max_size=3000))
def test_windows_cover_a_text_and_overlap(text: str) -> None:
    pieces = list(_windows(text))
    assert max(map(len, pieces)) <= 480
    end = 0
    for piece in pieces:
        start = text.find(piece, max(0, end - 64)) if piece else 0
        assert 0 <= start <= end
        end = start + len(piece)
    assert end == len(text)


def test_windows_of_a_text_without_spaces_share_their_ends() -> None:
    text = "".join(map(chr, range(0x4E00, 0x4E00 + 3000)))
    pieces = list(_windows(text))
    for before, after in pairwise(pieces):
        assert after.startswith(before[-64:])


@pytest.mark.parametrize("space", [" ", "\n", "\t"])
def test_windows_end_between_words(space: str) -> None:
    names = ["maximilian", "annabelle", "svenja"] * 100
    for piece in _windows(space.join(names)):
        assert set(piece.split()) <= set(names)


@pytest.mark.real
def test_names_in_a_list_are_values_of_their_own(model: NamedEntityModel) -> None:
    names = {text for _, text in found(model, "svenja, rufus, feodora")}
    assert names and names <= {"svenja", "rufus", "feodora"}
    assert ("NAME", "Ada Quist") in found(model, "I met Ada Quist yesterday.")


@pytest.mark.real
def test_names_and_places_are_found_as_whole_words(model: NamedEntityModel) -> None:
    assert {("NAME", "svenja"), ("PLACE", "Bad Tölz"), ("NAME", "rufus")} <= found(model, NOTE)
    assert found(model, "") == set()


@pytest.mark.real
def test_what_stands_far_behind_or_between_windows_is_found(model: NamedEntityModel) -> None:
    for length in (470, 2_000, 9_990):
        assert ("NAME", "svenja") in found(model, "bread " * (length // 6) + NOTE)


@pytest.mark.real
@pytest.mark.parametrize("text", ["가" * 3_000, "\ud800 is broken", "\x00", "1" * 100_000])
def test_any_text_can_be_read(model: NamedEntityModel, text: str) -> None:
    assert all(isinstance(value, PrivateValue) for value in model(text))


@pytest.mark.real
def test_a_higher_score_finds_less(model: NamedEntityModel) -> None:
    assert len(found(NamedEntityModel(min_score=1.0, threads=1), NOTE)) < len(found(model, NOTE))


@pytest.mark.real
def test_threads_share_it(model: NamedEntityModel) -> None:
    expected, results = found(model, NOTE), list[set[tuple[str, str]]]()
    fresh = NamedEntityModel(threads=1)
    threads = [
        threading.Thread(target=lambda: results.append(found(fresh, NOTE))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 8


@pytest.mark.real
def test_a_name_of_the_context_that_the_rules_miss_is_masked_in_the_instruction(
    model: NamedEntityModel,
) -> None:
    rules = {value.text for value in find_private_values(NOTE)}
    assert not any("rufus" in text for text in rules), "choose another name for this test"
    sent = []
    for detectors in ([model], []):
        ledger = MemoryLedger()
        chat = ChatCoGenesis(
            cloud=FakeListChatModel(responses=[behaviours.TEMPLATE]),
            local=ScriptedLocal(),
            ledger=ledger,
            context_detectors=detectors,
        )
        chat.invoke([SystemMessage(NOTE), HumanMessage("Thank rufus for the keys.")])
        sent.append(ledger.entries[0].payload)
    assert b"rufus" not in sent[0] and b"[NAME_1]" in sent[0]
    assert b"rufus" in sent[1]


@pytest.mark.real
def test_a_file_that_is_no_model_is_an_error() -> None:
    tokenizer = catalog.require("rampart-ner-tokenizer")
    with pytest.raises(ModelFileDamaged) as caught:
        NamedEntityModel(model=tokenizer)
    assert "cogenesis models pull" in caught.value.remedy
    with pytest.raises(ConfigurationError, match="labels"):
        NamedEntityModel(model=catalog.fetch("minilm-l6-v2-int8"))


@pytest.mark.parametrize("score", [0.0, -1.0, 1.5, float("nan")])
def test_a_score_that_is_no_probability_is_an_error(score: float) -> None:
    with pytest.raises(ConfigurationError, match="min_score"):
        NamedEntityModel(min_score=score)
