from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.record_samples import (
    AUTHORS_ITEM,
    LAMP_GOLDS,
    LAMP_QUESTION,
    RECORD,
    SECRET,
    record,
    write_json,
    write_lines,
)

from cogenesis_langchain.datasets.lamp_format import LampTask
from cogenesis_langchain.datasets.loaders import load_authors_set, load_lamp_set, load_records
from cogenesis_langchain.errors import DatasetError


def without(item: dict[str, object], field: str) -> dict[str, object]:
    return {name: value for name, value in item.items() if name != field}


def test_records_come_back_as_written(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "set.jsonl", [RECORD, RECORD | {"id": "r2"}])
    assert load_records(path) == (record(), record(id="r2"))


def test_blank_lines_and_a_byte_order_mark_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text(f"\ufeff\n{json.dumps(RECORD)}\n\n", encoding="utf-8")
    assert len(load_records(path)) == 1


def test_a_line_separator_inside_a_text_does_not_break_the_line(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "set.jsonl", [RECORD | {"reference": "one\u2028two\x85three"}])
    assert load_records(path)[0].reference == "one\u2028two\x85three"


@pytest.mark.parametrize("field", sorted(RECORD))
def test_each_missing_field_is_named_with_file_and_line(tmp_path: Path, field: str) -> None:
    path = write_lines(tmp_path / "set.jsonl", [RECORD, without(RECORD, field)])
    with pytest.raises(DatasetError) as caught:
        load_records(path)
    assert caught.value.what == f"{path}, line 2: {field}: Field required"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"id": 7}, "id: Input should be a valid string"),
        ({"id": " "}, "id: must not be blank"),
        ({"activity_log": SECRET}, "activity_log: Input should be a valid tuple"),
        ({"private_strings": [SECRET, None]}, "private_strings[1]: Input should be a valid string"),
        (
            {"required_facts": [{"name": "cost", "form": SECRET}]},
            "required_facts[0].forms: Field required; required_facts[0]: an unknown field",
        ),
        ({SECRET: 1}, "an unknown field"),
    ],
)
def test_wrong_types_are_told_by_place_and_kind_without_content(
    tmp_path: Path, change: dict[str, object], told: str
) -> None:
    path = write_lines(tmp_path / "set.jsonl", [RECORD | change])
    with pytest.raises(DatasetError) as caught:
        load_records(path)
    assert caught.value.what == f"{path}, line 1: {told}"
    assert SECRET not in f"{caught.value!r} {caught.value}"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_many_problems_are_counted_not_listed(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "set.jsonl", [{}])
    with pytest.raises(DatasetError, match="; and 4 more"):
        load_records(path)


