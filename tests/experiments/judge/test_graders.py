from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from evaluation_samples import attempt, record
from langchain_core.language_models.chat_models import SimpleChatModel
from langchain_core.messages import BaseMessage
from langchain_openai import ChatOpenAI
from opinionated import Opinionated
from pydantic import SecretStr

from cogenesis_langchain.errors import EvaluationError, LocalModelError, UntrustedLocalModel
from cogenesis_langchain.evaluation.journal import Journal
from cogenesis_langchain.evaluation.judge import ASPECTS, Judge, rate_attempts
from cogenesis_langchain.evaluation.results import Rating
from cogenesis_langchain.testing import EgressRecorder
from cogenesis_langchain.testing.behaviours import chat, echo

PRIVATE = ("Carpatrans", "Zaragoza", "Lavinia", "Arrived at nine")


class ChatJudge(SimpleChatModel):
    """A LangChain chat model that rates by its seed."""

    seed: int = 0

    @property
    def _llm_type(self) -> str:
        return "chat judge"

    def _call(self, messages: list[BaseMessage], *_: Any, **__: Any) -> str:
        return f"Fair. [[{self.seed}]]" if self.seed < 11 else "Fair. [[9]]"


def ratings_at(folder: Path) -> Journal[Rating]:
    return Journal(folder / "ratings.jsonl", Rating)


def test_every_text_is_rated_on_every_aspect_with_every_seed(tmp_path: Path) -> None:
    model = Opinionated(lambda question, _: "[[8]]" if "€38" in question else "Poor. [[3]]")
    journal = ratings_at(tmp_path)
    attempts = [attempt("It is €38."), attempt("Hello.", setting="t")]
    rate_attempts([record()], attempts, Judge(model), journal, seeds=(1, 2))
    lines = journal.lines()
    assert len({line.key for line in lines}) == len(lines) == 2 * len(ASPECTS) * 2
    assert {line.value for line in lines if line.setting == "s"} == {8.0}
    assert {line.value for line in lines if line.setting == "t"} == {3.0}
    assert {line.asked for line in lines} == {1}
    assert set(model.seeds) == {1, 2}


def test_what_the_judge_is_shown_depends_on_the_aspect() -> None:
    model = Opinionated(lambda *_: "[[5]]")
    for aspect in ASPECTS:
        Judge(model).rate(record(), "THE TEXT", aspect, 0)
    with_context, personal, without = model.questions
    for question in model.questions:
        assert "THE TEXT" in question
        assert "[[N]]" in question
        assert "missing night allowances" in question
        assert "remain on the road" not in question  # the reference
    assert all(secret in with_context and secret in personal for secret in PRIVATE)
    assert not any(secret in without for secret in PRIVATE)
    assert len(set(model.questions)) == 3


def test_a_judge_that_answers_prose_is_asked_again_with_other_seeds_then_noted(
    tmp_path: Path,
) -> None:
    model = Opinionated(lambda *_: "I would call it decent, a seven perhaps.")
    journal = ratings_at(tmp_path)
    judge = Judge(model, tries=3)
    rate_attempts([record()], [attempt("Hello.")], judge, journal, aspects=ASPECTS[:1])
    assert [(line.value, line.asked) for line in journal.lines()] == [(None, 3)]
    assert len(set(model.seeds)) == 3
    rate_attempts([record()], [attempt("Hello.")], judge, journal, aspects=ASPECTS[:1])
    assert len(model.questions) == 3  # noted is noted


def test_the_first_rating_that_can_be_read_counts_and_so_do_the_tries() -> None:
    model = Opinionated(lambda _, count: "[[12]]" if count < 3 else "[[6]]")
    assert Judge(model).rate(record(), "Hello.", ASPECTS[0], 0) == (6.0, 3)


def test_a_failed_attempt_is_not_rated(tmp_path: Path) -> None:
    model = Opinionated(lambda *_: "[[5]]")
    journal = ratings_at(tmp_path)
    rate_attempts([record()], [attempt(failure="CloudTimeout: x")], Judge(model), journal)
    assert journal.lines() == [] and model.questions == []


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_judge_that_dies_half_way_loses_nothing(tmp_path: Path, concurrency: int) -> None:
    def failing(question: str, count: int) -> str:
        if count > 5:
            raise LocalModelError("the model broke off", remedy="start it again")
        return "[[7]]"

    attempts = [attempt(f"Text {seed}.", seed=seed) for seed in range(4)]
    with pytest.raises(EvaluationError, match="the judge failed: the model broke off") as caught:
        rate_attempts(
            [record()], attempts, Judge(Opinionated(failing)), ratings_at(tmp_path),
            concurrency=concurrency,
        )  # fmt: skip
    assert "start again" in caught.value.remedy
    assert len(ratings_at(tmp_path).lines()) == 5
    well = Opinionated(lambda *_: "[[7]]")
    rate_attempts([record()], attempts, Judge(well), ratings_at(tmp_path), concurrency=concurrency)
    assert len(well.questions) == 12 - 5
    whole = ratings_at(tmp_path / "whole")
    rate_attempts([record()], attempts, Judge(well), whole)
    assert sorted(ratings_at(tmp_path).lines(), key=lambda line: line.key) == sorted(
        whole.lines(), key=lambda line: line.key
    )


