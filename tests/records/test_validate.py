from __future__ import annotations

import pytest
from support.record_samples import SECRET, record

from cogenesis_langchain.datasets.validate import OWN_LENGTHS, check, find_faults
from cogenesis_langchain.errors import DatasetError
from experiments.report.tables import summarise


def faults(**changes: object) -> list[str]:
    return [fault.what for fault in find_faults([record(**changes)])]


def test_a_sound_record_has_no_faults() -> None:
    assert faults() == []


def test_private_strings_must_stand_in_the_context() -> None:
    assert faults(private_strings=[SECRET, "813 euros"]) == [
        "private_strings[1]: not in the private context"
    ]


def test_private_strings_may_stand_in_the_personal_instruction() -> None:
    assert faults(private_strings=["Friday"]) == []


def test_private_strings_must_not_stand_in_the_general_instruction() -> None:
    general = {"general": f"Write as {SECRET}.", "personal": "It was Friday."}
    assert faults(instruction=general) == ["private_strings[0]: in the general instruction"]


def test_private_strings_are_listed_once() -> None:
    assert faults(private_strings=["812 euros", "812 Euros"]) == [
        "private_strings[1]: listed before"
    ]


def test_facts_must_be_stated_by_the_reference_and_known_from_the_context() -> None:
    cost = {"name": "cost", "forms": ["900 euros"]}
    assert faults(required_facts=[cost]) == [
        "required_facts[0]: no form in the reference",
        "required_facts[0]: no form in the private context",
    ]


def test_facts_must_not_be_given_away_by_the_general_instruction() -> None:
    given = {"general": "Write that it costs 812 euros.", "personal": "-"}
    assert "required_facts[0]: given away by the general instruction" in faults(
        instruction=given, reference="812 euros"
    )


def test_facts_need_a_form_and_a_name_of_their_own() -> None:
    cost = {"name": "cost", "forms": ["812 euros"]}
    assert faults(required_facts=[cost, cost]) == ["required_facts[1]: its name is used before"]
    assert len(faults(required_facts=[{"name": "cost", "forms": []}])) == 2


def test_ids_are_unique() -> None:
    found = find_faults([record(), record(id="r2"), record()])
    assert [str(fault) for fault in found] == ["r1: id: used by 2 records"]


def test_lengths_are_held_only_when_given() -> None:
    lengths = OWN_LENGTHS | {"reference": (1, 9), "private_strings": (0, 1), "context": (1, 100)}
    found = [fault.what for fault in find_faults([record()], lengths)]
    assert "reference: 12, not 1 to 9" in found
    assert "private_strings: 2, not 0 to 1" in found
    assert not any(what.startswith("context") for what in found)


def test_check_raises_with_the_first_faults_and_without_content() -> None:
    bad = [record(id=f"r{n}", private_strings=["Heinz Quast"]) for n in range(12)]
    with pytest.raises(DatasetError) as caught:
        check(bad)
    message = str(caught.value)
    assert message.startswith("12 faults in 12 records")
    assert "r9: private_strings[0]: not in the private context" in message
    assert "r10" not in message
    assert "Quast" not in message


def test_check_refuses_an_empty_set() -> None:
    with pytest.raises(DatasetError, match="no records"):
        check([])


def test_summary_counts_by_hand() -> None:
    longer = record(id="r2", user_group="cooks", reference="one two three", activity_log=[])
    figures = summarise([record(), longer])
    assert figures["records"] == 2
    assert figures["user groups"] == 2
    assert figures["reference (words)"] == (12 + 3) / 2
    assert figures["activity log entries"] == 0.5
    assert figures["private strings"] == 2
