"""A slot is kept if private text makes its words more probable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from support.completing import GREEDY, LETTER, NOTES, WISHES, complete, task, wishing
from support.token_models import Wishes, WordTokens


def test_a_slot_that_is_as_probable_without_the_notes_is_left_out() -> None:
    model = wishing(facts="As I said, it is all as it should be. Nothing more is known.")
    kept = complete(model, task(LETTER))
    assert "as it should be" in kept.text
    informed_alike = complete(model, task(LETTER), uninformed=model)
    assert "as it should be" not in informed_alike.text
    assert "Teodora Lindqvist" in informed_alike.text, "what is copied needs no support"
    assert informed_alike.completion.left_out == ("[Two sentences: what happened]",)


class KnowsNoDate(Wishes):
    """As sure as with the notes of what follows the date, and unsure of all before it."""

    def logits(self, ids: Sequence[int]) -> NDArray[np.float32]:
        told = self.decode(ids).decode().rpartition("assistant")[2]
        return super().logits(ids) if "2026." in told else WordTokens.logits(self, ids)


def test_of_several_sentences_each_needs_support() -> None:
    wishes = WISHES | {"what happened": "The heating failed on 3 March 2026. All is as always."}
    model, uninformed = Wishes(wishes, [NOTES, LETTER]), KnowsNoDate(wishes, [NOTES, LETTER])
    assert "as always" in complete(model, task(LETTER)).text
    done = complete(model, task(LETTER), uninformed=uninformed)
    assert "The heating failed on 3 March 2026.\n" in done.text and "as always" not in done.text


def test_a_value_without_a_number_or_a_name_needs_support() -> None:
    model = wishing(date="Please have it repaired by some day. This would")
    assert "some day" in complete(model, task(LETTER)).text
    alike = complete(model, task(LETTER), uninformed=model)
    assert "some day" not in alike.text and "Please have it" not in alike.text


def test_without_notes_the_model_is_shown_neither_notes_nor_details() -> None:
    model, uninformed = wishing(), wishing()
    complete(model, task(LETTER, details="Mention the damp cellar."), uninformed=uninformed)
    shown = "\n".join(uninformed.prompts)
    assert "what happened" in shown and "about the heating" in shown
    assert "damp cellar" not in shown and "plumber" not in shown.partition("Go on.")[0]
    control = "\n".join(model.prompts)
    assert "damp cellar" in control and "plumber" in control.partition("Go on.")[0]


def test_the_text_ends_with_the_sentence_that_holds_a_stop_string() -> None:
    stopped = complete(wishing(), task(LETTER), replace(GREEDY, stop=("plumber",)))
    assert stopped.text.endswith("The plumber found a crack.")
    assert stopped.completion.finish_reason == "stop"
