"""The border's matrix: every call style, composition, side channel and failure of a model.

A cell is one call style in one composition with one open channel and at most one failing model, by
sketch-fill, by open fused decoding of a public letter, or by masked fused decoding of the private
document. Its control is the same cell with a plain cloud model, and must leak.

Each pair of call style, case, channel and condition is in the matrix; all combinations are with
``--hypothesis-profile=thorough``.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, nullcontext
from itertools import combinations, product
from typing import Literal

import pytest
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.runnables import RunnableConfig
from langchain_openai import ChatOpenAI
from support.thorough import THOROUGH, styles_in_turn
from wire.channels import CHANNELS, Channel, loaded_env_file
from wire.compositions import COMPOSITIONS, FUSED_COMPOSITIONS, AnyRunnable, Composition
from wire.harness import CONDITIONS, Condition, Harness, running_harness
from wire.tracing import close_clients

from cogenesis_langchain import ChatCoGenesis, MemoryLedger
from cogenesis_langchain.errors import CoGenesisError, ConfigurationError, LocalModelError
from cogenesis_langchain.testing import CALL_STYLES, Canaries, make_canaries
from cogenesis_langchain.testing.search import find_leaks

# The plain models of the controls leave connections open in the event loops they ran in.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
    ),
]


@pytest.fixture(scope="module")
def harness() -> Iterator[Harness]:
    with running_harness() as made:
        yield made
        close_clients()
        REUSED.clear()
    gc.collect()


Outcome = tuple[Canaries, Exception | None]
Kind = Literal["plain", "sketch", "fused", "masked"]
REUSED: dict[tuple[Composition, Kind], AnyRunnable] = {}
CASES: Mapping[str, tuple[Kind, Composition]] = {
    **{name: ("sketch", one) for name, one in COMPOSITIONS.items()},
    **{f"fused, {name}": ("fused", one) for name, one in FUSED_COMPOSITIONS.items()},
    **{f"masked, {name}": ("masked", one) for name, one in FUSED_COMPOSITIONS.items()},
}


def plain(harness: Harness, channel: Channel) -> ChatOpenAI:
    url = harness.cloud.base_url if channel.addressed else None
    settings = {"max_retries": 0} | channel.cloud(harness)
    return ChatOpenAI(model="cloud", base_url=url, **settings)


def protected(harness: Harness, channel: Channel) -> ChatCoGenesis:
    url = harness.local.base_url if channel.addressed else None
    local = ChatOpenAI(model="local", base_url=url, max_retries=0)
    return ChatCoGenesis(
        cloud=plain(harness, channel),
        local=local,
        ledger=MemoryLedger(),
        max_retries=1,
    )


def fused(harness: Harness, channel: Channel) -> ChatCoGenesis:
    """Open fused decoding of a public letter."""
    return ChatCoGenesis(
        cloud=plain(harness, channel),
        local=harness.in_process,
        mode="fused",
        disclosure="open",
        ledger=MemoryLedger(),
        max_retries=1,
        max_tokens=6,
    )


def masked(harness: Harness, channel: Channel) -> ChatCoGenesis:
    """Masked fused decoding of the private document."""
    return ChatCoGenesis(
        cloud=plain(harness, channel),
        local=harness.quoting,
        mode="fused",
        ledger=MemoryLedger(),
        max_retries=1,
        max_tokens=70,  # through the name; each byte is a token
        temperature=0,
    )


MODELS: Mapping[Kind, Callable[[Harness, Channel], BaseChatModel]] = {
    "plain": plain,
    "sketch": protected,
    "fused": fused,
    "masked": masked,
}


def make(harness: Harness, channel: Channel, composition: Composition, kind: Kind) -> AnyRunnable:
    key = (composition, kind)
    if channel.reusable and key in REUSED:
        return REUSED[key]
    model = MODELS[kind](harness, channel)
    made = composition.build(channel.wrap(model, harness), harness)
    if channel.reusable:
        REUSED[key] = made
    return made


def run(
    harness: Harness,
    channel: Channel,
    composition: Composition,
    kind: Kind,
    styles: Sequence[str],
) -> dict[str, Outcome]:
    """Call in some styles. Each has its own canaries, so the tracer is flushed only once."""
    outcomes: dict[str, Outcome] = {}
    with ExitStack() as stack:
        config: RunnableConfig | None = None
        if channel.early:
            config = stack.enter_context(channel.open(harness))
            stack.enter_context(loaded_env_file() if kind == "plain" else nullcontext())
        made: list[AnyRunnable] = []
        refusal = harness.capture_errors(
            lambda: made.append(make(harness, channel, composition, kind))
        )
        if not channel.early:
            config = stack.enter_context(channel.open(harness))
        for name in styles:
            harness.canaries = make_canaries()
            error = refusal or harness.capture_errors(
                CALL_STYLES[name], *made, composition.given(harness), config
            )
            outcomes[name] = (harness.canaries, error)
    return outcomes


def rows_of_the_matrix() -> Iterator[tuple[str, Condition, str, Sequence[str]]]:
    """Every channel with every case, under one condition and in a few call styles in turn."""
    for row, channel in enumerate(CHANNELS):
        for column, case in enumerate(CASES):
            turn = (row + column) % len(CONDITIONS)
            for condition in CONDITIONS if THOROUGH else CONDITIONS[turn : turn + 1]:
                yield channel, condition, case, styles_in_turn(row + column // len(CONDITIONS))


ROWS = list(rows_of_the_matrix())


def test_each_pair_of_channel_condition_case_and_call_style_is_in_the_matrix() -> None:
    cells = [(*row[:3], style) for row in ROWS for style in row[3]]
    values: Sequence[Sequence[str]] = (list(CHANNELS), CONDITIONS, list(CASES), list(CALL_STYLES))
    for (first, some), (second, others) in combinations(enumerate(values), 2):
        assert {(cell[first], cell[second]) for cell in cells} == set(product(some, others))


def test_each_leak_that_a_channel_can_have_is_seen_in_a_control() -> None:
    seen = {
        (channel, style)
        for channel, condition, case, styles in ROWS
        for style in styles
        if condition in CHANNELS[channel].leaks_when
    }
    able = {
        (name, style)
        for name, channel in CHANNELS.items()
        for style in channel.leaks_by
        if channel.leaks_when
    }
    assert able <= seen


@pytest.mark.parametrize(("channel", "condition", "case", "styles"), ROWS)
def test_no_private_value_leaves(
    harness: Harness,
    channel: str,
    condition: Condition,
    case: str,
    styles: Sequence[str],
    cells: list[int],
) -> None:
    opened = CHANNELS[channel]
    kind, composition = CASES[case]
    harness.reset(condition)
    outcomes = run(harness, opened, composition, kind, styles)
    secrets = [value for canaries, _ in outcomes.values() for value in canaries.values]
    assert not find_leaks(harness.outbound, [*secrets, *harness.owner.values])
    errors = {name: error for name, (_, error) in outcomes.items() if error is not None}
    assert all(isinstance(error, CoGenesisError) for error in errors.values()), errors
    if opened.refused or (opened.refused_for_client and kind == "sketch"):
        assert all(isinstance(error, ConfigurationError) for error in errors.values()), errors
        assert errors.keys() == set(styles)
        assert not harness.cloud.requests and not harness.told_local
    else:
        assert harness.cloud.requests or opened.refused_for_client, errors
        assert_reached(harness.told_local, outcomes)
        failed = set(styles) if condition == "failing local" else set()
        assert errors.keys() == failed, errors
        assert all(isinstance(error, LocalModelError) for error in errors.values()), errors

    # The control leaks.
    harness.reset("failing cloud" if condition == "failing local" else condition)
    outcomes = run(harness, opened, composition, "plain", styles)
    assert_reached(harness.outbound, outcomes)
    if condition in opened.leaks_when:
        leaking = {name: outcome for name, outcome in outcomes.items() if name in opened.leaks_by}
        assert_reached(harness.side_channels, leaking)
    cells.append(len(outcomes))


def assert_reached(received: bytes, outcomes: dict[str, Outcome]) -> None:
    missing = [
        name for name, (canaries, _) in outcomes.items() if canaries.word.encode() not in received
    ]
    assert not missing, missing
