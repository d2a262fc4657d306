"""Many users at once: no value of one user in a request, answer or ledger line of another."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI
from pydantic import SecretStr
from support.thorough import THOROUGH

from cogenesis_langchain import ChatCoGenesis, FileLedger
from cogenesis_langchain.models.base import LocalChunk
from cogenesis_langchain.privacy.ledger.chain import read, verify
from cogenesis_langchain.privacy.ledger.entry import LedgerEntry
from cogenesis_langchain.testing import Canaries, EgressRecorder, FakeLocal, make_canaries

pytestmark = pytest.mark.slow

USERS = 64
CALLS = 50 if THOROUGH else 5


class Repeating(FakeLocal):
    """A local model that repeats its whole prompt in one chunk."""

    def _chunks(self, answer: str) -> Iterator[LocalChunk]:
        yield LocalChunk(answer)
        yield LocalChunk("", "stop")


def ask(model: ChatCoGenesis, user: int, call: int) -> tuple[str, Canaries]:
    """Send one user's request, which names a person and a topic of its own."""
    mine = replace(make_canaries(user * CALLS + call), word=f"zimquo{user}x{call}")
    answer = model.invoke(
        [
            SystemMessage(mine.document),
            HumanMessage(f"Write to {mine.name} about topic{user}x{call}y."),
        ]
    )
    return answer.text, mine


def test_64_users_at_once_share_nothing(tmp_path: Path) -> None:
    path = tmp_path / "egress.jsonl"
    with EgressRecorder() as cloud:
        model = ChatCoGenesis(
            cloud=ChatOpenAI(model="cloud", base_url=cloud.base_url, api_key=SecretStr("key")),
            local=Repeating("{prompt}"),
            ledger=FileLedger(path),
        )
        with ThreadPoolExecutor(USERS) as pool:
            jobs = [
                (user, call, pool.submit(ask, model, user, call))
                for call in range(CALLS)
                for user in range(USERS)
            ]
        answers = {(user, call): job.result() for user, call, job in jobs}
        bodies = [request.body for request in cloud.requests]
    words = {mine.word: key for key, (_, mine) in answers.items()}
    names = {mine.name for _, mine in answers.values()}
    for key, (text, mine) in answers.items():
        assert mine.word in text and mine.name in text
        assert {words[word] for word in words.keys() & set(text.replace(".", " ").split())} == {key}
    assert len(bodies) == USERS * CALLS
    sent = b"\n".join(bodies).decode()
    assert not [name for name in names if name in sent]
    assert not [word for word in words if word in sent]
    topics = [f"topic{user}x{call}y" for user, call in answers]
    for topic in topics:
        assert sent.count(f"about {topic}.") == 1
    entries = [line.content for line in read(path) if isinstance(line.content, LedgerEntry)]
    assert sorted(entry.payload for entry in entries) == sorted(bodies)
    assert {entry.verdict for entry in entries} == {"masked"}
    verify(path)
