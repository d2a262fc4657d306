from __future__ import annotations

from pathlib import Path

import pytest
from evaluation_samples import attempt, record
from opinionated import Opinionated

from cogenesis_langchain.errors import EvaluationError
from cogenesis_langchain.evaluation.journal import Journal
from cogenesis_langchain.evaluation.judge import Judge
from cogenesis_langchain.evaluation.order_check import OrderCheck, check_order, compare_settings
from cogenesis_langchain.evaluation.results import Attempt, Verdict


def verdicts_at(folder: Path) -> Journal[Verdict]:
    return Journal(folder / "verdicts.jsonl", Verdict)


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
