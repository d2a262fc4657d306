from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel
from support.authors import Answers, Scripted, sound

from cogenesis_langchain.datasets.loaders import load_records
from cogenesis_langchain.datasets.validate import check
from experiments.construction.answers import Person, PersonalText, Portraits
from experiments.construction.author import Author
from experiments.construction.construct import JOURNAL, RECORDS, Plan, construct
from experiments.construction.journal import Journal
from experiments.construction.statistics import table
from experiments.errors import ExperimentError

PLAN = Plan(groups=2, people=2, tasks=1)
REQUESTS = 1 + 4 + 4 + 4  # groups, people, tasks, texts


def author(answers: Answers = sound) -> tuple[Author, Scripted]:
    model = Scripted(answers)
    return Author(model), model


def test_four_steps_give_sound_records(tmp_path: Path) -> None:
    made_by, model = author()
    done: list[int] = []
    made = construct(made_by, PLAN, tmp_path, done.append)
    assert len(made) == PLAN.records == done[-1]
    check(made)
    assert load_records(tmp_path / RECORDS) == made
    assert len(model.asked) == REQUESTS
    assert {record.user_group for record in made} == {"bakers", "sailors"}


def test_an_interrupted_construction_goes_on_where_it_stopped(tmp_path: Path) -> None:
    def stops(shape: type[BaseModel], number: int) -> BaseModel:
        if number == 6:
            raise KeyboardInterrupt
        return sound(shape, number)

    with pytest.raises(KeyboardInterrupt):
        construct(author(stops)[0], PLAN, tmp_path)
    journal = tmp_path / JOURNAL
    journal.write_text(journal.read_text() + '{"step": "2-1", "ans')  # written in part
    made_by, model = author(lambda shape, number: sound(shape, number + 100))
    assert len(construct(made_by, PLAN, tmp_path)) == PLAN.records
    assert len(model.asked) == REQUESTS - 5


def test_a_fault_is_told_and_repaired_once(tmp_path: Path) -> None:
    def given_away(shape: type[BaseModel], number: int) -> BaseModel:
        answer = sound(shape, number)
        if isinstance(answer, PersonalText) and number == 4:
            return answer.model_copy(update={"text": "It cost a lot."})
        return answer

    made_by, model = author(given_away)
    assert len(construct(made_by, PLAN, tmp_path)) == PLAN.records
    assert len(model.asked) == REQUESTS + 1
    assert "required_facts[0]: no form in the reference" in model.asked[4][-1].content
    assert made_by.cost.rejected == 0


def test_an_answer_that_stays_bad_costs_its_record_and_no_other(tmp_path: Path) -> None:
    def of_another_form(shape: type[BaseModel], number: int) -> BaseModel | None:
        return None if shape is PersonalText and number < 7 else sound(shape, number)

    made_by, _ = author(of_another_form)
    made = construct(made_by, PLAN, tmp_path)
    assert len(made) == PLAN.records - 1
    assert made_by.cost.rejected == 1
    told = table(made, made_by.cost)
    for line in ("records", "answers rejected", "tokens read"):
        assert line in told


def test_the_same_person_twice_is_refused(tmp_path: Path) -> None:
    def twins(shape: type[BaseModel], number: int) -> BaseModel:
        return sound(shape, 1 if shape is Person else number)

    made_by, _ = author(twins)
    assert len(construct(made_by, PLAN, tmp_path)) == 2  # one a group


def test_an_author_who_names_too_few_groups_is_refused(tmp_path: Path) -> None:
    made_by, _ = author(lambda shape, number: Portraits(groups=["bakers"]))
    with pytest.raises(ExperimentError, match="did not name 2 groups"):
        construct(made_by, PLAN, tmp_path)


def test_a_folder_holds_one_plan(tmp_path: Path) -> None:
    construct(author()[0], PLAN, tmp_path)
    with pytest.raises(ExperimentError, match="another plan"):
        construct(author()[0], Plan(groups=3, people=2, tasks=1), tmp_path)


def test_a_step_of_another_form_is_told(tmp_path: Path) -> None:
    construct(author()[0], PLAN, tmp_path)
    journal = tmp_path / JOURNAL
    journal.write_text(journal.read_text().replace('"style"', '"manner"'))
    with pytest.raises(ExperimentError, match="step 1-1 in the folder is of another form"):
        construct(author()[0], PLAN, tmp_path)


def test_any_text_survives_the_journal(tmp_path: Path) -> None:
    journal = Journal(tmp_path / JOURNAL)
    journal.add("one", "a\u2028b\u0085c\né")
    content = (tmp_path / JOURNAL).read_bytes()
    (tmp_path / JOURNAL).write_bytes(content + '{"é'.encode()[:-1])  # cut inside a letter
    assert Journal(tmp_path / JOURNAL)["one"] == "a\u2028b\u0085c\né"
    assert (tmp_path / JOURNAL).read_bytes() == content


def test_a_folder_with_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / JOURNAL).write_text("no journal\n")
    with pytest.raises(ExperimentError, match="holds no journal"):
        construct(author()[0], PLAN, tmp_path)
    assert (tmp_path / JOURNAL).read_text() == "no journal\n"
