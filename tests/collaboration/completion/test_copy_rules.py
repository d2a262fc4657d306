from __future__ import annotations

import pytest

from cogenesis_langchain.collaboration.completion.copying.copy_rules import (
    CopyRules,
    starts_sentence,
)

NOTES = """Profile: Teodora Lindqvist-Berg, 14 Fernbank Road, Mr. O'Hara's tenant.
The heating of 12 rooms failed on 2026-03-14 at 18:30. Repair: 1,240.50 EUR. Two cats, Ada and Zorn.
Siobhán pays by SEPA. I am 41."""
RULES = CopyRules([NOTES])


def admits(text: str, before: str = "I say ", rules: CopyRules = RULES) -> bool:
    return rules.admits_all(before, text) and rules.admits_values(before, text)


@pytest.mark.parametrize(
    "text",
    [
        "Teodora",
        "Teodora Lindqvist-Berg",
        "Lindqvist",
        "teodora lindqvist",
        "Teodora's",
        "Teodora’s",
        "O'Hara",
        "Mr O'Hara",
        "Mrs. Lindqvist",
        "Siobhán",
        "Ada and Zorn",
        "Fernbank Road",
        "SEPA",
        "I'm",
        "quite freely invented words",
        "1,240.50",
        "1240.50",
        "12 rooms",
        "2 cats",
        "two cats",
        "twelve rooms",
        "18:30",
        "EUR 1,240.50",
    ],
)
def test_free_words_and_copied_ones_are_admitted(text: str) -> None:
    assert admits(text)


@pytest.mark.parametrize(
    "text",
    [
        "Bartholomew",
        "Teodora Quist",
        "Teodora Zorn",
        "Ada Lindqvist",
        "Hara Road",
        "Bartholomew's",
        "Lindqvist-Quist",
        "NATO",
        "13",
        "13 rooms",
        "thirteen rooms",
        "seven cats",
        "1,240.60",
        "99",
        "14 Lindqvist",
        "19:30",
        "12/7",
        "two million",
        "twelve thousand rooms",
        "forty-two",
    ],
)
def test_invented_names_and_numbers_are_refused(text: str) -> None:
    assert not admits(text)


def test_a_number_in_words_is_one_of_the_sources_or_of_the_template() -> None:
    rules = CopyRules(
        ["Two million six hundred thousand crowns for 6 organs of 2 hundred. 40 came."]
    )
    assert admits("two million six hundred thousand crowns", rules=rules)
    assert not admits("two million crowns", rules=rules), "each of its words stands in the notes"
    assert admits("forty people", rules=rules) and not admits("fifty people", rules=rules)
    assert admits("40 people", before="A thousand thanks to ", rules=rules)


@pytest.mark.parametrize(
    "text",
    [
        "14 March",
        "14 March 2026",
        "March 14",
        "March 14, 2026",
        "March 14th, 2026",
        "14th March",
        "the 14th of March",
        "Saturday, 14 March 2026",
        "2026-03-14",
        "14/03/2026",
        "14.03.2026",
        "14.3.2026",
        "3/14/2026",
    ],
)
def test_a_date_may_be_written_in_every_order(text: str) -> None:
    assert admits(text)


@pytest.mark.parametrize(
    "text",
    ["15 March", "14 April", "14 March 2027", "April 14, 2026", "2026-03-15", "14.04.2026"],
)
def test_another_date_is_refused(text: str) -> None:
    assert not admits(text)


@pytest.mark.parametrize(
    ("notes", "text", "admitted"),
    [
        (
            "Die Heizung ist seit dem 2026-03-14 kaputt und die Wohnung ist kalt.",
            "14. März 2026",
            True,
        ),
        (
            "Die Heizung ist seit dem 2026-03-14 kaputt und die Wohnung ist kalt.",
            "15. März 2026",
            False,
        ),
        (
            "Die Heizung ist seit dem 2026-03-14 kaputt und die Wohnung ist kalt.",
            "14. Mai 2026",
            False,
        ),
        (
            "Le chauffage est en panne depuis le 2026-03-14 et il fait très froid.",
            "14 mars 2026",
            True,
        ),
        (
            "Le chauffage est en panne depuis le 2026-03-14 et il fait très froid.",
            "15 mars 2026",
            False,
        ),
        (
            "Le chauffage est en panne depuis le 2026-03-14 et il fait très froid.",
            "14 juin 2026",
            False,
        ),
    ],
)
def test_dates_in_other_languages(notes: str, text: str, admitted: bool) -> None:
    assert admits(text, before="am ", rules=CopyRules([notes])) is admitted


@pytest.mark.parametrize(
    ("before", "text", "admitted"),
    [
        ("", "Heating is what I need", True),
        ("It failed. ", "Please come", True),
        ("", "Bartholomew came", False),
        ("It failed. ", "Quist came", False),
        ("I ", "Please come", False),
        ("- ", "Please come", True),
        ("Dear all,\n\n", "Please come", True),
        ("He said: “", "Please come", True),
    ],
)
def test_an_everyday_word_may_have_a_capital_at_the_start_of_a_sentence(
    before: str, text: str, admitted: bool
) -> None:
    assert RULES.admits_all(before, text) is admitted


