from __future__ import annotations

import pytest
from support.completing import COMPLETED, LETTER, WISHES, complete, task
from support.token_models import Wishes

from cogenesis_langchain.collaboration.content.forbidden import (
    split_details,
    tells_forbidden,
)


@pytest.mark.parametrize(
    ("clause", "matter"),
    [
        ("Nothing about my health.", "my health."),
        ("Not a word on my ear.", "my ear."),
        ("and don't mention the assessment", "the assessment"),
        ("Please leave her family out.", "her family"),
        ("Leave out the lads we lost.", "the lads we lost."),
        ("Keep Mei's news out of it.", "Mei's news"),
        ("No mention of Rourke or Len.", "Rourke or Len."),
        ("Not my illness.", "my illness."),
        ("but not her sister's wedding", "her sister's wedding"),
        ("Say nothing of Hodaya.", "Hodaya."),
        ("Nothing sad about Mom and Dad.", "Mom and Dad."),
        ("No merger, nothing on my health.", "my health."),
        ("No need to mention the retake.", "the retake."),
        ("Don't bring up the divorce.", "the divorce."),
        ("he gets used to it (don't mention school).", "school"),
        ("Skip the budget cut.", "the budget cut."),
        ("Bank stays out of it.", "Bank"),
        ("where the skip goes", ""),
        ("Say that he stays out of Italy in winter", ""),
        ("Ask them to feed the rabbits and keep the cat out.", ""),
        ("Remind them to be on time and don't show up late", ""),
        ("It was my idea, not my brother's", ""),
        ("Agent admitted nothing was posted.", ""),
        ("Their car came out of the bay behind.", ""),
        ("Not my fault that it burst and cost so much", ""),
        ("Not the cheapest.", ""),
        ("Leave from 1 June to 30 November.", ""),
        ("Never step in a bight", ""),
        ("No routine operations", ""),
        ("nothing below the wall for under-16s", ""),
        ("Tell her about the crack.", ""),
    ],
)
def test_a_clause_forbids_a_matter_or_none(clause: str, matter: str) -> None:
    _, matters = split_details([clause])
    assert (matters[0] if matters else "") == matter


def test_details_are_taken_apart_clause_by_clause() -> None:
    wanted, forbidden = split_details(
        [
            "Say that the plumber found a crack, and don't mention the damp cellar.",
            "Nothing about Quist.",
            "A repair costs 240 EUR.",
            "He gets used to it (don't mention school).",
            "Keep her condition out, just say she needs rest.",
        ]
    )
    told = ["He gets used to it", "just say she needs rest"]
    assert wanted == ["Say that the plumber found a crack", "A repair costs 240 EUR.", *told]
    assert forbidden == ["the damp cellar.", "Quist.", "school", "her condition"]


def test_several_prohibitions_of_a_clause_are_all_found() -> None:
    assert split_details(["Keep Anna out of it and don't mention Ben"]) == ([], ["Anna", "Ben"])
    said = "Say she won't come (but nothing about Ben) and that Carl will"
    assert split_details([said]) == (["Say she won't come and that Carl will"], ["Ben"])
    assert split_details(["Leave Anna out of the letter"]) == ([], ["Anna"])


def test_a_sentence_tells_a_matter_with_all_its_telling_words() -> None:
    assert tells_forbidden("The cellar is damp.", ["the damp cellar."])
    assert not tells_forbidden("The cellar is cold.", ["the damp cellar."])
    assert not tells_forbidden("It is cold.", ["it."])


def test_a_forbidden_matter_is_neither_told_nor_missing() -> None:
    model = Wishes({"as well, in one sentence": "Do not mention the crack.", **WISHES}, [LETTER])
    done = complete(model, task(LETTER, details="Don't mention the crack."))
    assert done.text == COMPLETED.replace(" The plumber found a crack.", "")
    assert done.completion.missing == ()


def test_control_what_is_not_forbidden_is_told() -> None:
    done = complete(Wishes(WISHES, [LETTER]), task(LETTER, details="Do mention the crack."))
    assert done.text == COMPLETED
