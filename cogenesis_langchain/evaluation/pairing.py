"""Attempts beside the records that they are about."""

from __future__ import annotations

from collections.abc import Iterable

from cogenesis_langchain.datasets.record import Record
from cogenesis_langchain.errors import EvaluationError
from cogenesis_langchain.evaluation.results import Attempt


def pair(
    records: Iterable[Record], attempts: Iterable[Attempt]
) -> tuple[tuple[Record, Attempt], ...]:
    """Put each attempt beside its record.

    Args:
        records: More of them than the attempts are about do no harm.
        attempts: At least one.

    Returns:
        One pair for each attempt, in their order.

    Raises:
        EvaluationError: There are no attempts, or one is about a record that is not there.
    """
    known = {record.id: record for record in records}
    made = tuple(attempts)
    if not made:
        raise EvaluationError(
            "there are no attempts, so there is nothing to measure",
            remedy="let the settings write first, and check the path of the journal",
        )
    unknown = sorted({attempt.record for attempt in made} - known.keys())
    if unknown:
        raise EvaluationError(
            f"{len(unknown)} records of the attempts are not in the data set, such as {unknown[0]}",
            remedy="evaluate with the data set that the attempts were made from",
        )
    return tuple((known[attempt.record], attempt) for attempt in made)
