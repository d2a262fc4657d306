"""A record and attempts for tests of what experiments measure."""

from __future__ import annotations

from cogenesis_langchain.datasets.record import Record
from experiments.attempt import Attempt

CLERK: dict[str, object] = {
    "id": "r1",
    "user_group": "drivers",
    "profile": {
        "style": "Terse.",
        "facts": ["Teodor Vlăsceanu, driver for Carpatrans, plate CJ 27 VTD, teo@carpatrans.ro."],
    },
    "activity_log": ["2026-03-14 Left at 04:20 with 22.4 t for Zaragoza, 38 euros a night"],
    "earlier_writings": [
        {"title": "Note", "text": "Left at four. Rain. No queue at the border."},
        {"title": "Message", "text": "Arrived at nine. Dry. Two hours for customs."},
    ],
    "instruction": {
        "general": "Write to payroll about 3 missing night allowances.",
        "personal": "Mrs Lavinia Chirilă handles it.",
    },
    "reference": "Three nights are missing, 38 euros each. I remain on the road.",
    "required_facts": [
        {"name": "allowance", "forms": ["38 euros", "€38"]},
        {"name": "day", "forms": ["14 March", "March 14"]},
    ],
    "private_strings": ["Vlăsceanu", "Zaragoza", "38 euros"],
}


def record(**changes: object) -> Record:
    """The record with some fields replaced."""
    return Record.model_validate(CLERK | changes)


def attempt(text: str = "", **fields: object) -> Attempt:
    """An attempt at the record."""
    return Attempt.model_validate({"text": text} | fields)
