"""One small record and the sets of other origin, to be bent by the tests."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from cogenesis_langchain.datasets.record import Record

SECRET = "Wilhelmina Quast"

RECORD: dict[str, object] = {
    "id": "r1",
    "user_group": "bakers",
    "profile": {"style": "Short.", "facts": [f"{SECRET}, 44, of Lübeck."]},
    "activity_log": ["2026-01-02 Oven broke, 812 euros"],
    "earlier_writings": [{"title": "Note", "text": "Bread is out. Come Tuesday."}],
    "instruction": {
        "general": "Write to my landlord about the oven.",
        "personal": "It was Friday.",
    },
    "reference": f"The oven broke on Friday; the repair is 812 euros. {SECRET}",
    "required_facts": [{"name": "cost", "forms": ["812 euros", "€812"]}],
    "private_strings": [SECRET, "812 euros"],
}

AUTHORS_ITEM: dict[str, object] = {
    "tid": "3_7_4",
    "conversations": [
        {"from": "user", "value": "Write an invitation: Use the garden party of June: all of it."},
        {"from": "assistant", "value": "Come to the garden."},
    ],
    "profile": [{"title": "Write a note: about tea.", "text": "Tea at four.", "id": "0"}],
    "additional_profile": f"Age: 47\nName: {SECRET}\nWriting_style: Terse; dry,\n  never rude\n"
    "Privacy_info: Sold the boat; Owes 90 euros\nSmart_device_usage: Calendar: regatta; Maps",
    "additional_tasks": ["Draft a poem: about rain."],
}

LAMP_QUESTION: dict[str, object] = {
    "id": 610,
    "input": "Generate a subject for the following email: Hello Ana: the pump is here.",
    "profile": [
        {"id": "1", "title": "Valves", "text": "The valves came."},
        {"id": "2", "title": "", "text": "No title."},
    ],
}

LAMP_GOLDS: dict[str, object] = {
    "task": "LaMP_6",
    "golds": [{"id": "610", "output": "Pump arrived"}],
}


def record(**changes: object) -> Record:
    """The small record with some fields replaced."""
    return Record.model_validate(RECORD | changes)


def write_lines(path: Path, items: Iterable[object]) -> Path:
    path.write_text("".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items))
    return path


def write_json(path: Path, value: object) -> Path:
    path.write_text(json.dumps(value))
    return path
