from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import isnan
from typing import Any

import pytest
from inspect_ai.model import Model, ModelName, ModelOutput
from inspect_ai.scorer import Score, Scorer, Target
from inspect_ai.solver import TaskState
from pydantic import SecretStr
from support.attempts import record

from cogenesis_langchain.errors import UntrustedLocalModel
from cogenesis_langchain.testing.behaviours import chat
from cogenesis_langchain.testing.exchange import Exchange
from cogenesis_langchain.testing.recorder import EgressRecorder
from experiments.config import JudgeConfig
from experiments.judge import ASPECTS, TRIES, judge_preference, judge_rating, open_judge
from experiments.models import Remote

PRIVATE = ("Carpatrans", "Zaragoza", "Lavinia", "Arrived at nine")
CONFIG = JudgeConfig(model="j")


class OpinionatedJudge:
    """A judge that answers by a function of the question, and remembers what it was asked."""

    def __init__(self, model: Model, recorder: EgressRecorder) -> None:
        self.model = model
        self._recorder = recorder

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(request.content) for request in self._recorder.requests]

    @property
    def questions(self) -> list[str]:
        return ["\n".join(m["content"] for m in body["messages"]) for body in self.bodies]


@contextmanager
def judge(answer: Callable[[str, int], str]) -> Iterator[OpinionatedJudge]:
    counted = iter(range(1, 1000))

    def behave(exchange: Exchange) -> None:
        messages = json.loads(exchange.request.content)["messages"]
        question = "\n".join(message["content"] for message in messages)
        chat(answer(question, next(counted)))(exchange)

    with EgressRecorder(behave) as recorder:
        remote = Remote(recorder.base_url, "j", SecretStr("k"))
        yield OpinionatedJudge(open_judge(CONFIG, remote), recorder)


def state(text: str = "", **metadata: object) -> TaskState:
    told = {"record": record().model_dump(mode="json"), **metadata}
    output = ModelOutput.from_content("written", text)
    return TaskState(ModelName("none/none"), "r1", 1, "", [], output=output, metadata=told)


async def scored(scorer: Scorer, sample: TaskState) -> Score:
    score = await scorer(sample, Target(""))
    assert isinstance(score, Score)
    return score


@pytest.mark.slow
async def test_a_text_is_rated_on_every_aspect_with_every_seed() -> None:
    def answer(question: str, _: int) -> str:
        return "[[8]]" if "Does it draw on" in question else "Poor. [[3]]"

    with judge(answer) as asked:
        scorer = judge_rating(asked.model, tuple(ASPECTS), (1, 2))
        score = await scored(scorer, state("It is €38."))
        assert score.value == {
            "overall with context": 3.0,
            "personalisation": 8.0,
            "overall without context": 3.0,
        }
        ratings = (score.metadata or {})["ratings"]
        assert [(one["aspect"], one["seed"], one["asked"]) for one in ratings] == [
            (aspect, seed, 1) for aspect in ASPECTS for seed in (1, 2)
        ]
        assert [body["seed"] for body in asked.bodies] == [1, 2] * 3
        assert {body["temperature"] for body in asked.bodies} == {0.7}


async def test_what_the_judge_is_shown_depends_on_the_aspect() -> None:
    with judge(lambda *_: "[[5]]") as asked:
        await scored(judge_rating(asked.model, tuple(ASPECTS), (0,)), state("THE TEXT"))
        with_context, personal, without = asked.questions
        for question in asked.questions:
            assert "THE TEXT" in question
            assert "[[N]]" in question
            assert "missing night allowances" in question
            assert "remain on the road" not in question  # the reference
        assert all(secret in with_context and secret in personal for secret in PRIVATE)
        assert not any(secret in without for secret in PRIVATE)
        assert len(set(asked.questions)) == 3


async def test_a_judge_that_answers_prose_is_asked_again_with_other_seeds_then_noted() -> None:
    with judge(lambda *_: "I would call it decent, a seven perhaps.") as asked:
        score = await scored(judge_rating(asked.model, ["personalisation"], (0,)), state("Hello."))
        assert isinstance(score.value, dict)
        assert isnan(float(score.value["personalisation"] or 0))
        assert (score.metadata or {})["ratings"] == [
            {"aspect": "personalisation", "seed": 0, "value": None, "asked": TRIES}
        ]
        assert len({body["seed"] for body in asked.bodies}) == TRIES
        assert len({json.dumps(body["messages"]) for body in asked.bodies}) == 1


async def test_the_first_rating_that_can_be_read_counts_and_so_do_the_tries() -> None:
    with judge(lambda _, count: "[[12]]" if count < 3 else "[[6]]") as asked:
        score = await scored(judge_rating(asked.model, ["personalisation"], (0,)), state("Hello."))
        assert score.value == {"personalisation": 6.0}
        assert (score.metadata or {})["ratings"][0]["asked"] == 3


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (lambda q, _: "[[A]]" if q.index("good ") < q.index("bad ") else "[[B]]", "won"),
        (lambda q, _: "[[B]]" if q.index("good ") < q.index("bad ") else "[[A]]", "lost"),
        (lambda *_: "[[A]]", "contradicted"),
        (lambda *_: "[[tie]]", "tie"),
        (lambda *_: "Hard to say.", "unread"),
        (lambda q, _: "[[tie]]" if q.index("good ") < q.index("bad ") else "[[A]]", "contradicted"),
    ],
)
async def test_two_texts_are_compared_in_both_orders(
    answer: Callable[[str, int], str], outcome: str
) -> None:
    with judge(answer) as asked:
        scorer = judge_preference(asked.model, "overall with context", 0)
        score = await scored(scorer, state(texts=["good text", "bad text"]))
    assert score.answer == outcome
    assert isinstance(score.value, dict)
    assert {name for name, value in score.value.items() if value} == {outcome} - {"tie"}


def test_a_judge_beyond_the_trust_boundary_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    there = Remote("https://api.example.com/v1", "m", SecretStr("k"))
    with pytest.raises(UntrustedLocalModel, match="private text"):
        open_judge(CONFIG, there)
    named = CONFIG.model_copy(update={"trusted_hosts": ("api.example.com",)})
    assert open_judge(named, there)
    here = Remote("http://127.0.0.1:8080/v1", "m", SecretStr("k"))
    assert open_judge(CONFIG, here)
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example.com")
    with pytest.raises(UntrustedLocalModel, match="proxy"):
        open_judge(CONFIG, here)
