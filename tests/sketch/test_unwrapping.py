from __future__ import annotations

from cogenesis_langchain.sketch.unwrapping import unwrapped

GOOD = "Dear [landlord's name],\n\nThe heating is cold. [Two sentences: what happened]"


def test_lines_that_were_wrapped_are_one_line_and_verses_and_lists_are_not() -> None:
    wrapped = "I am going to be away from [first day] to [last day], and I have a favour to\nask."
    listed = "- the heating in the living room, which has been cold since [first cold day]\n- it"
    verses = "The snow is on the hill,\nthe train is late again"
    text = unwrapped(f"{GOOD}\n\n{wrapped}\n\n{listed}\n\n{verses}")
    joined = wrapped.replace("\n", " ")
    assert text == f"{GOOD}\n\n{joined}\n\n{listed}\n\n{verses}"


def test_a_lead_in_is_no_remark() -> None:
    text = f"The new version of the app brings three things that you asked for:\n\n{GOOD}"
    assert unwrapped(text) == text
    assert unwrapped(f"Here is the text that you wanted:\n\n{GOOD}") == GOOD


def test_blanks_of_underscores_are_no_emphasis() -> None:
    for size in range(4, 13):
        text = f"Please sign here: {'_' * size}"
        assert unwrapped(text) == text
    assert unwrapped("It is __very__ cold.") == "It is very cold."