def test_any_chat_model_can_judge_and_is_given_the_seed(tmp_path: Path) -> None:
    journal = ratings_at(tmp_path)
    rate_attempts(
        [record()], [attempt("Hello.")], Judge(ChatJudge()), journal,
        aspects=ASPECTS[:1], seeds=(4, 0),
    )  # fmt: skip
    # Seed 0 gives [[0]], which is no rating, and is asked for with another seed.
    assert {line.judge_seed: (line.value, line.asked) for line in journal.lines()} == {
        4: (4.0, 1),
        0: (9.0, 2),
    }


def assert_tells_nothing(error: BaseException | None) -> None:
    while error is not None:
        assert "Carpatrans" not in f"{error!r} {getattr(error, '__notes__', '')}"
        error = error.__cause__ or error.__context__


def endpoint(recorder: EgressRecorder) -> ChatOpenAI:
    return ChatOpenAI(
        model="m",
        base_url=recorder.base_url,
        api_key=SecretStr("k"),
        temperature=0.5,
        max_retries=0,
    )


def test_the_seeds_reach_an_endpoint() -> None:
    with EgressRecorder(chat("Decent."), chat("[[6]]")) as recorder:
        assert Judge(endpoint(recorder)).rate(record(), "Hello.", ASPECTS[0], 3) == (6.0, 2)
        bodies = [json.loads(request.content) for request in recorder.requests]
    assert bodies[0]["seed"] == 3 != bodies[1]["seed"]
    assert {body["temperature"] for body in bodies} == {0.5}
    assert bodies[0]["messages"] == bodies[1]["messages"]


def test_an_endpoint_that_dies_half_way_is_told_of_without_what_it_was_sent(tmp_path: Path) -> None:
    with EgressRecorder(chat("[[6]]"), echo(500)) as recorder:
        judge = Judge(endpoint(recorder))
        with pytest.raises(EvaluationError, match="the judge failed") as caught:
            rate_attempts([record()], [attempt("Hello.")], judge, ratings_at(tmp_path))
        assert len(recorder.requests) == 2  # no other question is put
        assert b"Carpatrans" in recorder.requests[1].content
    assert_tells_nothing(caught.value)
    assert [line.value for line in ratings_at(tmp_path).lines()] == [6.0]


def test_a_judge_beyond_the_trust_boundary_is_refused() -> None:
    def chat(host: str) -> ChatOpenAI:
        return ChatOpenAI(model="m", base_url=f"https://{host}/v1", api_key=SecretStr("k"))

    with pytest.raises(UntrustedLocalModel, match="private text"):
        Judge(chat("api.example.com"))
    assert Judge(chat("api.example.com"), trusted_hosts=["api.example.com"])
    assert Judge(chat("127.0.0.1"))


def test_a_judge_that_moves_beyond_the_boundary_is_asked_nothing() -> None:
    model = Opinionated(lambda *_: "[[5]]")
    judge = Judge(model)
    model.base_url = "https://api.example.com/v1"  # type: ignore[attr-defined]
    with pytest.raises(UntrustedLocalModel):
        judge.rate(record(), "Hello.", ASPECTS[2], 0)
    assert model.questions == []


def test_no_private_text_is_in_the_error_of_a_judge_that_fails() -> None:
    class Broken(ChatJudge):
        def _call(self, messages: list[BaseMessage], *_: Any, **__: Any) -> str:
            raise RuntimeError(str(messages))

    with pytest.raises(EvaluationError) as caught:
        Judge(Broken()).rate(record(), "Hello.", ASPECTS[0], 0)
    assert_tells_nothing(caught.value)


def test_bad_input_is_refused(tmp_path: Path) -> None:
    judge = Judge(Opinionated(lambda *_: "[[5]]"))
    with pytest.raises(EvaluationError, match="no attempts"):
        rate_attempts([record()], [], judge, ratings_at(tmp_path))
    with pytest.raises(EvaluationError, match="such as r9"):
        rate_attempts([record()], [attempt(record="r9")], judge, ratings_at(tmp_path))
    with pytest.raises(EvaluationError, match="at least once"):
        Judge(Opinionated(lambda *_: ""), tries=0)
