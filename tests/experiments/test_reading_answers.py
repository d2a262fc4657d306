from __future__ import annotations

import pytest

from experiments.judge import read_preference, read_rating

READ = {
    "[[7]]": 7.0,
    "The voice is right, two facts are missing.\n\n[[ 7.5 ]]": 7.5,
    "[[Rating: 8]]": 8.0,
    "[[rating = 8]]": 8.0,
    "[[8/10]]": 8.0,
    "Strong at first: [[8]]. But the date is wrong, so in the end: [[5]]": 5.0,
    "I rate from [[1]] to [[10]] as asked. My rating is [[4]].": 4.0,
    "As asked, in the form [[rating]]: [[3]]": 3.0,
    "[[3]] as said in the form [[rating]]": 3.0,
    "**[[8]]**": 8.0,
    "[[**8**]]": 8.0,
    "[[`8`]]": 8.0,
    r"\[\[8\]\]": 8.0,
    "[[\n8\n]]": 8.0,
    "[[[8]]]": 8.0,
    "[[7,5]]": 7.5,
    '{"explanation": "fine", "rating": [[9]]}': 9.0,
    '{"rating": "[[9]]"}': 9.0,
    "```\n[[2]]\n```": 2.0,
    "Rating: [[10]]/10": 10.0,
    "[[1]]": 1.0,
    "Bewertung: [[4]]": 4.0,
}

NOT_READ = [  # asked again
    "[[The final score is 6]]",
    "[[seven]]",
    "",
    "   \n",
    "7",
    "[7]",
    "Rating: 7/10",
    "I would give this a seven.",
    "A solid eight out of ten, well done.",
    "[[11]]",
    "[[0]]",
    "[[-3]]",
    "[[100]]",
    "[[85%]]",
    "Good: [[8]]. No, better than any: [[11]]",
    "[[7-8]]",
    "[[7 or 8]]",
    "[[8, 7]]",
    "[[4/5]]",
    "[[rating]]",
    "[[]]",
    "[[ ]]",
    "[[N/A]]",
    "[[eleven]]",
    "[[7",
    "7]]",
    "((7))",
    '{"rating": 9}',
    "[[text of more than sixty characters that goes on and on and ends with the number 8]]",
    "I'm sorry, but I can't help with rating personal content.",
    "Dear Ms Quist, thank you for the hedge. Yours, 8",
]


@pytest.mark.parametrize(("answer", "rating"), READ.items())
def test_a_rating_that_is_meant_is_read(answer: str, rating: float) -> None:
    assert read_rating(answer) == rating


@pytest.mark.parametrize("answer", NOT_READ)
def test_what_is_no_rating_without_doubt_is_not_read(answer: str) -> None:
    assert read_rating(answer) is None


@pytest.mark.parametrize(
    ("answer", "preference"),
    {
        "B is nearer to the notes. [[B]]": "b",
        "[[a]]": "a",
        "[[Tie]]": "tie",
        "[[Text A]]": "a",
        "First [[A]], but on reflection [[**B**]]": "b",
        "Choose from [[A]], [[B]] or [[tie]].\n[[A]]": "a",
        "A": None,
        "[A]": None,
        "[[C]]": None,
        "[[A or B]]": None,
        "Both have merits.": None,
        "": None,
    }.items(),
)
def test_a_preference_is_read_by_the_same_rule(answer: str, preference: str | None) -> None:
    assert read_preference(answer) == preference
