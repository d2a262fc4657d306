"""Details of a request that a completed template tells, or lists as missing."""

from __future__ import annotations

from support.completing import COMPLETED, LETTER, NOTES, WISHES, complete, task, wishing
from support.token_models import Wishes


def test_a_detail_that_the_slots_tell_is_not_told_again() -> None:
    detail = "Say that the plumber found a crack."
    done = complete(wishing(), task(LETTER, details=detail))
    assert done.text == COMPLETED and done.completion.missing == ()


def test_a_detail_without_a_slot_is_told_after_the_main_facts() -> None:
    model = Wishes(
        {"as well, in one sentence": "A repair costs 240 EUR.", **WISHES}, [NOTES, LETTER]
    )
    done = complete(model, task(LETTER, details="Say that a repair costs 240 EUR."))
    assert done.text == COMPLETED.replace("a crack.", "a crack. A repair costs 240 EUR.")
    assert done.completion.missing == ()


def test_a_sentence_that_says_the_main_facts_again_and_goes_on_takes_their_place() -> None:
    again = "The heating failed on 3 March 2026, and a repair costs 240 EUR."
    wishes = {"as well, in one sentence": again, **WISHES}
    done = complete(
        Wishes(wishes, [NOTES, LETTER]), task(LETTER, details="Say that a repair costs 240 EUR.")
    )
    assert done.text == COMPLETED.replace("The heating failed on 3 March 2026.", again)
    assert done.completion.missing == ()


def test_a_detail_that_cannot_be_told_is_listed_as_missing() -> None:
    model = Wishes(
        {"as well, in one sentence": "A repair costs 999 EUR.", **WISHES}, [NOTES, LETTER]
    )
    done = complete(model, task(LETTER, details="Say that a repair costs 240 EUR."))
    assert done.text == COMPLETED
    assert done.completion.missing == ("Say that a repair costs 240 EUR.",)


def test_a_sentence_of_the_user_is_told_as_it_is_where_the_model_changes_its_facts() -> None:
    own = "I want a repair by 2 March"
    model = Wishes(
        {"as well, in one sentence": "I want a repair by the end of March.", **WISHES},
        [NOTES, LETTER, own],
    )
    done = complete(model, task(LETTER, details=own))
    assert f"a crack. {own}." in done.text and done.completion.missing == ()


def test_an_order_to_the_writer_is_no_sentence_of_the_text() -> None:
    order = "Mention the 240 EUR of the repair."
    model = Wishes({"as well, in one sentence": order, **WISHES}, [NOTES, LETTER])
    done = complete(model, task(LETTER, details=order))
    assert done.text == COMPLETED and done.completion.missing == (order,)


def test_a_few_words_of_the_request_are_listed_and_not_told() -> None:
    words = "How many kilometres."
    model = Wishes({"as well, in one sentence": words, **WISHES}, [NOTES, LETTER])
    done = complete(model, task(LETTER, details=words))
    assert done.text == COMPLETED and done.completion.missing == (words,)


def test_a_detail_may_be_told_in_its_own_words() -> None:
    fact = "The plumber of the house found a crack inside the boiler yesterday."
    done = complete(wishing(fact, facts=fact), task(LETTER, details=fact))
    assert fact in done.text and done.completion.missing == ()
