from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from evaluation_samples import attempt, record
from langchain_core.language_models.chat_models import SimpleChatModel
from langchain_core.messages import BaseMessage
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from cogenesis_langchain.errors import EvaluationError, LocalModelError, UntrustedLocalModel
from cogenesis_langchain.evaluation.journal import Journal
from cogenesis_langchain.evaluation.judge import ASPECTS, Judge, rate_attempts
from cogenesis_langchain.evaluation.order_check import OrderCheck, check_order, compare_settings
from cogenesis_langchain.evaluation.results import Attempt, Rating, Verdict
from cogenesis_langchain.models.base import GenerationOptions, LocalChunk, PrivateMessage

PRIVATE = ("Carpatrans", "Zaragoza", "Lavinia", "Arrived at nine")


class Opinionated:
    """A local model that answers by a function of the question, and remembers what it was asked."""

    name = "opinionated"

    def __init__(self, answer: Callable[[str, int], str]) -> None:
        self._answer = answer
        self._lock = threading.Lock()
        self.questions: list[str] = []
        self.seeds: list[int | None] = []

    def prefill(self, messages: Sequence[PrivateMessage], options: GenerationOptions) -> None:
        pass

    def stream(
        self, messages: Sequence[PrivateMessage], options: GenerationOptions
    ) -> Iterator[LocalChunk]:
        question = "\n".join(message.text.reveal() for message in messages)
        with self._lock:
            self.questions.append(question)
            self.seeds.append(options.seed)
            count = len(self.questions)
        yield LocalChunk(self._answer(question, count))
        yield LocalChunk("", "stop")


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


def verdicts_at(folder: Path) -> Journal[Verdict]:
    return Journal(folder / "verdicts.jsonl", Verdict)


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
    error: BaseException | None = caught.value
    while error is not None:
        assert "Carpatrans" not in f"{error!r} {getattr(error, '__notes__', '')}"
        error = error.__cause__ or error.__context__


def test_bad_input_is_refused(tmp_path: Path) -> None:
    judge = Judge(Opinionated(lambda *_: "[[5]]"))
    with pytest.raises(EvaluationError, match="no attempts"):
        rate_attempts([record()], [], judge, ratings_at(tmp_path))
    with pytest.raises(EvaluationError, match="such as r9"):
        rate_attempts([record()], [attempt(record="r9")], judge, ratings_at(tmp_path))
    with pytest.raises(EvaluationError, match="at least once"):
        Judge(Opinionated(lambda *_: ""), tries=0)


def pairs(count: int) -> list[Attempt]:
    return [
        attempt(f"{setting} {seed}", setting=setting, seed=seed)
        for seed in range(count)
        for setting in ("good", "bad")
    ]


def by_quality(question: str, _: int) -> str:
    return "[[A]]" if question.index("good ") < question.index("bad ") else "[[B]]"


def test_a_judge_that_looks_at_the_texts_does_not_contradict_itself(tmp_path: Path) -> None:
    journal = verdicts_at(tmp_path)
    compare_settings([record()], pairs(3), Judge(Opinionated(by_quality)), journal, "good", "bad")
    assert len(journal.lines()) == 6
    check = check_order(journal.lines(), "good", "bad")
    assert check == OrderCheck(pairs=3, contradicted=0, won=3, lost=0, unread=0)
    assert check.inconsistency == 0.0
    assert check_order(journal.lines(), "bad", "good").lost == 3


def test_a_judge_that_always_prefers_the_first_contradicts_itself(tmp_path: Path) -> None:
    journal = verdicts_at(tmp_path)
    biased = Judge(Opinionated(lambda *_: "[[A]]"))
    compare_settings([record()], pairs(3), biased, journal, "good", "bad")
    check = check_order(journal.lines(), "good", "bad")
    assert check == OrderCheck(pairs=3, contradicted=3, won=0, lost=0, unread=0)
    assert check.inconsistency == 1.0


def test_verdicts_that_cannot_be_read_are_counted(tmp_path: Path) -> None:
    journal = verdicts_at(tmp_path)
    model = Opinionated(lambda question, _: "[[tie]]" if "good 0" in question else "Hard to say.")
    compare_settings([record()], pairs(2), Judge(model, tries=2), journal, "good", "bad")
    check = check_order(journal.lines(), "good", "bad")
    assert check == OrderCheck(pairs=1, contradicted=0, won=0, lost=0, unread=1)
    assert {line.asked for line in journal.lines()} == {1, 2}


def test_a_comparison_goes_on_where_it_stopped(tmp_path: Path) -> None:
    first = Opinionated(by_quality)
    compare_settings([record()], pairs(1), Judge(first), verdicts_at(tmp_path), "good", "bad")
    second = Opinionated(by_quality)
    journal = verdicts_at(tmp_path)
    compare_settings([record()], pairs(3), Judge(second), journal, "good", "bad")
    assert len(second.questions) == 4
    assert len(journal.lines()) == 6


def test_settings_without_texts_in_common_are_refused(tmp_path: Path) -> None:
    judge = Judge(Opinionated(by_quality))
    attempts = [attempt("good", setting="good"), attempt(setting="bad", failure="x")]
    with pytest.raises(EvaluationError, match="no texts for the same record"):
        compare_settings([record()], attempts, judge, verdicts_at(tmp_path), "good", "bad")
    assert check_order([], "good", "bad").inconsistency is None
