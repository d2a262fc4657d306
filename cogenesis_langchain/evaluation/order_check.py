"""Whether a judge's preference depends on the order in which it is shown two texts.

Judges lean towards the first or the second of two texts whatever they say (Zheng et al., arXiv
2306.05685). So two settings are compared in both orders, and the share of pairs on which the judge
contradicts itself says how much its preferences, and its ratings, can be worth.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from cogenesis_langchain.datasets.record import Record
from cogenesis_langchain.errors import EvaluationError
from cogenesis_langchain.evaluation.journal import Journal
from cogenesis_langchain.evaluation.judge import Judge
from cogenesis_langchain.evaluation.pairing import pair
from cogenesis_langchain.evaluation.ratings import Preference
from cogenesis_langchain.evaluation.results import Aspect, Attempt, Verdict

if TYPE_CHECKING:
    from cogenesis_langchain.evaluation.runner import Progress

_PLACES: Final[dict[Preference, Literal["first", "second", "tie"]]] = {
    "A": "first",
    "B": "second",
    "tie": "tie",
}


@dataclass(frozen=True, slots=True)
class OrderCheck:
    """What the verdicts on two settings come to.

    Attributes:
        pairs: Pairs of texts with a verdict in both orders.
        contradicted: Of these, how many the judge decided differently in the two orders.
        won: Of these, how many the one setting won in both orders.
        lost: Of these, how many the other setting won in both orders.
        unread: Pairs where in one order or both no verdict could be read.
    """

    pairs: int
    contradicted: int
    won: int
    lost: int
    unread: int

    @property
    def inconsistency(self) -> float | None:
        """Share of the pairs on which the judge contradicts itself; None without pairs."""
        return self.contradicted / self.pairs if self.pairs else None


def compare_settings(
    records: Iterable[Record],
    attempts: Iterable[Attempt],
    judge: Judge,
    journal: Journal[Verdict],
    one: str,
    other: str,
    *,
    aspect: Aspect = "overall with context",
    judge_seed: int = 0,
    progress: Progress = lambda done, total, what: None,
) -> None:
    """Have the texts of two settings compared in both orders, passing over what is known already.

    Args:
        records: What the attempts are about.
        attempts: The texts; those of the same record and seed are compared.
        judge: Who compares.
        journal: Where the verdicts are kept; a run that ended early goes on there.
        one: Name of a setting.
        other: Name of the other one.
        aspect: By what to compare.
        judge_seed: Of the judge's answers.
        progress: Told how many verdicts are done, how many there are, and what was compared.

    Raises:
        EvaluationError: The two settings have no texts in common, the attempts are about other
            records, or the judge failed; what was compared until then is kept.
        UntrustedLocalModel: The judge has become a client of another host.
    """
    jobs = _jobs(pair(records, attempts), one, other)
    known = journal.keys()
    for number, (record, first, second) in enumerate(jobs):
        progress(number, len(jobs), f"{record.id}, {first.setting} against {second.setting}")
        unasked = Verdict(
            record=record.id,
            seed=first.seed,
            first=first.setting,
            second=second.setting,
            aspect=aspect,
            judge_seed=judge_seed,
            preferred=None,
            asked=0,
        )
        if unasked.key not in known:
            found, asked = judge.prefer(record, first.text, second.text, aspect, judge_seed)
            preferred = None if found is None else _PLACES[found]
            journal.append(unasked.model_copy(update={"preferred": preferred, "asked": asked}))
    progress(len(jobs), len(jobs), "")


def check_order(verdicts: Iterable[Verdict], one: str, other: str) -> OrderCheck:
    """Count how often a judge contradicts itself.

    Args:
        verdicts: Of any settings; a pair that was compared in one order only does not count.
        one: Name of a setting.
        other: Name of the other one.
    """
    winners: dict[tuple[str, ...], dict[str, str | None]] = {}
    for verdict in verdicts:
        if {verdict.first, verdict.second} == {one, other}:
            shown = {"first": verdict.first, "second": verdict.second, "tie": "tie", None: None}
            seeds = (str(verdict.seed), str(verdict.judge_seed))
            about = (verdict.record, *seeds, verdict.aspect)
            winners.setdefault(about, {})[verdict.first] = shown[verdict.preferred]
    both = [list(found.values()) for found in winners.values() if len(found) == 2]
    read = [found for found in both if None not in found]
    return OrderCheck(
        pairs=len(read),
        contradicted=sum(found[0] != found[1] for found in read),
        won=sum(found == [one, one] for found in read),
        lost=sum(found == [other, other] for found in read),
        unread=len(both) - len(read),
    )


def _jobs(
    made: Sequence[tuple[Record, Attempt]], one: str, other: str
) -> list[tuple[Record, Attempt, Attempt]]:
    """Each pair of texts in both orders."""
    texts = {attempt.key: attempt for _, attempt in made if not attempt.failure}
    jobs = []
    for record, attempt in made:
        opposite = texts.get((record.id, other, str(attempt.seed)))
        if attempt.setting == one and not attempt.failure and opposite is not None:
            jobs += [(record, attempt, opposite), (record, opposite, attempt)]
    if not jobs:
        raise EvaluationError(
            f"{one!r} and {other!r} have no texts for the same record and seed",
            remedy="check the names of the settings, and let both write first",
        )
    return jobs
