from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from support.token_models import Endless, Wishes

from cogenesis_langchain.collaboration.completion.copying.copy_rules import CopyRules
from cogenesis_langchain.collaboration.completion.slots.name_slots import names_somebody
from cogenesis_langchain.collaboration.completion.slots.slot_decoder import Filled, SlotDecoder
from cogenesis_langchain.collaboration.completion.slots.token_choice import GreedyOrSampled
from cogenesis_langchain.models.base import GenerationOptions, PrivateMessage, TokenModel
from cogenesis_langchain.privacy.text import PrivateText
from cogenesis_langchain.sketch.template import Slot

NOTES = """My landlord is Teodora Lindqvist of St. Hedwig Street.
The heating has failed since 3 March 2026, and a repair costs 240 EUR.
The cellar is damp."""
NAME = Slot("landlord's name", "name")
VALUE = Slot("date of the failure", "value")
PHRASE = Slot("the matter, as a noun phrase", "phrase")
SENTENCES = Slot("two sentences: what happened", "sentences", 2)


def decoder(model: TokenModel, notes: str = NOTES) -> SlotDecoder:
    greedy = GreedyOrSampled(GenerationOptions(temperature=0.0))
    return SlotDecoder(model, CopyRules([notes]), greedy)


def fill(
    slot: Slot, before: str, after: str, wishes: str | Sequence[str], notes: str = NOTES
) -> Filled:
    """Fill a slot of a sentence that the model would write in the words of its wishes."""
    model = Wishes({"": wishes}, [notes, before, after])
    prompt = model.encode_chat([PrivateMessage("user", PrivateText(f"{notes} Go on. Next."))])
    return decoder(model, notes).fill(prompt, before, slot, after)


# Ends


@pytest.mark.parametrize("slot", [NAME, VALUE, PHRASE, SENTENCES])
def test_a_model_that_ends_its_turn_at_the_slot_has_nothing_to_say(slot: Slot) -> None:
    # Its second choice would fill the slot.
    wishes = ["It is", "It is Teodora Lindqvist since 3 March 2026."]
    assert fill(slot, "It is ", ".", wishes) == Filled("", "empty", 0)


@pytest.mark.parametrize(
    ("slot", "before", "after", "wish", "text"),
    [
        (NAME, "Dear ", ",\n\nI", "Dear Teodora Lindqvist,\n\nI am", "Teodora Lindqvist"),
        (NAME, "", "", "Teodora Lindqvist", "Teodora Lindqvist"),
        (VALUE, "It failed on ", ".", "It failed on 3 March 2026.", "3 March 2026"),
        (VALUE, "Since ", " it has failed.", "Since 3 March it has failed.", "3 March"),
        (VALUE, "It costs ", " a time.", "It costs 240 EUR a time.", "240 EUR"),
        (
            PHRASE,
            "It is about ",
            " and no more.",
            "It is about the cellar and no more.",
            "the cellar",
        ),
        (PHRASE, "It is about ", "!", "It is about the damp cellar!", "the damp cellar"),
        (
            PHRASE,
            "We live (",
            ") here.",
            "We live (in the damp cellar) here.",
            "in the damp cellar",
        ),
        (
            NAME,
            "We met at ",
            " in May.",
            "We met at St. Hedwig Street in May.",
            "St. Hedwig Street",
        ),
    ],
)
def test_a_slot_ends_where_the_words_after_it_fit(
    slot: Slot, before: str, after: str, wish: str, text: str
) -> None:
    assert fill(slot, before, after, wish).text == text


def test_a_name_goes_on_to_its_surname_although_the_following_words_could_begin() -> None:
    wishes = ["Dear Teodora Lindqvist,\n\nI am", "Dear Teodora,\n\nI am"]
    assert fill(NAME, "Dear ", ",\n\nI", wishes).text == "Teodora Lindqvist"


def test_nobody_signs_as_a_relative() -> None:
    wishes = ["My Teodora Lindqvist", "Teodora Lindqvist"]
    assert fill(Slot("my name", "name"), "", "", wishes).text == "Teodora Lindqvist"
    assert fill(NAME, "", "", wishes).text == "My Teodora Lindqvist"


