"""A finished run on invented data, for tests of its report."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import get_args

from cogenesis_langchain.datasets.record import Record
from cogenesis_langchain.evaluation.environment import Environment, ModelInUse, SettingInUse
from cogenesis_langchain.evaluation.likelihood import WEIGHTS
from cogenesis_langchain.evaluation.results import (
    Aspect,
    Attempt,
    Likelihood,
    Rating,
    Traffic,
    Verdict,
)
from cogenesis_langchain.evaluation.setting import Role, Shown
from cogenesis_langchain.fusion.trace import (
    Candidate,
    FusedToken,
    FusionReport,
    Source,
    Trace,
)

SECRET = "Wilhelmina Quast"

SETTINGS = {
    # name: chance that a fact is said, bytes sent, private strings, seconds, nats, rating
    "cloud with context": (0.95, 9_000, 5, 21.0, 1.9, 8.6),
    "cloud without context": (0.05, 1_400, 0, 14.0, 3.3, 6.0),
    "local alone": (0.6, 0, 0, 8.0, 2.9, 6.4),
    "sketch-fill": (0.7, 2_600, 0, 15.0, 2.8, 6.9),
    "full content": (0.55, 2_200, 0, 26.0, 2.85, 6.3),
    "sketch by 0.5B": (0.62, 2_600, 0, 12.0, 2.88, 6.5),
    "fused mean": (0.66, 84_000, 0, 44.0, 2.7, 7.0),
    "fused product": (0.68, 90_000, 0, 47.0, 2.6, 7.1),
}

ROLES: dict[str, Role] = {
    "cloud with context": "upper",
    "cloud without context": "other",
    "local alone": "baseline",
    "sketch-fill": "sketch",
    "full content": "full content",
    "sketch by 0.5B": "other sketches",
    "fused mean": "fused",
    "fused product": "fused",
}

SHOWN: dict[Role, Shown] = {
    "baseline": "nothing",
    "upper": "context",
    "fused": "text so far",
}
"""What the cloud model is shown; by default the instruction."""


def records(count: int) -> list[Record]:
    """Records of one person with one fact each."""
    return [
        Record.model_validate(
            {
                "id": f"r{number:02d}",
                "user_group": f"group {number % 4}",
                "profile": {"style": "Short.", "facts": [f"{SECRET}, of Lübeck."]},
                "activity_log": ["2026-01-02 Oven broke"],
                "earlier_writings": [{"title": "Note", "text": "Bread is out. Come Tuesday."}],
                "instruction": {"general": "Write to my landlord.", "personal": "It was Friday."},
                "reference": f"The oven broke on Friday; it is {number + 800} euros.",
                "required_facts": [{"name": "cost", "forms": [f"{number + 800} euros"]}],
                "private_strings": [SECRET],
            }
        )
        for number in range(count)
    ]


def attempts(
    records: Sequence[Record], settings: Sequence[str] = tuple(SETTINGS), seeds: int = 1
) -> Iterator[Attempt]:
    """A text for every record, setting and seed."""
    for setting in settings:
        chance, sent, leaked, seconds, _, _ = SETTINGS[setting]
        dice = random.Random(setting)
        for number, record in enumerate(records):
            for seed in range(seeds):
                cost = f"{number + 800} euros" if dice.random() < chance else "a lot"
                calls = 0 if sent == 0 else 1 + sent // 10_000
                yield Attempt(
                    record=record.id,
                    setting=setting,
                    seed=seed,
                    text=f"Dear landlord, the oven <broke> on Friday & it is {cost}.",
                    sketch=("greet", "say why") if "sketch" in setting else (),
                    rung="sketch" if "sketch" in setting else "",
                    traffic=Traffic(
                        calls=calls,
                        bytes_sent=round(sent * dice.uniform(0.8, 1.2)),
                        bytes_received=900 * calls,
                        input_tokens=400 * calls,
                        output_tokens=90 * calls,
                        private_strings=leaked,
                    ),
                    local_input_tokens=900,
                    local_output_tokens=150,
                    seconds=seconds * dice.uniform(0.7, 1.3),
                )


def likelihoods(records: Sequence[Record]) -> Iterator[Likelihood]:
    """The likelihood of every reference under every setting, and under a bound.

    Of the fixed weights 0.75 is the best.
    """
    grid = tuple(250 + 100 * abs(weight - 0.75) for weight in WEIGHTS)
    for setting, (_, _, _, _, nats, _) in {**SETTINGS, "oracle": (0, 0, 0, 0, 2.4, 0)}.items():
        dice = random.Random(setting)
        for number, record in enumerate(records):
            each = nats + 0.05 * (number % 7) + dice.gauss(0, 0.1)
            yield Likelihood(
                record=record.id,
                setting=setting,
                nats=100 * each,
                tokens=100,
                fixed_weights=grid if setting == "oracle" else (),
            )


def ratings(records: Sequence[Record], settings: Sequence[str]) -> Iterator[Rating]:
    """The judge's ratings; every thirteenth could not be read."""
    number = 0
    for setting in settings:
        dice = random.Random(setting)
        for record in records:
            aspect: Aspect
            for aspect in get_args(Aspect):
                number += 1
                value = min(10.0, max(1.0, round(dice.gauss(SETTINGS[setting][5], 1.2))))
                yield Rating(
                    record=record.id,
                    setting=setting,
                    seed=0,
                    aspect=aspect,
                    judge_seed=0,
                    value=None if number % 13 == 0 else value,
                    asked=3 if number % 13 == 0 else 1,
                )


