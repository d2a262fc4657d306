"""Recall and false alarms of private-value detection on the labelled set.

Compares the border with presidio-analyzer and with the detectors of LangChain's PIIMiddleware, on
the same strings:

    python tests/benchmarks/bench_detection.py [NAME OR PATH OF A SPACY MODEL FOR PRESIDIO]

Without a spaCy model Presidio uses only its pattern recognizers, which find no names.

A label counts as recognised if every letter and digit of it is hidden, in its own context and in
each of three instructions that mention it. A false alarm is a general instruction in which anything
is hidden. For false alarms the border holds the private values of all contexts of the part, as a
single user's store would.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import spacy
import tldextract
from langchain.agents.middleware.pii import (
    detect_credit_card,
    detect_email,
    detect_ip,
    detect_mac_address,
    detect_url,
)
from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import SpacyNlpEngine
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.labelled import (
    FIRST_MEASURED,
    HALVES,
    Guard,
    Half,
    Spans,
    contexts,
    false_alarms,
    general_instructions,
    is_hidden,
    missed_labels,
    spans_of,
)

from cogenesis_langchain.privacy.detectors.presidio import PresidioDetector
from cogenesis_langchain.privacy.matching.value_set import ValueSet
from cogenesis_langchain.privacy.values import Detector

NO_PHRASES = 1000  # longer than any text, so that no copied phrase is searched for
MIDDLEWARE = (detect_credit_card, detect_email, detect_ip, detect_mac_address, detect_url)


@dataclass(frozen=True)
class System:
    """A system under comparison: makes a guard from the private contexts."""

    name: str
    guard_of: Callable[[list[str]], Guard]

    def guard_of_one(self, text: str) -> Guard:
        return self.guard_of([text])


def by_values(detectors: list[Detector] | None, phrase_words: int) -> Callable[..., Guard]:
    def guard_of(texts: list[str]) -> Guard:
        return spans_of(ValueSet.from_texts(texts, detectors=detectors, phrase_words=phrase_words))

    return guard_of


def presidio_engine(model: str | None) -> AnalyzerEngine:
    nlp = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": model or "blank"}])
    # Set the loaded pipeline directly, because the engine would download one.
    vars(nlp)["nlp"] = {"en": spacy.load(model) if model else spacy.blank("en")}
    return AnalyzerEngine(nlp_engine=nlp, supported_languages=["en"])


def middleware_spans(text: str) -> Spans:
    return [(found["start"], found["end"]) for detect in MIDDLEWARE for found in detect(text)]


def systems(model: str | None) -> list[System]:
    engine = presidio_engine(model)
    name = "presidio-analyzer" + (" with a spaCy model" if model else ", patterns only")

    def presidio_spans(text: str) -> Spans:
        return [(found.start, found.end) for found in engine.analyze(text, language="en")]

    return [
        System("the border", by_values(None, 5)),
        System("the border, no copied runs", by_values(None, NO_PHRASES)),
        System(name, lambda _: presidio_spans),
        System(f"{name}, our matching", by_values([PresidioDetector(engine)], NO_PHRASES)),
        System("PIIMiddleware's detectors", lambda _: middleware_spans),
    ]


def shown_in_context(half: Half, system: System) -> int:
    """Number of labels that a system leaves readable in their own context."""
    shown = 0
    for context in contexts(half):
        hidden = list(system.guard_of([context.text])(context.text))
        shown += sum(not is_hidden(context.text, label.text, hidden) for label in context.labels)
    return shown


def main() -> None:
    # Presidio's e-mail recognizer would otherwise download a list of domain suffixes.
    vars(tldextract.tldextract)["TLD_EXTRACTOR"] = tldextract.TLDExtract(suffix_list_urls=())
    model = sys.argv[1] if len(sys.argv) > 1 else None
    console = Console()
    for half in HALVES:
        labels = sum(len(context.labels) for context in contexts(half))
        instructions = len(general_instructions(half))
        table = Table(
            "system",
            "recall in the context",
            "recall in an instruction",
            "false alarms",
            title=f"{half}: {labels} strings in {len(contexts(half))} contexts, "
            f"{instructions} general instructions",
            caption=f"the border's first result on this part: {FIRST_MEASURED.get(half, 'none')}",
        )
        for system in systems(model):
            in_context = 1 - shown_in_context(half, system) / labels
            missed = len(missed_labels(half, system.guard_of_one))
            store = system.guard_of([context.text for context in contexts(half)])
            alarms = len(false_alarms(half, store)) / instructions
            table.add_row(
                system.name, f"{in_context:.1%}", f"{1 - missed / labels:.1%}", f"{alarms:.1%}"
            )
        console.print(table)


if __name__ == "__main__":
    main()
