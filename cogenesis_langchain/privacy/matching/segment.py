"""A segment of a `ValueSet`: private values with the automaton that finds their surface forms."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from operator import attrgetter
from typing import Any

from cogenesis_langchain.privacy.matching.normalisation import normalise
from cogenesis_langchain.privacy.matching.surface_forms import (
    SurfaceForm,
    canonical_forms_of,
    declared_surface_forms,
    surface_forms,
)
from cogenesis_langchain.privacy.values import PrivateValue


class Segment:
    """Private values that share one automaton.

    The automaton is built at first use and without a lock: if two threads build it at once, both
    results are equal.

    Args:
        detected: Values that a detector found.
        declared: Values that the user declared.
        phrases: Digests of `phrase_digests`.
    """

    def __init__(
        self,
        detected: frozenset[PrivateValue],
        declared: frozenset[PrivateValue],
        phrases: frozenset[int],
    ) -> None:
        self.detected = detected
        self.declared = declared
        self.phrases = phrases

    def __len__(self) -> int:
        """Return the number of values and phrases."""
        return len(self.detected) + len(self.declared) + len(self.phrases)

    def merged(self, other: Segment) -> Segment:
        """Return a segment with the values of both."""
        return Segment(
            self.detected | other.detected,
            self.declared | other.declared,
            self.phrases | other.phrases,
        )

    @cached_property
    def automaton(self) -> Any:
        """The Aho-Corasick automaton of all surface forms."""
        from ahocorasick import Automaton  # type: ignore[import-not-found]

        forms: dict[str, list[SurfaceForm]] = {}
        for value in _sorted(self.detected):
            for form in surface_forms(value):
                forms.setdefault(form.normalised, []).append(form)
        for value in _sorted(self.declared):
            for form in declared_surface_forms(value):
                forms.setdefault(form.normalised, []).append(form)
        automaton = Automaton()
        for normalised, sharing in forms.items():
            automaton.add_word(normalised, tuple(sharing))
        automaton.make_automaton()
        return automaton

    @cached_property
    def signs(self) -> tuple[PrivateValue, ...]:
        """The declared values without letters and digits, which the automaton cannot find."""
        return tuple(value for value in _sorted(self.declared) if not normalise(value.text))

    @cached_property
    def canonical_forms(self) -> dict[str, PrivateValue]:
        """Dates, times and amounts by their canonical forms."""
        values = _sorted(self.detected | self.declared)
        return {form: value for value in values for form in canonical_forms_of(value)}


def _sorted(values: Iterable[PrivateValue]) -> list[PrivateValue]:
    """Sort values, so that a text gives the same hits in every process (sets have no order)."""
    return sorted(values, key=attrgetter("kind", "text"))