def test_a_first_name_is_one_word() -> None:
    slot = Slot("landlord's first name", "name")
    wish = "Dear Teodora Lindqvist, my landlord,\n\nI am"
    assert fill(slot, "Dear ", ",\n\nI", wish).text == "Teodora"


def test_a_slot_does_not_run_over_into_words_of_its_own() -> None:
    wishes = ["It is about the cellar and the heating and the rest.", "It is about the cellar."]
    assert fill(PHRASE, "It is about ", ".", wishes).text == "the cellar"


@pytest.mark.parametrize(
    ("wish", "text"),
    [
        (
            "The heating failed. The cellar is damp. It is cold.",
            "The heating failed. The cellar is damp.",
        ),
        ("The heating failed.", "The heating failed."),
        ("The heating failed.\n\nThe cellar is damp.", "The heating failed."),
        ("It costs 240 EUR. Is it damp?", "It costs 240 EUR. Is it damp?"),
    ],
)
def test_sentences_end_after_as_many_as_asked_for_or_with_the_turn(wish: str, text: str) -> None:
    assert fill(SENTENCES, "", "", wish).text == text


@pytest.mark.parametrize(
    ("before", "wish", "text"),
    [
        ("It failed on ", "It failed on the night of on 3 March 2026.", "3 March 2026"),
        ("It failed on ", "It failed on 3 March 2026.", "3 March 2026"),
        ("A repair of ", "A repair of 240 EUR of the damp cellar.", "240 EUR of the damp cellar"),
    ],
)
def test_a_value_does_not_begin_its_phrase_twice(before: str, wish: str, text: str) -> None:
    assert fill(VALUE, before, ".", wish).text == text


@pytest.mark.parametrize(
    ("slot", "after", "wish", "text"),
    [
        (PHRASE, ".", 'It is about "the damp cellar.', '"the damp cellar"'),
        (PHRASE, ".", "It is about “the damp cellar.", "“the damp cellar”"),
        (PHRASE, ".", 'It is about "the damp" cellar.', '"the damp" cellar'),
        (PHRASE, '".', 'It is about "the damp cellar".', '"the damp cellar'),
        (SENTENCES, "", 'She says "it is damp.', 'She says "it is damp."'),
    ],
)
def test_a_quotation_is_closed(slot: Slot, after: str, wish: str, text: str) -> None:
    before = "It is about " if slot is PHRASE else ""
    assert fill(slot, before, after, wish).text == text


def test_no_word_comes_twice_in_a_row() -> None:
    wishes = ["The cellar is damp, damp cellar.", "The cellar is damp, and cold."]
    assert fill(SENTENCES, "", "", wishes).text == wishes[1]


def test_the_probability_of_each_token_of_the_words_is_kept() -> None:
    filled = fill(VALUE, "It failed on ", ".", "It failed on 3 March 2026.")
    assert filled.logprobs and all(one <= 0 for one in filled.logprobs)


def test_an_abbreviation_ends_a_sentence_if_the_model_stops_there() -> None:
    text = "It lacks vitamin C."
    assert fill(SENTENCES, "", "", text, notes=text).text == text


POINTS = "Dr. Haas reckons 9.53 per cent and 7,488.00 EUR. Flat 9 is damp."


@pytest.mark.parametrize(
    ("slot", "before", "after", "wish", "text"),
    [
        (VALUE, "It is ", " a year.", "It is 9.53 per cent a year.", "9.53 per cent"),
        (VALUE, "It is ", ".", "It is 7,488.00 EUR.", "7,488.00 EUR"),
        (VALUE, "It is flat ", ".", "It is flat 9.", "9"),
        (PHRASE, "Ask ", ".", "Ask Dr. Haas.", "Dr. Haas"),
        (
            SENTENCES,
            "",
            "",
            "Ask Dr. Haas. It is 9.53 per cent. More.",
            "Ask Dr. Haas. It is 9.53 per cent.",
        ),
    ],
)
def test_a_point_inside_a_number_or_an_abbreviation_is_no_end(
    slot: Slot, before: str, after: str, wish: str, text: str
) -> None:
    assert fill(slot, before, after, wish, notes=POINTS).text == text


