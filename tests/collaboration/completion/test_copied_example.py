"""Sentences that a cloud model copied from the example in its prompt are left out."""

from __future__ import annotations

import pytest
from support.completing import COMPLETED, LETTER, NOTES, WISHES, complete, task
from support.token_models import Wishes

from cogenesis_langchain.collaboration.completion.checks import copies_example
from cogenesis_langchain.collaboration.completion.units import Unit
from cogenesis_langchain.sketch.template import Slot, Words

COPIED = "I shall be away for [One sentence: where I am going and why]"


def test_a_sentence_of_the_prompts_example_is_left_out() -> None:
    """The notes know where the writer goes, but the letter is about something else."""
    notes = f"{NOTES} I am going to the plumber."
    sketch = LETTER.replace("With kind regards", f"{COPIED}\n\nWith kind regards")
    gone = "I shall be away for I am going to the plumber."
    wishes = {"where I am going": gone, "where I go": gone, **WISHES}
    done = complete(Wishes(wishes, [notes, sketch]), task(sketch, notes))
    assert done.text == COMPLETED
    assert done.completion.left_out == (COPIED,)
    own = sketch.replace("where I am going and why", "where I go and why")
    done = complete(Wishes(wishes, [notes, own]), task(own, notes))
    assert gone in done.text, "the control: other words are no copy"


@pytest.mark.parametrize(
    ("instruction", "copied"),
    [("Write to my landlord about the heating.", True), ("Tell my team about my absence.", False)],
)
def test_such_a_sentence_is_kept_where_the_request_is_about_the_same(
    instruction: str, copied: bool
) -> None:
    unit = Unit((Words("I am away from "), Slot("first day of the absence", "value")))
    assert copies_example(unit, instruction) == copied
