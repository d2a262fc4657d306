"""Private values: strings that would reveal a private text, and the detectors that find them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from cogenesis_langchain.privacy.detectors.spans import ValueKind

__all__ = ["Detector", "PrivateValue", "ValueKind", "detect", "find_private_values"]


@dataclass(frozen=True, slots=True)
class PrivateValue:
    """A string that would reveal a private text; a detector of your own yields them.

    Args:
        kind: The kind of value, such as ``NAME``, which its placeholder shows.
        text: The string as written in the private text. `repr` does not show it.
    """

    kind: ValueKind
    text: str = field(repr=False)


Detector = Callable[[str], Iterable[PrivateValue]]
"""A callable that finds the private values of a text."""


def find_private_values(text: str) -> frozenset[PrivateValue]:
    """Find private values with the library's own detector: patterns, checksums and word lists."""
    # The detectors compile for a quarter of a second; importing `Detector` must not cost that.
    from cogenesis_langchain.privacy.detectors.combined import find_spans

    return frozenset(
        PrivateValue(span.kind, text[span.start : span.end]) for span in find_spans(text)
    )


def detect(text: str, detectors: Sequence[Detector] | None = None) -> frozenset[PrivateValue]:
    """Find the private values of a text.

    Args:
        text: A private text.
        detectors: The detectors to use; None means `find_private_values` alone. To add your own,
            pass both: ``[find_private_values, mine]``.

    Returns:
        The values that any of them found, also where escapes of JSON hide them.
    """
    from cogenesis_langchain.privacy.matching.encodings import unescaped

    chosen = (find_private_values,) if detectors is None else detectors
    forms = dict.fromkeys((text, unescaped(text)))
    return frozenset(value for form in forms for detector in chosen for value in detector(form))
