"""Two alternatives for comparison: send the whole context, with detected private values masked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from experiments.settings.setting import Setting, SettingModels, cloud_as_local

Found: TypeAlias = tuple[int, int, str]
"""Start, end and replacement of a finding."""


def pii_middleware(models: SettingModels) -> list[Setting]:
    """Mask with all detectors of LangChain's ``PIIMiddleware``."""
    from langchain.agents.middleware.pii import (
        detect_credit_card,
        detect_email,
        detect_ip,
        detect_mac_address,
        detect_url,
    )

    detectors = (detect_credit_card, detect_email, detect_ip, detect_mac_address, detect_url)

    def find(text: str) -> Iterable[Found]:
        for detect in detectors:
            for found in detect(text):
                yield found["start"], found["end"], f"[REDACTED_{found['type'].upper()}]"

    return [_masking("PIIMiddleware", models, find)]


def presidio(models: SettingModels) -> list[Setting]:
    """Mask with all recognizers of Microsoft Presidio."""
    import spacy
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    model = models.config.presidio_model
    nlp = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": model or "blank"}])
    # A loaded pipeline, because the engine would download one.
    vars(nlp)["nlp"] = {"en": spacy.load(model) if model else spacy.blank("en")}
    engine = AnalyzerEngine(nlp_engine=nlp, supported_languages=["en"])

    def find(text: str) -> Iterable[Found]:
        for found in engine.analyze(text, language="en"):
            yield found.start, found.end, f"<{found.entity_type}>"

    return [_masking("Presidio" if model else "Presidio, patterns only", models, find)]


def mask(text: str, found: Iterable[Found]) -> str:
    """Replace each finding; of those that overlap, the longest counts."""
    free = len(text)
    pieces: list[str] = []
    chosen: list[Found] = []
    for one in sorted(found, key=lambda item: item[0] - item[1]):
        if all(one[1] <= other[0] or one[0] >= other[1] for other in chosen):
            chosen.append(one)
    for start, end, instead in sorted(chosen, reverse=True):
        pieces[:0] = [instead, text[end:free]]
        free = start
    return text[:free] + "".join(pieces)


def _masking(name: str, models: SettingModels, find: Callable[[str], Iterable[Found]]) -> Setting:
    write = cloud_as_local(models, shown=lambda text: mask(text, find(text)))
    return Setting(name, "other", "masked context", write)