@pytest.mark.parametrize(
    ("slot", "before", "most"), [(NAME, "Dear ", 14), (VALUE, "On ", 26), (PHRASE, "It is ", 34)]
)
@pytest.mark.parametrize("after", [" was here.", ".", ", I", ""])
def test_a_slot_that_never_ends_is_given_up_after_a_bounded_number_of_tokens(
    slot: Slot, before: str, most: int, after: str
) -> None:
    model = Endless([" Teodora", " and", " my", " cellar", " of", " damp"])
    filled = decoder(model).fill(model.encode(b"Go on."), before, slot, after)
    assert filled.text == "" and 0 < filled.tokens <= most


def test_sentences_that_never_end_are_given_up_after_a_bounded_number_of_tokens() -> None:
    model = Endless([" The", " cellar", " of", " my", " damp"])
    filled = decoder(model).fill(model.encode(b"Go on."), "So: ", SENTENCES, "")
    assert filled == Filled("", "empty", 80)


# Copied words


@pytest.mark.parametrize(
    ("slot", "before", "after", "invented", "copied"),
    [
        (NAME, "Dear ", ",", "Dear Bartholomew Quist,", "Teodora Lindqvist"),
        (NAME, "Dear ", ",", "Dear Teodora Quist,", "Teodora Lindqvist"),
        (VALUE, "It failed on ", ".", "It failed on 5 March 2026.", "3 March 2026"),
        (VALUE, "It failed on ", ".", "It failed on 3 April 2026.", "3 March 2026"),
        (VALUE, "It costs ", ".", "It costs 999 EUR.", "240 EUR"),
        (PHRASE, "It is in ", ".", "It is in Quellbornweg.", "the cellar"),
        (PHRASE, "It has ", ".", "It has twenty holes.", "the damp"),
    ],
)
def test_an_invented_name_or_number_is_not_written(
    slot: Slot, before: str, after: str, invented: str, copied: str
) -> None:
    filled = fill(slot, before, after, [invented, f"{before}{copied}{after}"])
    assert filled.text == copied
    alone = fill(slot, before, after, invented)
    assert invented.removeprefix(before).rstrip(after) != alone.text
    assert not {"Bartholomew", "Quist", "5", "April", "999", "Quellbornweg", "twenty"} & set(
        alone.text.split()
    )


def test_a_word_that_nothing_can_follow_is_taken_back() -> None:
    own = Slot("my name", "name")
    assert fill(own, "", "", ["My dear", "Teodora Lindqvist"]).text == "Teodora Lindqvist"


def test_with_nothing_to_copy_a_name_stays_empty() -> None:
    assert fill(NAME, "Dear ", ",", "Dear Bartholomew,", notes="the cellar is damp").text == ""


@pytest.mark.parametrize("mark", ["[", "]", "{", "<", "_", "*", "#", "`", "|", "\n"])
def test_no_mark_of_a_blank_or_of_markup_is_written(mark: str) -> None:
    wishes = [
        f"It is about {mark}cellar.",
        f"It is about the {mark}cellar.",
        "It is about heating.",
    ]
    filled = fill(PHRASE, "It is about ", ".", wishes)
    assert mark not in filled.text


def test_a_sentence_that_the_following_words_do_not_go_on_from_is_left_out() -> None:
    filled = fill(PHRASE, "I saw ", " was broken by the wind.", "I saw the cellar. Then I left.")
    assert (filled.text, filled.reason) == ("", "joint")


def test_a_full_stop_is_not_written_twice() -> None:
    assert fill(SENTENCES, "I add: ", ".", "I add: The cellar is damp.").text == (
        "The cellar is damp"
    )


def test_the_same_slot_is_filled_alike_every_time() -> None:
    wishes = ["It is about the cellar.", "It is about the heating."]
    assert len({fill(PHRASE, "It is about ", ".", wishes) for _ in range(3)}) == 1