def test_broken_json_is_told_by_line_and_column_without_content(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text(f'{json.dumps(RECORD)}\n{{"id": "{SECRET}\n')
    with pytest.raises(DatasetError, match=r"set\.jsonl, line 2, column 8: not JSON") as caught:
        load_records(path)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("content", ["", "\n \n"])
def test_an_empty_file_holds_no_records(tmp_path: Path, content: str) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text(content)
    with pytest.raises(DatasetError, match="holds no records"):
        load_records(path)


def test_a_missing_file_and_one_that_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be read: No such file"):
        load_records(tmp_path / "none.jsonl")
    path = tmp_path / "set.jsonl"
    path.write_bytes(b'{"id": "\xff"}')
    with pytest.raises(DatasetError, match=r"not UTF-8 text \(byte 8\)"):
        load_records(path)


def test_the_authors_format_is_split_into_general_and_private(tmp_path: Path) -> None:
    (one,) = load_authors_set(write_json(tmp_path / "test.json", [AUTHORS_ITEM]))
    assert one.id == "3_7_4"
    assert one.user_group == "3"
    assert one.instruction.general == "Write an invitation"
    assert one.instruction.personal == "Use the garden party of June: all of it."
    assert one.reference == "Come to the garden."
    assert one.profile.style == "Terse; dry, never rude"
    assert one.profile.facts == (
        "Age: 47",
        f"Name: {SECRET}",
        "Privacy info: Sold the boat",
        "Privacy info: Owes 90 euros",
    )
    assert one.activity_log == ("Calendar: regatta", "Maps")
    assert [writing.text for writing in one.earlier_writings] == ["Tea at four."]
    assert one.private_strings == (SECRET, "Sold the boat", "Owes 90 euros")
    assert one.required_facts == ()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"tid": 3}, "item 1: tid: Input should be a valid string"),
        ({"profile": None}, "item 1: profile: Input should be a valid tuple"),
        ({"conversations": []}, "item 1: conversations[0]: Field required"),
        (
            {"conversations": [{"from": "user", "value": SECRET}, {"from": "assistant"}]},
            "all of it would count as public; conversations[1].value: Field required",
        ),
        (
            {"additional_profile": f"{SECRET}\nAge: 47"},
            "item 1: additional_profile: must open with a line 'Key: value; value'",
        ),
    ],
)
def test_bad_items_of_the_authors_format(
    tmp_path: Path, change: dict[str, object], told: str
) -> None:
    path = write_json(tmp_path / "test.json", [AUTHORS_ITEM | change])
    with pytest.raises(DatasetError) as caught:
        load_authors_set(path)
    assert told in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "told"),
    [([], "holds no records"), ({"tid": SECRET}, "of another kind than a list")],
)
def test_a_json_file_must_be_a_list_of_items(tmp_path: Path, value: object, told: str) -> None:
    with pytest.raises(DatasetError, match=told):
        load_authors_set(write_json(tmp_path / "test.json", value))


def test_json_lines_given_to_a_list_loader_are_told_by_line(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "set.jsonl", [AUTHORS_ITEM, AUTHORS_ITEM])
    with pytest.raises(DatasetError, match="line 2, column 1: not JSON"):
        load_authors_set(path)


def test_lamp_mails_are_turned_round(tmp_path: Path) -> None:
    questions = write_json(tmp_path / "questions.json", [LAMP_QUESTION])
    outputs = write_json(tmp_path / "outputs.json", LAMP_GOLDS)
    (one,) = load_lamp_set(questions, outputs, LampTask.EMAIL)
    assert one.id == "610"
    assert one.instruction.general == 'Write the e-mail with the subject "Pump arrived".'
    assert one.instruction.personal == ""
    assert one.reference == "Hello Ana: the pump is here."
    assert [writing.title for writing in one.earlier_writings] == ["Valves"]


def test_lamp_abstracts_name_the_text_of_a_profile_entry_differently(tmp_path: Path) -> None:
    question = LAMP_QUESTION | {
        "input": "Generate a title for the following abstract of a paper: We study sets.",
        "profile": [{"id": "1", "title": "On sets", "abstract": "Sets are studied."}],
    }
    questions = write_json(tmp_path / "questions.json", [question])
    outputs = write_json(tmp_path / "outputs.json", LAMP_GOLDS)
    (one,) = load_lamp_set(questions, outputs, LampTask.ABSTRACT)
    assert (
        one.instruction.general == 'Write the abstract of the paper with the title "Pump arrived".'
    )
    assert one.earlier_writings[0].text == "Sets are studied."


@pytest.mark.parametrize(
    ("question", "golds", "told"),
    [
        ({}, {"golds": []}, "item 1: no gold output with its id"),
        ({}, {"task": "LaMP_6"}, "golds: Field required"),
        ({}, [], "Input should be a valid dictionary"),
        ({"input": "no colon"}, LAMP_GOLDS, "item 1: input: must read"),
        (
            {"profile": [{"title": SECRET}]},
            LAMP_GOLDS,
            r"item 1: profile\[0\].text: Field required",
        ),
    ],
)
def test_bad_files_of_lamp(
    tmp_path: Path, question: dict[str, object], golds: object, told: str
) -> None:
    questions = write_json(tmp_path / "questions.json", [LAMP_QUESTION | question])
    outputs = write_json(tmp_path / "outputs.json", golds)
    with pytest.raises(DatasetError, match=told) as caught:
        load_lamp_set(questions, outputs, LampTask.EMAIL)
    assert SECRET not in str(caught.value)
