"""The request for a template is a function of the instruction, whatever becomes of the template."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress

import pytest
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI
from support.completing import LETTER, NOTES, WISHES
from support.scripted import ScriptedTokens
from support.thorough import styles_in_turn
from support.token_models import Wishes
from wire.harness import INSTRUCTION, Harness, running_harness

from cogenesis_langchain import ChatCoGenesis, MemoryLedger, public
from cogenesis_langchain.errors import LocalModelError
from cogenesis_langchain.models.base import (
    GenerationOptions,
    LocalChunk,
    LocalTextModel,
    PrivateMessage,
)
from cogenesis_langchain.privacy.border import Border, Release
from cogenesis_langchain.privacy.matching.value_set import ValueSet
from cogenesis_langchain.privacy.text import BORDER_SEAL, PrivateText, PublicText
from cogenesis_langchain.testing import (
    CALL_STYLES,
    Canaries,
    FakeLocal,
    assert_no_private_value,
    assert_non_interference,
    behaviours,
    make_canaries,
)
from cogenesis_langchain.testing.behaviours import Behaviour

FORM = json.dumps({"1": "Anna", "2": "It broke.", "3": "the heating", "4": "May", "5": "Otto"})


class NoNotes(Canaries):
    """A private context with nothing in it."""

    @property
    def document(self) -> str:
        return " "


class InPlace(ScriptedTokens):
    """A local model that completes templates in place."""

    def __init__(self) -> None:
        super().__init__(Wishes(WISHES, [NOTES, LETTER]))


class Failing(Wishes):
    def encode_chat(self, messages: Sequence[PrivateMessage]) -> list[int]:
        if "what happened" in messages[-1].text.reveal():
            raise LocalModelError("it failed", remedy="none")
        return super().encode_chat(messages)


class FailingTokens(ScriptedTokens):
    """A local model that fails within a template."""

    def __init__(self) -> None:
        super().__init__(Failing(WISHES, [NOTES, LETTER]))


class FailingForm(FakeLocal):
    """A local model that fails at once."""

    def stream(
        self, messages: Sequence[PrivateMessage], options: GenerationOptions
    ) -> Iterator[LocalChunk]:
        raise LocalModelError("it failed", remedy="none")


LOCALS: dict[str, LocalTextModel] = {
    "by a form": FakeLocal(FORM),
    "no form": FakeLocal("I will not."),
    "in place": InPlace(),
    "failing form": FailingForm(),
    "failing in place": FailingTokens(),
}
TEMPLATE = behaviours.chat(LETTER)
MALFORMED = behaviours.chat(LETTER.replace("[my name]", "[my [first] name]"))
ANSWERS: dict[str, tuple[list[Behaviour], int]] = {
    "template": ([TEMPLATE], 1),
    "malformed, then template": ([MALFORMED, TEMPLATE], 2),
    "malformed": ([MALFORMED], 4),
}


@pytest.fixture(scope="module")
def harness() -> Iterator[Harness]:
    with running_harness() as made:
        yield made


def contexts() -> list[Canaries]:
    """Two private contexts that differ in every value, and an empty one."""
    first, second, third = (make_canaries(seed) for seed in (5, 6, 7))
    return [first, second, NoNotes(*third.values)]


def model(harness: Harness, local: str) -> ChatCoGenesis:
    return ChatCoGenesis(
        cloud=ChatOpenAI(model="cloud", base_url=harness.cloud.base_url),
        local=LOCALS[local],
        ledger=MemoryLedger(),
        max_retries=1,
    )


CELLS = [
    pytest.param(local, answer, styles_in_turn(row + column), id=f"{local}, {answer}")
    for row, local in enumerate(LOCALS)
    for column, answer in enumerate(ANSWERS)
]


@pytest.mark.slow
@pytest.mark.parametrize(("local", "answer", "styles"), CELLS)
def test_the_same_bytes_leave_whatever_the_notes_and_the_local_model(
    harness: Harness, local: str, answer: str, styles: Sequence[str]
) -> None:
    harness.reset("healthy")
    behaviour, requests = ANSWERS[answer]
    guarded = model(harness, local)
    every: set[tuple[bytes, ...]] = set()
    failed: list[bool] = []
    for style in styles:

        def run(context: Canaries, style: str = style) -> None:
            harness.cloud.play(*behaviour)
            failed.append(True)
            with suppress(LocalModelError):
                messages = [SystemMessage(context.document), HumanMessage(INSTRUCTION)]
                CALL_STYLES[style](guarded, messages, None)
                failed.pop()

        assert_non_interference(run, contexts(), recorder=harness.cloud)
        every.add(tuple(request.head + request.body for request in harness.cloud.requests))
    assert len(every) == 1 and len(harness.cloud.requests) == requests
    usable = answer != "malformed"
    assert bool(failed) == (local == "failing form" or (local == "failing in place" and usable))
    documents = [context.document for context in contexts()]
    values = [value for context in contexts() for value in context.values]
    assert_no_private_value(harness.cloud, documents, values=values)


def release_everything(
    self: Border, candidate: PrivateText, values: ValueSet, placeholders: object
) -> Release:
    return Release(PublicText(candidate.reveal(), seal=BORDER_SEAL), "clean", {})


@pytest.mark.slow
@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("local", LOCALS)
def test_control_without_the_border_the_notes_are_seen_to_leak(
    harness: Harness, local: str, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Border, "release", release_everything)
    harness.reset("healthy")
    unguarded = model(harness, local)

    def run(context: Canaries) -> None:
        harness.cloud.play(*ANSWERS[answer][0])
        with suppress(LocalModelError):
            unguarded.invoke([HumanMessage([public(f"{INSTRUCTION} {context.document}")])])

    first, second, empty = contexts()
    for pair in ((first, second), (first, empty)):
        with pytest.raises(AssertionError, match="gave other requests"):
            assert_non_interference(run, pair, recorder=harness.cloud)
    run(second)
    with pytest.raises(AssertionError, match="private values"):
        assert_no_private_value(harness.cloud, [second.document], values=second.values)
