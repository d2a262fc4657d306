"""Builds records with an author: groups, people, tasks, texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from cogenesis_langchain.datasets.loaders import save_records
from cogenesis_langchain.datasets.problems import described
from cogenesis_langchain.datasets.record import (
    Instruction,
    Profile,
    Record,
    RequiredFact,
    Writing,
)
from cogenesis_langchain.datasets.validate import find_faults
from experiments.construction.answers import Assignment, Person, PersonalText, Portraits
from experiments.construction.author import Author
from experiments.construction.checks import faults_of_groups, faults_of_person, too_similar
from experiments.construction.journal import Journal
from experiments.errors import ExperimentError

JOURNAL: Final = "answers.jsonl"
RECORDS: Final = "records.jsonl"
_PLAN: Final = "plan"
_Answer = TypeVar("_Answer", bound=BaseModel)

_GROUPS: Final = """Name {count} groups of people whose members write texts in their everyday life:
by work, age, place or circumstances. Let them differ as much as you can."""
_PERSON: Final = """Invent a person of this group: {group}.

Give the person a voice of their own, a private life, and weeks in which something happened. All
names, numbers and firms are invented. Others of this group: {others}"""
_TASK: Final = """{person}

Invent a text that this person needs now, because of something in the activity log. Its general task
names no person, place, date or amount. Earlier tasks of the person: {others}"""
_TEXT: Final = """{person}

Task: {general}
{personal}

Write the text as this person would. State what the task asks for; take names, dates and amounts
from the notes, and invent none. Do not copy eight words in a row from the notes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is built.

    Attributes:
        groups: Groups of people.
        people: People a group.
        tasks: Tasks a person.
    """

    groups: int
    people: int
    tasks: int

    @property
    def records(self) -> int:
        """Records, if every answer is of use."""
        return self.groups * self.people * self.tasks


def construct(
    author: Author, plan: Plan, folder: Path, progress: Callable[[int], None] = lambda done: None
) -> tuple[Record, ...]:
    """Build records; what the folder has is not asked for again.

    Args:
        author: Writes them.
        plan: How much.
        folder: Where the answers and the records are kept.
        progress: Called with the number of records that are done, rejected ones included.

    Returns:
        The records, which are also in the folder.

    Raises:
        ExperimentError: The folder holds something else or another plan, or the author names too
            few groups.
    """
    journal = Journal(folder / JOURNAL)
    planned = asdict(plan)
    if _PLAN not in journal:
        journal.add(_PLAN, planned)
    if journal[_PLAN] != planned:
        raise ExperimentError(
            f"{folder} holds a construction with another plan",
            remedy="give another folder, or the numbers that it was started with",
        )
    made = tuple(_Building(author, journal).records(plan, progress))
    save_records(made, folder / RECORDS)
    return made


class _Building:
    """Asks for what the journal lacks."""

    def __init__(self, author: Author, journal: Journal) -> None:
        self._author = author
        self._journal = journal

    def records(self, plan: Plan, progress: Callable[[int], None]) -> Iterator[Record]:
        asked = _GROUPS.format(count=plan.groups)
        groups = self._answer("groups", asked, Portraits, faults_of_groups(plan.groups))
        if groups is None:
            raise ExperimentError(
                f"the author did not name {plan.groups} groups of people",
                remedy="use a stronger model, and another folder",
            )
        done = 0
        for number, group in enumerate(groups.groups[: plan.groups], start=1):
            known: list[str] = []
            for place in range(1, plan.people + 1):
                step = f"{number}-{place}"
                asked = _PERSON.format(group=group, others="; ".join(known) or "none")
                sound = partial(faults_of_person, known=tuple(known))
                person = self._answer(step, asked, Person, sound)
                if person is not None:
                    known.append(person.facts[0])
                    yield from self._of_person(step, group, person, plan.tasks)
                done += plan.tasks
                progress(done)

    def _of_person(self, step: str, group: str, person: Person, tasks: int) -> Iterator[Record]:
        described = _described(person)
        known: list[str] = []
        for number in range(1, tasks + 1):
            place = f"{step}-{number}"
            asked = _TASK.format(person=described, others="; ".join(known) or "none")
            new = partial(_faults_of_task, known=tuple(known))
            task = self._answer(f"{place}/task", asked, Assignment, new)
            if task is None:
                continue
            known.append(task.general)
            asked = _TEXT.format(person=described, general=task.general, personal=task.personal)
            record_of = partial(_record, place, group, person, task)
            sound = partial(_faults_of_record, record_of)
            text = self._answer(f"{place}/text", asked, PersonalText, sound)
            if text is not None:
                yield record_of(text)

    def _answer(
        self,
        step: str,
        prompt: str,
        shape: type[_Answer],
        faults_of: Callable[[_Answer], Sequence[str]],
    ) -> _Answer | None:
        if step not in self._journal:
            answer = self._author.ask(prompt, shape, faults_of)
            self._journal.add(step, None if answer is None else answer.model_dump())
        kept = self._journal[step]
        try:
            return None if kept is None else shape.model_validate(kept)
        except ValidationError:
            raise ExperimentError(
                f"the answer to step {step} in the folder is of another form",
                remedy="give another folder",
            ) from None


def _described(person: Person) -> str:
    parts = [
        person.style,
        *person.facts,
        "Activity log:",
        *person.activity_log,
        *(f"{one.title}: {one.text}" for one in person.earlier_writings),
    ]
    return "\n".join(parts)


def _record(place: str, group: str, person: Person, task: Assignment, text: PersonalText) -> Record:
    return Record(
        id=f"made-{place}",
        user_group=group,
        profile=Profile(style=person.style, facts=tuple(person.facts)),
        activity_log=tuple(person.activity_log),
        earlier_writings=tuple(
            Writing(title=one.title, text=one.text) for one in person.earlier_writings
        ),
        instruction=Instruction(general=task.general, personal=task.personal),
        reference=text.text,
        required_facts=tuple(
            RequiredFact(name=one.name, forms=tuple(one.forms)) for one in text.required_facts
        ),
        private_strings=tuple(text.private_strings),
    )


def _faults_of_task(task: Assignment, known: Sequence[str]) -> list[str]:
    return too_similar(task.general, known)


def _faults_of_record(record_of: Callable[[PersonalText], Record], text: PersonalText) -> list[str]:
    try:
        record = record_of(text)
    except ValidationError as error:
        return [described(error, private=False)]
    return [fault.what for fault in find_faults([record])]
