"""The findings of a run, grouped into the sections of the report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from experiments.config import PriceConfig
from experiments.judge import ASPECTS
from experiments.report.measures import COST, GAP, LIKELIHOOD, Measured, measures
from experiments.results import Results
from experiments.scorers.facts import REQUIRED_FACTS
from experiments.scorers.likeness import CLOSENESS
from experiments.scorers.text_scorers import CONTENT, FORM, LIKENESS
from experiments.scorers.traffic import PRIVATE_STRINGS, TOOK
from experiments.settings.setting import Comparison

_CONTENT: Final = tuple(metric.name for metric in CONTENT)
_LIKENESS: Final = tuple(metric.name for metric in (*LIKENESS, CLOSENESS))
_FORM: Final = tuple(metric.name for metric in FORM)
_TOOK: Final = tuple(metric.name for metric in TOOK)


@dataclass(frozen=True)
class Findings:
    """The results of a run, and what was measured, by name."""

    results: Results
    measured: Mapping[str, Measured]

    @classmethod
    def of(cls, results: Results, prices: PriceConfig | None) -> Findings:
        """Measure a run; see `measures`."""
        return cls(results, measures(results, prices))

    @property
    def settings(self) -> list[str]:
        """Names of the settings, in order."""
        return list(self.results.settings)

    def having(self, part: Comparison) -> list[str]:
        """The settings with a part in the comparison."""
        return [name for name, one in self.results.settings.items() if one["part"] == part]

    @property
    def baseline(self) -> str:
        """The local model alone; empty if the run has no such setting."""
        return next(iter(self.having("baseline")), "")

    @property
    def sketch(self) -> str:
        """Sketch-fill; empty if the run has no such setting."""
        return next(iter(self.having("sketch")), "")

    @property
    def quality(self) -> list[Measured]:
        """The headline: facts, privacy, likelihood and likeness."""
        return self.named(*_CONTENT, PRIVATE_STRINGS.name, LIKELIHOOD, GAP, *_LIKENESS)

    @property
    def took(self) -> list[Measured]:
        """Time, traffic and money."""
        return self.named(*_TOOK, COST)

    @property
    def form(self) -> list[Measured]:
        """Length, repetition and use of the outline."""
        return self.named(*_FORM)

    @property
    def likelihoods(self) -> list[Measured]:
        """The likelihood of the references and the gap closed, if known."""
        return self.named(LIKELIHOOD, GAP)

    @property
    def ratings(self) -> list[Measured]:
        """The judge's ratings, by aspect."""
        return self.named(*ASPECTS)

    @property
    def core(self) -> list[Measured]:
        """What the figures compare: facts, and the judge's ratings or, without them, likeness."""
        return self.named(REQUIRED_FACTS.name, *(ASPECTS if self.ratings else _LIKENESS))

    def named(self, *names: str) -> list[Measured]:
        """The measures of these names that have a value."""
        found = (self.measured[name] for name in names if name in self.measured)
        return [one for one in found if not one.values.empty and one.values.notna().any(axis=None)]

    def in_words(self) -> Iterator[str]:
        """What the paper's settings gain and lose against the baseline."""
        judged = [
            one
            for one in (*self.quality, *self.ratings)
            if one.name not in {PRIVATE_STRINGS.name, GAP}
        ]
        for setting in (self.sketch, *self.having("template"), *self.having("fused")):
            texts = [text for text in self.results.texts if text.setting == setting]
            if not texts or not self.baseline:
                continue
            leaked = sum(text.attempt.traffic.private_strings for text in texts)
            parts = [f"{leaked:,} private strings on the wire in {counted(len(texts), 'attempt')}"]
            parts += _outcomes(setting, self.baseline, judged)
            yield f"{setting}, against {self.baseline} — {'; '.join(parts)}."


def counted(count: int, what: str) -> str:
    """A number with a noun."""
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _outcomes(setting: str, baseline: str, measured: Sequence[Measured]) -> Iterable[str]:
    found: dict[str, list[str]] = {"better": [], "worse": [], "no difference shown": []}
    for one in measured:
        difference = one.difference(setting, baseline)
        if difference is None:
            continue
        better = (difference.mean > 0) == one.higher_is_better
        outcome = ("better" if better else "worse") if difference.differs else "no difference shown"
        found[outcome].append(one.name)
    return (f"{how}: {', '.join(names)}" for how, names in found.items() if names)