@pytest.mark.parametrize(
    ("before", "starts"),
    [
        ("", True),
        ("  ", True),
        ("So. ", True),
        ("So.\n", True),
        ("So? ", True),
        ("So: ", True),
        ("So.” ", True),
        ("好。 ", True),
        ("- ", True),
        ("a\n\n• ", True),
        ("So ", False),
        ("So, ", False),
        ("3.", False),
        ("So; ", False),
    ],
)
def test_where_a_sentence_starts(before: str, starts: bool) -> None:
    assert starts_sentence(before) is starts


@pytest.mark.parametrize(
    ("start", "possible"),
    [("1", True), ("12", True), ("1,24", True), ("9", False), ("129", False), ("Qui", True)],
)
def test_an_unfinished_number_has_to_begin_one_of_the_sources(start: str, possible: bool) -> None:
    assert RULES.may_begin(start) is possible


@pytest.mark.parametrize("text", ["14.03.2026", "2026-03-14", "March 14", "14/3/2026"])
def test_a_date_in_words_may_be_written_in_figures(text: str) -> None:
    assert admits(text, rules=CopyRules(["The heating failed on 14 March 2026 and it is cold."]))


def test_names_are_the_words_with_a_capital_of_their_own() -> None:
    assert RULES.is_name("Teodora") and RULES.is_name("Lindqvist") and RULES.is_name("Zorn")
    assert not CopyRules(["My name is M. Zorn."]).is_name("I'm"), "part of it is: the M"
    assert not RULES.is_name("heating") and not RULES.is_name("rooms")
    assert RULES.begins_name("Teo") and not RULES.begins_name("Qui")


@pytest.mark.parametrize(
    ("text", "admitted"),
    [
        ("all 12 rooms", True),
        ("all 24 rooms", False),
        ("3 things", True),
        ("in 2031", False),
        ("Dear Ms. Lindqvist-Berg,", True),
        ("Dear Mr. Bartholomew Quist,", False),
        ("Best regards, John Smith", False),
        ("Self-review for this year", True),
        ("Happy Christmas, and see you on Monday.", True),
    ],
)
def test_words_of_the_template_may_hold_no_fact_of_their_own(text: str, admitted: bool) -> None:
    assert RULES.admits_template_words(text) is admitted


def test_without_sources_only_free_words_are_admitted() -> None:
    rules = CopyRules([])
    assert admits("some free words", rules=rules) and admits("Please do", before="", rules=rules)
    assert not admits("Teodora", rules=rules) and not admits("12", rules=rules)


@pytest.mark.parametrize(
    ("source", "text", "admitted"),
    [
        ("148,000 crowns", "$148,000", False),
        ("I had 148,000 crowns and a red bell", "$148,000", False),
        ("2,900 Dollars", "$2,900", True),
        ("148 000 Kč", "148 000 Kč", True),
        ("152 euros", "€152", True),
        ("152 euros", "£152", False),
        ("2,900 TTD", "$2,900", True),
        ("a fee of ₺40", "₺40", True),
        ("a fee of 40", "₺40", False),
    ],
)
def test_a_currency_is_copied_too(source: str, text: str, admitted: bool) -> None:
    assert CopyRules([source]).admits_values("It costs ", text) is admitted


@pytest.mark.parametrize(
    ("text", "admitted"),
    [
        ("by the end of March", False),
        ("Ende März", False),
        ("in early May", True),
        ("at the beginning of May", True),
        ("by the end of May", False),
        ("in March, by the end of it", True),
        ("Being late may cost us.", True),
        ("Ende des März", False),
    ],
)
def test_part_of_a_month_is_a_date(text: str, admitted: bool) -> None:
    rules = CopyRules(["A repair by 2 March. I go away in early May."])
    assert rules.admits_values("", text) is admitted


@pytest.mark.parametrize(
    ("text", "admitted"),
    [
        ("9", False),
        ("17", False),
        ("9 June", True),
        ("the 9th", True),
        ("13 °C", True),
        ("27 Larkfield Rise", True),
        ("3 ewes", True),
        ("at 7:30 pm", True),
        ("9.53 per cent", True),
        ("5 km", True),
    ],
)
def test_a_small_number_by_itself_is_no_day_and_no_hour(text: str, admitted: bool) -> None:
    notes = (
        "17 February: 13 °C. On 9 June three ewes. Flat 3, 27 Larkfield Rise, 19:30, 9.53 %, 5km"
    )
    assert CopyRules([notes]).admits_values("", text) is admitted


def test_a_date_may_begin_in_the_words_of_the_template() -> None:
    assert CopyRules(["On 9 June."]).admits_values("by June ", "9")


def test_a_sign_that_the_sources_do_not_name_is_not_written() -> None:
    assert not CopyRules(["148,000 crowns"]).admits_signs(" $")


def test_the_date_before_an_entry_of_a_log_is_written_out() -> None:
    rules = CopyRules(["- 2026-03-14 The heating failed\n2026-03-15: called\nDue 2026-04-01."])
    assert admits("14 March 2026", rules=rules) and admits("2026-04-01", rules=rules)
    assert not admits("2026-03-14", rules=rules) and not admits("2026-03-15", rules=rules)


@pytest.mark.parametrize(
    ("text", "copies"),
    [
        ("12 rooms", True),
        ("twelve rooms", True),
        ("to Zorn", True),
        ("any day and time", False),
        ("Please come", False),
        ("", False),
    ],
)
def test_numbers_and_names_are_copies(text: str, copies: bool) -> None:
    assert RULES.copies("", text) is copies
