from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cogenesis_langchain.privacy.detectors.presidio import PresidioDetector
from cogenesis_langchain.privacy.matching.value_set import ValueSet
from cogenesis_langchain.privacy.values import detect, find_private_values

if TYPE_CHECKING:  # imported by the fixture: `make fast` does without it
    from presidio_analyzer import AnalyzerEngine

pytestmark = pytest.mark.slow

TEXT = "Badge K-9 paid 4111 1111 1111 1111 from 203.0.113.9."


@pytest.fixture(scope="module")
def engine() -> AnalyzerEngine:
    import spacy
    from presidio_analyzer import AnalyzerEngine, Pattern, PatternRecognizer, RecognizerRegistry
    from presidio_analyzer.nlp_engine import SpacyNlpEngine
    from presidio_analyzer.predefined_recognizers import CreditCardRecognizer, IpRecognizer

    nlp = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": "blank"}])
    vars(nlp)["nlp"] = {"en": spacy.blank("en")}  # it would download a model otherwise
    badges = PatternRecognizer("BADGE", patterns=[Pattern("badge", r"\b[A-Z]-\d\b", 0.3)])
    registry = RecognizerRegistry([CreditCardRecognizer(), IpRecognizer(), badges])
    return AnalyzerEngine(nlp_engine=nlp, registry=registry, supported_languages=["en"])


def found(detector: PresidioDetector) -> set[tuple[str, str]]:
    return {(value.kind, value.text) for value in detector(TEXT)}


def test_entities_become_values_of_our_kinds(engine: AnalyzerEngine) -> None:
    assert found(PresidioDetector(engine)) == {
        ("CARD", "4111 1111 1111 1111"),
        ("IP", "203.0.113.9"),
    }


def test_an_unknown_entity_type_becomes_an_identifier(engine: AnalyzerEngine) -> None:
    assert ("ID", "K-9") in found(PresidioDetector(engine, min_score=0.2))


def test_it_adds_values_that_the_librarys_detector_misses(engine: AnalyzerEngine) -> None:
    badge = PresidioDetector(engine, min_score=0.2)
    own = detect(TEXT)
    assert not any(value.text == "K-9" for value in own)
    both = detect(TEXT, [find_private_values, badge])
    assert both > own
    values = ValueSet.from_texts([TEXT], detectors=[badge])
    assert [hit.value.kind for hit in values.find("Write about k-9.")] == ["ID"]


def test_texts_of_another_language_are_refused_by_the_engine(engine: AnalyzerEngine) -> None:
    with pytest.raises(ValueError, match="No matching recognizers"):
        list(PresidioDetector(engine, language="de")(TEXT))
