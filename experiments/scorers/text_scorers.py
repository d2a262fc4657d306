"""All metrics of written texts, as Inspect scorers.

Each scorer gives a dictionary of values, one a metric. In Inspect's viewer they stand beside the
text; the tables of the report read them from the logs.
"""

from __future__ import annotations

from typing import Final

from inspect_ai.scorer import Scorer, mean, scorer, stderr

from cogenesis_langchain.retrievers.embeddings import LocalMiniLM
from experiments.scorers.copying import COPIED_FROM_NOTES
from experiments.scorers.facts import INVENTED_VALUES, LEFTOVER_PLACEHOLDERS, REQUIRED_FACTS
from experiments.scorers.form import DOUBLED_WORDS, LEFT_OUT, RELATIVE_LENGTH, REPETITION, WORDS
from experiments.scorers.likeness import ROUGE_L, closeness_to_earlier_writing
from experiments.scorers.metric import Metric, score_with
from experiments.scorers.outline import OUTLINE_COPIED, OUTLINE_COVERED
from experiments.scorers.style import STYLE_DISTANCE
from experiments.scorers.traffic import TRAFFIC

CONTENT: Final = (REQUIRED_FACTS, COPIED_FROM_NOTES, INVENTED_VALUES, LEFTOVER_PLACEHOLDERS)
LIKENESS: Final = (ROUGE_L, STYLE_DISTANCE)
FORM: Final = (
    OUTLINE_COVERED,
    OUTLINE_COPIED,
    REPETITION,
    DOUBLED_WORDS,
    LEFT_OUT,
    WORDS,
    RELATIVE_LENGTH,
)
METRICS: Final[tuple[Metric, ...]] = (*CONTENT, *LIKENESS, *FORM, *TRAFFIC)
"""The metrics that need only the record and the attempt."""


_SUMMARY: Final = {"*": [mean(), stderr()]}


@scorer(metrics=_SUMMARY)
def content() -> Scorer:
    """Does the text say what it must, and nothing that nobody told?"""
    return score_with(CONTENT)


@scorer(metrics=_SUMMARY)
def likeness() -> Scorer:
    """How near is the text to the user's own writing?"""
    return score_with(LIKENESS)


@scorer(metrics=_SUMMARY)
def closeness() -> Scorer:
    """How near is the text to the user's earlier writing, by the embedding model of retrieval?"""
    return score_with([closeness_to_earlier_writing(LocalMiniLM())])


@scorer(metrics=_SUMMARY)
def form() -> Scorer:
    """Length, repetition and use of the outline."""
    return score_with(FORM)


@scorer(metrics=_SUMMARY)
def traffic() -> Scorer:
    """What crossed to the cloud endpoint, tokens and time; failed attempts count too."""
    return score_with(TRAFFIC)


def text_scorers(*, with_closeness: bool) -> list[Scorer]:
    """The scorers of a written text.

    Args:
        with_closeness: Whether to use the embedding model, which needs the extra ``chroma``.
    """
    made = [content(), likeness(), form(), traffic()]
    return [*made, closeness()] if with_closeness else made