class Bytes(Wishes):
    """The same model over single bytes, so that one letter is several tokens."""

    def __init__(self, wish: str) -> None:
        super().__init__({})
        self._wish = wish.encode()
        self.vocabulary_size = 257
        self.end, self.end_tokens = 256, frozenset({256})

    def encode(self, text: bytes) -> list[int]:
        return list(text)

    def decode(self, ids: Sequence[int]) -> bytes:
        return bytes(one for one in ids if one < 256)

    def logits(self, ids: Sequence[int]) -> NDArray[np.float32]:
        logits = np.full(257, -30.0, np.float32)
        answer = self.decode(ids).rpartition(b"assistant\n")[2]
        following = self._wish[len(answer) :][:1]
        logits[following[0] if following and self._wish.startswith(answer) else 256] = 0.0
        return logits


def test_a_letter_of_several_tokens_is_written() -> None:
    notes = "Мой хозяин Фёдор."
    model = Bytes("Фёдор,\n\nI")
    prompt = model.encode_chat([PrivateMessage("user", PrivateText(notes))])
    assert decoder(model, notes).fill(prompt, "", NAME, ",\n\nI").text == "Фёдор"


@pytest.mark.parametrize(
    ("text", "named"),
    [("Mrs", False), ("Mrs.", False), ("Mrs Ilieva", True), ("Mrs Ilieva and", False)],
)
def test_a_title_alone_is_no_name(text: str, named: bool) -> None:
    rules = CopyRules(["I thank Mrs Ilieva and Mrs Popova."])
    assert names_somebody(text, NAME, rules) is named


def test_a_slot_begins_with_no_mark_of_a_list() -> None:
    wishes = ["- The heating has failed. I", "The cellar is damp. I"]
    assert fill(SENTENCES, "", " I", wishes).text.startswith("The cellar")


def test_of_several_sentences_one_with_a_wrong_number_goes() -> None:
    notes = NOTES + " It costs two million six hundred thousand crowns."
    wish = "It costs two million crowns. The cellar is damp. I"
    assert fill(SENTENCES, "", " I", wish, notes).text == "The cellar is damp."
    alone = fill(SENTENCES, "", " I", "It costs two million crowns. I", notes)
    assert (alone.text, alone.reason) == ("", "value")


@pytest.mark.parametrize(
    ("description", "before", "wish", "text"),
    [
        ("telephone number", "You can reach me at ", "240", ""),
        ("my phone number", "You can reach me at ", "0117 496 0213", "0117 496 0213"),
        ("e-mail address", "Write to ", "Teodora Lindqvist", ""),
        ("e-mail address", "Write to ", "teo@example.org", "teo@example.org"),
        ("address of the flat", "I live at ", "St. Hedwig Street", "St. Hedwig Street"),
        ("date of the phone call", "You called on ", "3 March 2026", "3 March 2026"),
    ],
)
def test_a_value_is_of_the_type_that_its_slot_names(
    description: str, before: str, wish: str, text: str
) -> None:
    slot = Slot(description, "value")
    notes = f"{NOTES} Telephone 0117 496 0213, mail teo@example.org"
    assert fill(slot, before, ".", f"{before}{wish}.", notes).text == text


def test_no_slot_ends_with_a_title() -> None:
    notes = f"{NOTES} I thank Mrs. Popova."
    assert fill(PHRASE, "I thank ", ".", "I thank Mrs. Popova.", notes).text == "Mrs. Popova"
    for wish in ("I thank Mrs. Ilieva.", "I thank Mrs.."), ("I thank Mrs.\n",):
        assert fill(PHRASE, "I thank ", ".", wish, notes).text == ""


def test_a_value_may_end_with_an_abbreviation() -> None:
    notes = f"{NOTES} I live at 240 Main St."
    slot = Slot("address of the flat", "value")
    assert fill(slot, "I live at ", ".", "I live at 240 Main St.", notes).text == "240 Main St"
