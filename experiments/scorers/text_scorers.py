"""The metrics of written texts, in groups; each group is a scorer of Inspect."""

from __future__ import annotations

from typing import Final

from inspect_ai.scorer import Scorer, mean, scorer, stderr

from cogenesis_langchain.retrievers.embeddings import LocalMiniLM
from experiments.scorers.facts import INVENTED_VALUES, LEFTOVER_PLACEHOLDERS, REQUIRED_FACTS
from experiments.scorers.form import (
    COPIED_FROM_NOTES,
    DOUBLED_WORDS,
    LEFT_OUT,
    OUTLINE_COPIED,
    OUTLINE_COVERED,
    RELATIVE_LENGTH,
    REPETITION,
    WORDS,
)
from experiments.scorers.likeness import ROUGE_L, closeness_to_earlier_writing
from experiments.scorers.metric import Metric, score_with
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
"""All metrics that need no model."""

_SUMMARY: Final = {"*": [mean(), stderr()]}


@scorer(metrics=_SUMMARY)
def content() -> Scorer:
    """Measure whether the text states what it must, and nothing invented."""
    return score_with(CONTENT)


@scorer(metrics=_SUMMARY)
def likeness() -> Scorer:
    """Measure how similar the text is to the reference and to the user's style."""
    return score_with(LIKENESS)


@scorer(metrics=_SUMMARY)
def form() -> Scorer:
    """Measure length, repetition and use of the outline."""
    return score_with(FORM)


@scorer(metrics=_SUMMARY)
def traffic() -> Scorer:
    """Measure what was sent to the cloud endpoint, tokens and time, also of failed attempts."""
    return score_with(TRAFFIC)


@scorer(metrics=_SUMMARY)
def closeness() -> Scorer:
    """Measure the similarity to the user's earlier texts with an embedding model."""
    return score_with([closeness_to_earlier_writing(LocalMiniLM())])


def text_scorers(*, with_closeness: bool) -> list[Scorer]:
    """Return the scorers of a text; `closeness` needs the extra ``chroma``."""
    made = [content(), likeness(), form(), traffic()]
    return [*made, closeness()] if with_closeness else made
