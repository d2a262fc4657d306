"""A finished run on invented data, for tests of its report."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import get_args

from inspect_ai.log import EvalSample
from inspect_ai.scorer import Score

from cogenesis_langchain.datasets.record import Record
from cogenesis_langchain.fusion.trace import Candidate, FusedToken, FusionReport, TokenSource, Trace
from experiments.attempt import Attempt, Traffic
from experiments.config import Aspect
from experiments.likelihood import WEIGHTS
from experiments.results import Results, WrittenText
from experiments.scorers.text_scorers import METRICS

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

PARTS = {
    "cloud with context": "upper",
    "cloud without context": "other",
    "local alone": "baseline",
    "sketch-fill": "sketch",
    "full content": "full content",
    "sketch by 0.5B": "other sketches",
    "fused mean": "fused",
    "fused product": "fused",
}


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


def text(setting: str, record: Record, epoch: int = 1, **fields: object) -> WrittenText:
    """A text with its scores."""
    attempt = Attempt.model_validate(fields)
    found = {metric.name: metric.measure(record, attempt) for metric in METRICS}
    scores = {name: float(value) for name, value in found.items() if value is not None}
    return WrittenText(setting, record, epoch, attempt, scores)


def texts(
    records: Sequence[Record], settings: Sequence[str] = tuple(SETTINGS), seeds: int = 1
) -> Iterator[WrittenText]:
    """A text for every record, setting and seed."""
    for setting in settings:
        chance, sent, leaked, seconds, _, _ = SETTINGS[setting]
        dice = random.Random(setting)
        for number, record in enumerate(records):
            for epoch in range(1, seeds + 1):
                cost = f"{number + 800} euros" if dice.random() < chance else "a lot"
                calls = 0 if sent == 0 else 1 + sent // 10_000
                yield text(
                    setting,
                    record,
                    epoch,
                    text=f"Dear landlord, the oven <broke> on Friday & it is {cost}.",
                    sketch=("greet", "say why") if "sketch" in setting else (),
                    rung="outline" if "sketch" in setting else "",
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
                    trace=trace(setting).to_dict() if PARTS[setting] == "fused" else {},
                )


def sample(record: Record, name: str = "", **fields: object) -> EvalSample:
    """A sample of a log."""
    told = {"record": record.model_dump(mode="json")} | dict(fields.pop("metadata", {}))  # type: ignore[call-overload]
    known = {"id": name or record.id, "epoch": 1, "input": "", "target": "", "metadata": told}
    return EvalSample.model_validate(known | fields)


def likelihoods(records: Sequence[Record]) -> Iterator[EvalSample]:
    """The likelihood of every reference under every setting, and under a bound.

    Of the fixed weights 0.75 is the best.
    """
    grid = [250 + 100 * abs(weight - 0.75) for weight in WEIGHTS]
    dice = random.Random(1)
    for number, record in enumerate(records):
        known = {**{name: row[4] for name, row in SETTINGS.items()}, "oracle": 2.4}
        nats = {
            setting: 100 * (value + 0.05 * (number % 7) + dice.gauss(0, 0.1))
            for setting, value in known.items()
        }
        yield sample(record, store={"nats": nats, "tokens": 100, "fixed_weights": grid})


def ratings(records: Sequence[Record], settings: Sequence[str]) -> Iterator[EvalSample]:
    """The judge's ratings; every thirteenth could not be read."""
    number = 0
    for setting in settings:
        dice = random.Random(setting)
        for record in records:
            value: dict[str, float] = {}
            told = []
            for aspect in get_args(Aspect):
                number += 1
                found = min(10.0, max(1.0, round(dice.gauss(SETTINGS[setting][5], 1.2))))
                unread = number % 13 == 0
                value[aspect] = float("nan") if unread else found
                told.append(
                    {
                        "aspect": aspect,
                        "seed": 0,
                        "value": None if unread else found,
                        "asked": 3 if unread else 1,
                    }
                )
            score = Score(value=dict(value), metadata={"ratings": told})
            name = f"{setting}, {record.id}, 1"
            yield sample(
                record, name, metadata={"setting": setting}, scores={"judge_rating": score}
            )


def order_checks(records: Sequence[Record]) -> Iterator[EvalSample]:
    """Sketch-fill against the local model: the order decides, but for the last, unreadable."""
    for record in records:
        outcome = "unread" if record is records[-1] else "contradicted"
        score = Score(value={outcome: 1.0}, answer=outcome)
        yield sample(record, scores={"judge_preference": score})


def results(
    texts: Sequence[WrittenText] = (),
    likelihoods: Sequence[EvalSample] = (),
    ratings: Sequence[EvalSample] = (),
    order_checks: Sequence[EvalSample] = (),
    settings: Sequence[str] = tuple(SETTINGS),
) -> Results:
    """What the logs of the run hold."""
    shows = {"baseline": "nothing", "upper": "context", "fused": "text so far"}
    return Results(
        settings={
            name: {"part": PARTS[name], "shows": shows.get(PARTS[name], "instruction")}
            for name in settings
        },
        conditions={
            "seeds": [0],
            "models": {
                "local": f"qwen2.5-coder-0.5b-instruct {'1d96' * 16}",
                "cloud": "gpt-4.1-mini",
            },
            "records": {"development.jsonl": "ab12" * 16},
        },
        machine={"machine": "Linux x86_64, 2 cores", "versions": "numpy 2.4.6, openai 3.52.0"},
        texts=texts,
        likelihoods=likelihoods,
        ratings=ratings,
        order_checks=order_checks,
        compared=["local alone", "sketch-fill"] if order_checks else (),
    )


def trace(operator: str) -> Trace:
    """A fused text of three tokens: the cloud's, one corrected, and the local model's alone."""
    parts: tuple[tuple[str, TokenSource, float], ...] = (
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
    report = FusionReport(
        operator, tokens=3, requests=1, drafted=2, accepted=1, tokens_shown=2, nats_told=1.5
    )
    return Trace(tokens, report)


CONFIG = """\
records = ["development.jsonl"]
settings = ["local alone", "sketch-fill"]

[prices]
input = 0.4
output = 1.6
"""
