"""Microsoft Presidio as one more detector (extra ``presidio``)."""

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
    """Finds private values with an analyzer that you set up.

    Beside the library's own: ``detectors=[find_private_values, PresidioDetector(engine)]``. The
    engine decides what is downloaded and called: with its default settings it fetches a language
    model, and its recognizer of mail addresses fetches a list of domain endings, from the network.

    Args:
        engine: A `presidio_analyzer.AnalyzerEngine`.
        language: The language of the texts, one that the engine knows.
        least_score: Findings with a lower score are left out.
    """

    def __init__(
        self, engine: AnalyzerEngine, *, language: str = "en", least_score: float = 0.35
    ) -> None:
        self._engine = engine
        self._language = language
        self._least_score = least_score

    def __call__(self, text: str) -> Iterator[PrivateValue]:
        """Find the private values of a text.

        Args:
            text: A private text.

        Yields:
            Values; entities without a kind of their own here are of kind `ID`.
        """
        for found in self._engine.analyze(
            text, language=self._language, score_threshold=self._least_score
        ):
            kind = _KINDS.get(found.entity_type, "ID")
            yield PrivateValue(kind, text[found.start : found.end])
