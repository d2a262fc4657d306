"""The outline with what there is to say: which line goes to which point."""

from __future__ import annotations

from cogenesis_langchain.collaboration.content.outline_plan import plan_outline

POINTS = ("Greet the landlord", "Boiler that failed", "Rent already paid", "Friendly close")


def test_a_line_goes_to_the_point_that_shares_most_words_with_it() -> None:
    lines = ["Paid the rent on 3 May.", "The boiler failed on 2 May.", "Give the landlord my key."]
    assert plan_outline(POINTS, lines).splitlines() == [
        "1. Greet the landlord: Give the landlord my key.",
        "2. Boiler that failed: The boiler failed on 2 May.",
        "3. Rent already paid: Paid the rent on 3 May.",
        "4. Friendly close",
    ]


def test_lines_that_share_nothing_keep_their_order_between_the_first_and_the_last_point() -> None:
    lines = ["Twelve degrees.", "Called twice.", "Bought a heater.", "Friday suits me."]
    assert plan_outline(POINTS, lines).splitlines() == [
        "1. Greet the landlord",
        "2. Boiler that failed: Twelve degrees. Called twice.",
        "3. Rent already paid: Bought a heater. Friday suits me.",
        "4. Friendly close",
    ]


def test_without_lines_it_is_the_outline() -> None:
    assert plan_outline(POINTS[:2], []) == "1. Greet the landlord\n2. Boiler that failed"
    assert plan_outline(POINTS[:1], ["Twelve degrees."]) == "1. Greet the landlord: Twelve degrees."
