"""The proof kit: test that no private text leaves your own chain.

`EgressRecorder` is an HTTP server that stands for the cloud and keeps every byte it receives.
`assert_non_interference` and `assert_no_private_value` check the recorded requests.

Example:
    >>> from langchain_openai import ChatOpenAI
    >>> from cogenesis_langchain import ChatCoGenesis, MemoryLedger
    >>> from cogenesis_langchain.testing import (
    ...     EgressRecorder, FakeLocal, FixedContext,
    ...     assert_no_private_value, assert_non_interference,
    ... )
    >>> notes = ["My name is Ada Quovex, I owe 4,311.20 EUR.", "My dentist is Dr. Thobra Zimlor."]
    >>> def write(note):
    ...     model = ChatCoGenesis(
    ...         cloud=ChatOpenAI(model="cloud", base_url=recorder.base_url, api_key="key"),
    ...         local=FakeLocal(),
    ...         retriever=FixedContext(texts=[note]),
    ...         ledger=MemoryLedger(),
    ...     )
    ...     return model.invoke("Write a short letter to my dentist.")
    >>> with EgressRecorder() as recorder:
    ...     assert_non_interference(write, notes, recorder=recorder)
    ...     assert_no_private_value(recorder, notes)
    >>> len(recorder.requests)
    1

With ``pytest_plugins = ["cogenesis_langchain.testing.plugin"]`` in a ``conftest.py``, the fixture
``egress`` is a running recorder.
"""

from __future__ import annotations

from cogenesis_langchain.testing import behaviours
from cogenesis_langchain.testing.call_styles import CALL_STYLES
from cogenesis_langchain.testing.canaries import Canaries, make_canaries
from cogenesis_langchain.testing.exchange import ReceivedRequest
from cogenesis_langchain.testing.fakes import FakeLocal, FixedContext
from cogenesis_langchain.testing.leak_finder import (
    AgentLeak,
    assert_agent_keeps_private,
    find_agent_leaks,
)
from cogenesis_langchain.testing.proofs import assert_no_private_value, assert_non_interference
from cogenesis_langchain.testing.recorder import EgressRecorder

__all__ = [
    "CALL_STYLES",
    "AgentLeak",
    "Canaries",
    "EgressRecorder",
    "FakeLocal",
    "FixedContext",
    "ReceivedRequest",
    "assert_agent_keeps_private",
    "assert_no_private_value",
    "assert_non_interference",
    "behaviours",
    "find_agent_leaks",
    "make_canaries",
]
