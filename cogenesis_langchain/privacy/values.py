"""Private values: the strings of a private text that would reveal it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from cogenesis_langchain.privacy.detectors.spans import ValueKind

__all__ = ["Detector", "PrivateValue", "ValueKind", "detect", "find_private_values"]


@dataclass(frozen=True, slots=True)
class PrivateValue:
    """A string that would reveal private text.

    Args:
        kind: What it is.
        text: The string as it stands in the private text. Never printed by `repr`.
    """

    kind: ValueKind
    text: str = field(repr=False)


Detector = Callable[[str], Iterable[PrivateValue]]
"""Finds the private values of a text. Any callable of this shape can be one."""


def find_private_values(text: str) -> frozenset[PrivateValue]:
    """The detector that is always there: patterns, checksums, cues and word lists."""
    # The detectors compile for a quarter of a second; importing `Detector` must not cost that.
    from cogenesis_langchain.privacy.detectors.combined import find_spans

    return frozenset(
        PrivateValue(span.kind, text[span.start : span.end]) for span in find_spans(text)
    )


def detect(text: str, detectors: Sequence[Detector] | None = None) -> frozenset[PrivateValue]:
    """Find the private values of a text.

    Args:
        text: A private text.
        detectors: What to look with. None: `find_private_values` alone. To add one of your own,
            name both: ``[find_private_values, mine]``.

    Returns:
        What any of them found.
    """
    chosen = (find_private_values,) if detectors is None else detectors
    return frozenset(value for detector in chosen for value in detector(text))
