from __future__ import annotations

import pytest
from support.detected import detected

from cogenesis_langchain.privacy.detectors.patterns import (
    find_labelled_codes,
    find_network_addresses,
    find_patterns,
)
from cogenesis_langchain.privacy.detectors.spans import ValueKind


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("write to zofia.k@poczta.pl today", "EMAIL", "zofia.k@poczta.pl"),
        ("schreib an jürgen@straße.de bitte", "EMAIL", "jürgen@straße.de"),
        ("邮箱是wang@example.cn。", "EMAIL", "wang@example.cn"),
        ("see https://files.oak.example/x?k=7 please", "URL", "https://files.oak.example/x?k=7"),
        ("at www.oak.example, daily", "URL", "www.oak.example"),
        ("from 203.0.113.9 it", "IP", "203.0.113.9"),
        ("peer 2001:db8::8a2e:370:7334 is", "IP", "2001:db8::8a2e:370:7334"),
        ("card 00:1B:44:11:3A:B7 there", "ID", "00:1B:44:11:3A:B7"),
    ],
)
def test_addresses_of_machines(text: str, kind: ValueKind, value: str) -> None:
    assert (kind, value) in detected(find_network_addresses, text)


@pytest.mark.parametrize(
    "text",
    [
        "mail me @ noon",
        "see the web page",
        "version 1.2.3.4000",
        "256.1.1.1 is no host",
        "at 12:30:45 sharp",
        "std::vector",
    ],
)
def test_what_only_looks_like_one(text: str) -> None:
    assert detected(find_network_addresses, text) == set()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("order no. 7781204 is late", "7781204"),
        ("MRN: X8812-4", "X8812-4"),
        ("Aktenzeichen 12-C-881", "12-C-881"),
        ("Kundennummer: 778120", "778120"),
        ("facture n° F2026-118", "F2026-118"),
        ("expediente 4471/26", "4471/26"),
        ("pratica: 88-1204", "88-1204"),
    ],
)
def test_announced_codes(text: str, code: str) -> None:
    assert ("ID", code) in detected(find_labelled_codes, text)


@pytest.mark.parametrize(
    "text", ["in order 3 times", "case 12 of the book", "the key is patience", "ticket to Rome"]
)
def test_a_cue_without_a_code(text: str) -> None:
    assert detected(find_labelled_codes, text) == set()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("ticket AB-12345 is open", "AB-12345"),
        ("write to @nocturnal.kiln", "@nocturnal.kiln"),
        ("known as bia_da_bainha there", "bia_da_bainha"),
        ("Discord kiln#4471", "kiln#4471"),
        ("plate LSD 392 XK", "LSD 392 XK"),
        ("Kennzeichen K-AB 1234", "K-AB 1234"),
        ("she has seat 31F", "seat 31F"),
        ("it says 77812045", "77812045"),
        ("locator QX7LMR", "QX7LMR"),
        ("benutzer anna_k77", "anna_k77"),
    ],
)
def test_identifiers(text: str, value: str) -> None:
    assert ("ID", value) in detected(find_patterns, text)


@pytest.mark.parametrize(
    "text",
    [
        "the 1st of 3 and the 22nd",
        "use UTF-8, MP3 and SHA-256",
        "Python 3.12 and v2.0.1",
        "in the 1990s it cost 5kg",
        "covid-19 and a 4x4",
        "from 2024 to 2026",
        "add about 5g of salt",
        "Am 1. Tag um 8h30",
    ],
)
def test_ordinals_units_versions_and_decades_are_no_identifiers(text: str) -> None:
    assert detected(find_patterns, text) == set()
