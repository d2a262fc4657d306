"""The border's matrix: every call style, composition, side channel and failure of a model.

A cell is one call style in one composition with one open channel and at most one failing model. Its
control is the same cell with a plain cloud model, and must leak.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import ExitStack, nullcontext

import pytest
from langchain_core.runnables import RunnableConfig
from langchain_openai import ChatOpenAI
from wire.channels import CHANNELS, Channel, loaded_env_file
from wire.compositions import COMPOSITIONS, AnyRunnable, Composition
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
REUSED: dict[tuple[Composition, bool], AnyRunnable] = {}


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


def make(
    harness: Harness, channel: Channel, composition: Composition, *, guarded: bool
) -> AnyRunnable:
    key = (composition, guarded)
    if channel.reusable and key in REUSED:
        return REUSED[key]
    model = protected(harness, channel) if guarded else plain(harness, channel)
    made = composition.build(channel.wrap(model, harness), harness)
    if channel.reusable:
        REUSED[key] = made
    return made


def run(
    harness: Harness, channel: Channel, composition: Composition, *, guarded: bool
) -> dict[str, Outcome]:
    """Call in every style. Each has its own canaries, so the tracer is flushed only once."""
    outcomes: dict[str, Outcome] = {}
    with ExitStack() as stack:
        config: RunnableConfig | None = None
        if channel.early:
            config = stack.enter_context(channel.open(harness))
            stack.enter_context(nullcontext() if guarded else loaded_env_file())
        made: list[AnyRunnable] = []
        refusal = harness.capture_errors(
            lambda: made.append(make(harness, channel, composition, guarded=guarded))
        )
        if not channel.early:
            config = stack.enter_context(channel.open(harness))
        for name, call in CALL_STYLES.items():
            harness.canaries = make_canaries()
            error = refusal or harness.capture_errors(
                call, *made, composition.given(harness), config
            )
            outcomes[name] = (harness.canaries, error)
    return outcomes


@pytest.mark.parametrize("composition", COMPOSITIONS)
@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("channel", CHANNELS)
def test_no_private_value_leaves(
    harness: Harness, channel: str, condition: Condition, composition: str, cells: list[int]
) -> None:
    opened = CHANNELS[channel]
    harness.reset(condition)
    outcomes = run(harness, opened, COMPOSITIONS[composition], guarded=True)
    secrets = [value for canaries, _ in outcomes.values() for value in canaries.values]
    assert not find_leaks(harness.outbound, [*secrets, *harness.owner.values])
    errors = {name: error for name, (_, error) in outcomes.items() if error is not None}
    assert all(isinstance(error, CoGenesisError) for error in errors.values()), errors
    if opened.refused:
        assert all(isinstance(error, ConfigurationError) for error in errors.values()), errors
        assert errors.keys() == CALL_STYLES.keys()
        assert not harness.cloud.requests and not harness.local.requests
    else:
        assert harness.cloud.requests, errors
        assert_reached(harness.local.received, outcomes)
        failed = CALL_STYLES.keys() if condition == "failing local" else set()
        assert errors.keys() == failed, errors
        assert all(isinstance(error, LocalModelError) for error in errors.values()), errors

    # The control leaks.
    harness.reset("failing cloud" if condition == "failing local" else condition)
    outcomes = run(harness, opened, COMPOSITIONS[composition], guarded=False)
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