def verdicts(records: Sequence[Record]) -> Iterator[Verdict]:
    """Sketch-fill against the local model: the first wins, but for the last record, unreadable."""
    for record in records:
        for first, second in (("local alone", "sketch-fill"), ("sketch-fill", "local alone")):
            yield Verdict(
                record=record.id,
                seed=0,
                first=first,
                second=second,
                aspect="overall with context",
                judge_seed=0,
                preferred=None if record is records[-1] else "first",
                asked=1,
            )


def environment(records: Sequence[Record], settings: Sequence[str], seeds: int = 1) -> Environment:
    """What the run was made on."""
    return Environment(
        project="0.1.0",
        python="3.11.7",
        system="Linux x86_64",
        cpu_count=2,
        packages={"numpy": "2.4.6", "openai": "3.52.0"},
        models={
            "local": ModelInUse(name="qwen2.5-coder-0.5b-instruct", sha256="1d96" * 16),
            "cloud": ModelInUse(name="gpt-4.1-mini", sha256=""),
        },
        records={"development.jsonl": "ab12" * 16},
        record_ids=tuple(record.id for record in records),
        seeds=tuple(range(seeds)),
        settings=tuple(
            SettingInUse(name=name, role=ROLES[name], shows=SHOWN.get(ROLES[name], "instruction"))
            for name in settings
        ),
    )


def trace(operator: str) -> Trace:
    """A fused text of three tokens: the cloud's, one corrected, and the local model's alone."""
    parts: tuple[tuple[str, Source, float], ...] = (
        ("Dear ", "accepted", 0.25),
        ("<landlord>", "corrected", 0.5),
        (SECRET, "local", 1.0),
    )
    tokens = tuple(
        FusedToken(
            id=place,
            text=text,
            piece=text,
            source=source,
            weight=0.5,
            share=share,
            probability=0.5,
            local_top=(Candidate(text, 0.5),),
            cloud_top=(),
        )
        for place, (text, source, share) in enumerate(parts)
    )
    report = FusionReport(operator, tokens=3, requests=1, drafted=2, accepted=1, tokens_sent=2)
    return Trace(tokens, report)


CONFIG = """\
records = ["development.jsonl"]
settings = ["local alone", "sketch-fill"]

[prices]
input = 0.4
output = 1.6
"""


def write_folder(
    folder: Path,
    records: Sequence[Record],
    attempts: Iterable[Attempt] = (),
    likelihoods: Iterable[Likelihood] = (),
    ratings: Iterable[Rating] = (),
    verdicts: Iterable[Verdict] = (),
    settings: Sequence[str] = tuple(SETTINGS),
    traces: Mapping[str, Trace] | None = None,
) -> Path:
    """The folder of a run that holds these lines."""
    folder.mkdir(parents=True)
    made = environment(records, settings)
    (folder / "environment.json").write_text(made.model_dump_json())
    (folder / "run.toml").write_text(CONFIG)
    journals: dict[str, Iterable[Attempt | Likelihood | Rating | Verdict]] = {
        "attempts": attempts,
        "likelihood": likelihoods,
        "ratings": ratings,
        "verdicts": verdicts,
    }
    for name, lines in journals.items():
        if text := "".join(f"{line.model_dump_json()}\n" for line in lines):
            (folder / f"{name}.jsonl").write_text(text)
    for setting, kept in (traces or {}).items():
        file = folder / "traces" / f"{setting}.json"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(kept.to_json())
    return folder
