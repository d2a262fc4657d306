"""Detector that uses Microsoft Presidio (extra ``presidio``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from cogenesis_langchain.privacy.detectors.spans import ValueKind
from cogenesis_langchain.privacy.values import PrivateValue

if TYPE_CHECKING:
    from presidio_analyzer import AnalyzerEngine

_KINDS: Final[dict[str, ValueKind]] = {
    "PERSON": "NAME",
    "EMAIL_ADDRESS": "EMAIL",
    "PHONE_NUMBER": "PHONE",
    "CREDIT_CARD": "CARD",
    "IBAN_CODE": "ACCOUNT",
    "US_BANK_NUMBER": "ACCOUNT",
    "URL": "URL",
    "IP_ADDRESS": "IP",
    "DATE_TIME": "DATE",
    "LOCATION": "PLACE",
    "ORGANIZATION": "ORGANISATION",
    "MEDICAL_LICENSE": "ID",
}


class PresidioDetector:
    """Finds private values with a Presidio analyzer that you configure.

    It is used beside the library's own detectors: ``detectors=[PresidioDetector(engine)]``, or
    ``context_detectors`` if it must not read the instruction. The engine may use the network:
    with default settings it downloads a language model, and its recognizer of mail addresses
    downloads a list of top-level domains.

    Args:
        engine: A `presidio_analyzer.AnalyzerEngine`.
        language: The language of the texts. The engine must support it.
        min_score: Results with a lower score are ignored.
    """

    def __init__(
        self, engine: AnalyzerEngine, *, language: str = "en", min_score: float = 0.35
    ) -> None:
        self._engine = engine
        self._language = language
        self._min_score = min_score

    def __call__(self, text: str) -> Iterator[PrivateValue]:
        """Find the private values of a text.

        Args:
            text: A private text.

        Yields:
            Values. Entity types that have no `ValueKind` of their own become `ID`.
        """
        for found in self._engine.analyze(
            text, language=self._language, score_threshold=self._min_score
        ):
            kind = _KINDS.get(found.entity_type, "ID")
            yield PrivateValue(kind, text[found.start : found.end])
