"""The border's matrix: who is told, by every way of calling, through every side channel.

A cell is one way of calling, in one shape, with one channel open and one model failing or none.
Its control is the same cell with a plain cloud model, and must be seen to leak.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import ExitStack, nullcontext

import pytest
from langchain_core.runnables import RunnableConfig
from langchain_openai import ChatOpenAI
from wire.channels import CHANNELS, Channel, loaded_env_file
from wire.shapes import SHAPES, AnyRunnable, Shape
from wire.tracing import close_clients
from wire.world import CONDITIONS, Condition, World, world

from cogenesis_langchain import ChatCoGenesis, MemoryLedger
from cogenesis_langchain.errors import CoGenesisError, ConfigurationError, LocalModelError
from cogenesis_langchain.testing import CALL_STYLES, Canaries, make_canaries
from cogenesis_langchain.testing.search import find_leaks

# The plain models of the controls leave connections open in the event loops they ran in.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture(scope="module")
def around() -> Iterator[World]:
    with world() as made:
        yield made
        close_clients()
        KEPT.clear()
    gc.collect()


Outcome = tuple[Canaries, Exception | None]
KEPT: dict[tuple[Shape, bool], AnyRunnable] = {}


def plain(world: World, channel: Channel) -> ChatOpenAI:
    url = world.cloud.base_url if channel.addressed else None
    settings = {"max_retries": 0} | channel.cloud(world)
    return ChatOpenAI(model="cloud", base_url=url, **settings)


def protected(world: World, channel: Channel) -> ChatCoGenesis:
    url = world.local.base_url if channel.addressed else None
    local = ChatOpenAI(model="local", base_url=url, max_retries=0)
    return ChatCoGenesis(
        cloud=plain(world, channel),
        local=local,
        ledger=MemoryLedger(),
        max_retries=1,
    )


def make(world: World, channel: Channel, shape: Shape, *, guarded: bool) -> AnyRunnable:
    key = (shape, guarded)
    if channel.makes_no_difference_yet and key in KEPT:
        return KEPT[key]
    model = protected(world, channel) if guarded else plain(world, channel)
    made = shape.build(channel.wrap(model, world), world)
    if channel.makes_no_difference_yet:
        KEPT[key] = made
    return made


def run(world: World, channel: Channel, shape: Shape, *, guarded: bool) -> dict[str, Outcome]:
    """Call in every way; each has canaries of its own, so that one flush serves them all."""
    outcomes: dict[str, Outcome] = {}
    with ExitStack() as stack:
        config: RunnableConfig | None = None
        if channel.early:
            config = stack.enter_context(channel.open(world))
            stack.enter_context(nullcontext() if guarded else loaded_env_file())
        made: list[AnyRunnable] = []
        refusal = world.attempt(lambda: made.append(make(world, channel, shape, guarded=guarded)))
        if not channel.early:
            config = stack.enter_context(channel.open(world))
        for name, call in CALL_STYLES.items():
            world.canaries = make_canaries()
            error = refusal or world.attempt(call, *made, shape.given(world), config)
            outcomes[name] = (world.canaries, error)
    return outcomes


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("channel", CHANNELS)
def test_nothing_private_leaves(
    around: World, channel: str, condition: Condition, shape: str, cells: list[int]
) -> None:
    opened = CHANNELS[channel]
    around.begin(condition)
    outcomes = run(around, opened, SHAPES[shape], guarded=True)
    secrets = [value for canaries, _ in outcomes.values() for value in canaries.values]
    assert not find_leaks(around.left, [*secrets, *around.owner.values])
    errors = {name: error for name, (_, error) in outcomes.items() if error is not None}
    assert all(isinstance(error, CoGenesisError) for error in errors.values()), errors
    if opened.refused:
        assert all(isinstance(error, ConfigurationError) for error in errors.values()), errors
        assert errors.keys() == CALL_STYLES.keys()
        assert not around.cloud.requests and not around.local.requests
    else:
        assert around.cloud.requests, errors
        assert_reached(around.local.received, outcomes)
        failed = CALL_STYLES.keys() if condition == "failing local" else set()
        assert errors.keys() == failed, errors
        assert all(isinstance(error, LocalModelError) for error in errors.values()), errors

    # the control
    around.begin("failing cloud" if condition == "failing local" else condition)
    outcomes = run(around, opened, SHAPES[shape], guarded=False)
    assert_reached(around.left, outcomes)
    if condition in opened.told:
        told = {name: outcome for name, outcome in outcomes.items() if name in opened.ways}
        assert_reached(around.told_elsewhere, told)
    cells.append(len(outcomes))


def assert_reached(received: bytes, outcomes: dict[str, Outcome]) -> None:
    missing = [
        name for name, (canaries, _) in outcomes.items() if canaries.word.encode() not in received
    ]
    assert not missing, missing
