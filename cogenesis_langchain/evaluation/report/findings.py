"""A run with everything measured: what the sections of a report are written from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cogenesis_langchain.evaluation.metrics.copying import COPIED_FROM_NOTES
from cogenesis_langchain.evaluation.metrics.facts import (
    INVENTED_VALUES,
    LEFTOVER_PLACEHOLDERS,
    REQUIRED_FACTS,
)
from cogenesis_langchain.evaluation.metrics.likeness import ROUGE_L
from cogenesis_langchain.evaluation.metrics.metric import Metric
from cogenesis_langchain.evaluation.metrics.style import STYLE_DISTANCE
from cogenesis_langchain.evaluation.metrics.traffic import (
    BYTES_RECEIVED,
    BYTES_SENT,
    CLOUD_CALLS,
    CLOUD_TOKENS_READ,
    CLOUD_TOKENS_WRITTEN,
    FAILED,
    LOCAL_TOKENS_READ,
    LOCAL_TOKENS_WRITTEN,
    PRIVATE_STRINGS,
    SECONDS,
)
from cogenesis_langchain.evaluation.report.measures import (
    Measured,
    Results,
    gap_closed,
    of_likelihoods,
    of_ratings,
    of_texts,
)

if TYPE_CHECKING:
    from cogenesis_langchain.evaluation.setting import Role

_CLOSENESS: Final = "closeness to earlier writing"
"""Measured only where there is an embedding model."""

_COST: Final = "cost"
"""Measured only where there are prices."""

_SAID: Final = tuple(
    metric.name
    for metric in (
        REQUIRED_FACTS,
        COPIED_FROM_NOTES,
        INVENTED_VALUES,
        LEFTOVER_PLACEHOLDERS,
        PRIVATE_STRINGS,
    )
)
_LIKE: Final = (ROUGE_L.name, _CLOSENESS, STYLE_DISTANCE.name)
_TOOK: Final = (
    *(
        metric.name
        for metric in (
            SECONDS,
            CLOUD_CALLS,
            BYTES_SENT,
            BYTES_RECEIVED,
            CLOUD_TOKENS_READ,
            CLOUD_TOKENS_WRITTEN,
            LOCAL_TOKENS_READ,
            LOCAL_TOKENS_WRITTEN,
        )
    ),
    _COST,
)


@dataclass(frozen=True, slots=True)
class Roles:
    """Which settings the paper's tables and figures compare; empty where a run has none.

    Attributes:
        baseline: The local model alone, with the context.
        upper: The cloud model with the context.
        sketch: Sketch-fill as it is meant.
        full_content: A whole text from the cloud model instead of a sketch (Figure 4).
        other_sketches: Sketches from other models (Figure 5).
        fused: Fused decoding, one setting an operator (Table 2).
    """

    baseline: str = ""
    upper: str = ""
    sketch: str = ""
    full_content: Sequence[str] = ()
    other_sketches: Sequence[str] = ()
    fused: Sequence[str] = ()

    @classmethod
    def of(cls, roles: Mapping[str, Role]) -> Roles:
        """Sort settings by their role.

        Args:
            roles: Names of settings to what they are compared as. Where two have a role that only
                one can have, the first has it.
        """

        def named(wanted: Role) -> list[str]:
            return [name for name, role in roles.items() if role == wanted]

        def first(wanted: Role) -> str:
            return next(iter(named(wanted)), "")

        return cls(
            baseline=first("baseline"),
            upper=first("upper"),
            sketch=first("sketch"),
            full_content=named("full content"),
            other_sketches=named("other sketches"),
            fused=named("fused"),
        )


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that was measured in a run.

    Attributes:
        results: The lines of the run.
        roles: What its settings are.
        texts: What was measured of texts, by name.
        likelihoods: Likelihood of the references and the share of the gap closed, where known.
        ratings: The judge's, one an aspect that has any.
    """

    results: Results
    roles: Roles
    texts: Mapping[str, Measured]
    likelihoods: Sequence[Measured]
    ratings: Sequence[Measured]

    @classmethod
    def of(cls, results: Results, roles: Roles, metrics: Iterable[Metric]) -> Findings:
        """Measure a run.

        Args:
            results: Its lines.
            roles: What its settings are.
            metrics: With what to measure its texts.
        """
        likelihood = of_likelihoods(results)
        gap = gap_closed(likelihood, roles.baseline, roles.upper)
        return cls(
            results,
            roles,
            {metric.name: of_texts(results, metric) for metric in metrics},
            [one for one in (likelihood, gap) if one is not None and one.values],
            [one for one in of_ratings(results) if one.values],
        )

    @property
    def quality(self) -> list[Measured]:
        """Facts, privacy, likelihood and likeness: the headline."""
        return [*self._named(_SAID), *self.likelihoods, *self._named(_LIKE)]

    @property
    def took(self) -> list[Measured]:
        """Time, traffic and money."""
        return self._named(_TOOK)

    @property
    def form(self) -> list[Measured]:
        """What else is known of the texts: length, repetition, use of the outline."""
        known = {*_SAID, *_LIKE, *_TOOK, FAILED.name}
        return [one for name, one in self.texts.items() if name not in known]

    @property
    def core(self) -> list[Measured]:
        """What the figures compare: the judge's ratings if any, otherwise what stands for them."""
        if self.ratings:
            return [*self._named([REQUIRED_FACTS.name]), *self.ratings]
        return self._named([REQUIRED_FACTS.name, *_LIKE])

    def _named(self, names: Iterable[str]) -> list[Measured]:
        return [self.texts[name] for name in names if name in self.texts]
