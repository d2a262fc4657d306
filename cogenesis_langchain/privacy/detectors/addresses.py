"""Detector of street addresses and postcodes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from cogenesis_langchain.privacy.detectors.spans import Span

_CAP: Final = r"(?:St\.|Mt\.|[^\W\d_a-zà-öø-ÿ][\w'’-]*)"
_CAPS: Final = rf"{_CAP}(?: {_CAP}){{0,3}}"
_TOWN_NAME: Final = rf"{_CAPS}(?: (?:de|do|da|del|am|im|an der|upon|on|sur|la|le) {_CAPS})*"
_UNIT: Final = (
    r"(?:(?:Apartment|Apt\.?|Flat|Unit|Suite|Ste\.?|Room|Floor|Building|Bldg\.?|Block|Blk|House"
    r"|App\.|Etage|esc\.|m\.)\s?[\w-]{1,6})"
)
_STREET: Final = (
    r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Boulevard|Blvd|Close|Way|Court|Ct|Place|Pl"
    r"|Terrace|Tce"
    r"|Square|Sq|Crescent|Cres|Hill|Row|Mews|Highway|Hwy|Parkway|Pkwy|Circle|Trail|Quay|Gardens"
    r"|Grove|View|Walk"
    r"|Rise|Green|Park|Esplanade|Wharf|Heights|Loop|Alley|Plaza|Broadway)\b(?:\.(?=,))?"
)
_POSTCODE: Final = (
    r"(?:[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[\dW] ?[A-Z\d]{4}|[A-Z]\d[A-Z] ?\d[A-Z]\d"
    r"|[A-Z]{2} \d{5}(?:-\d{4})?"
    r"|\d{2}-\d{3}|\d{4}-\d{3}|\d{5}-\d{3}|\d{4} ?[A-Z]{2}|\d{4,6})"
)
_TOWN: Final = rf"(?:{_POSTCODE} {_TOWN_NAME}|{_TOWN_NAME} {_POSTCODE}|{_POSTCODE}|{_TOWN_NAME})"
_TAIL: Final = rf"(?:,? (?:{_UNIT}|\d\.º \w{{3}}\.?)|, {_TOWN})*"

_PATTERNS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        # 27 Crabtree Lane, Sheffield S5 7AY; Apartment 9, 310 Harbour Drive, Portland, OR 97209
        rf"(?:{_UNIT},? )?\b\d{{1,5}}(?:[/-]\d{{1,4}})?[A-Za-z]?,? {_CAPS} {_STREET}"
        rf"(?: (?:North|South|East|West|[NSEW]))?(?: \d{{1,4}}\b)?{_TAIL}",
        # Hollow Lane, Tewkesbury GL20 5RT
        rf"\b{_CAPS} {_STREET}, {_CAPS} {_POSTCODE}",
        # 7 Quarry Bank, Matlock DE4 3PF
        rf"\b\d{{1,4}}[A-Za-z]?,? {_CAPS}, {_TOWN_NAME},? {_POSTCODE}\b",
        # Blk 128 Bedok North Avenue 2
        rf"\b{_UNIT},? {_CAPS} {_STREET}(?: \d{{1,4}}\b)?{_TAIL}",
        # P.O. Box 318, Lititz, PA 17543
        rf"\bP\.? ?O\.? ?Box \d+{_TAIL}",
        # Lindenstraße 14, 50674 Köln; Am Mühlbach 7a, 83022 Rosenheim
        r"\b[A-ZÄÖÜ][\wäöüß-]*(?:stra(?:ß|ss)e|str\.|weg|platz|gasse|allee|ufer|damm|ring"
        r"|chaussee|markt|hof|berg)"
        rf" \d{{1,4}}[a-z]?\b(?:, \d{{4,5}} {_TOWN_NAME})?",
        rf"\b{_CAPS} \d{{1,4}}[a-z]?, \d{{4,5}} {_TOWN_NAME}",
        # 12 rue des Tanneurs, 37000 Tours
        r"\b\d{1,4}(?: ?(?:bis|ter))?,? (?:[Rr]ue|[Aa]venue|av\.|[Bb]oulevard|bd|place|chemin"
        r"|allée|impasse|quai|cours|route|square|passage)"
        rf" (?:(?:de|des|du|la|le|les|d['’]|l['’]) ?)*{_CAPS}(?:, \d{{5}} {_TOWN_NAME})?",
        # Calle de la Paloma 23, 28005 Madrid; Via Garibaldi 45, 40121 Bologna; Rua Nova, 210, Rio
        r"\b(?:(?i:rue|chemin|avenue|boulevard|quai|route|allée|calle|avenida|rua|via|viale)"
        r"|Strada|Bulevardul|Jalan"
        r"|Calle|C/|Avenida|Av\.|Avda\.|Plaza|Paseo|Camino|Via|Viale|Piazza|Corso|Vicolo|Rua"
        r"|Travessa|Praça|Largo"
        r"|Alameda|ul\.|al\.|os\.|pl\.|ulica|ул\.|улица|проспект|пр\.)"
        rf" (?:(?:de|del|della|dei|di|da|do|das|dos|du|des|la|le|las|les|los|el"
        rf"|[dl]['’]) ?)*{_CAPS},? (?:д\. ?)?\d{{1,4}}[a-z]?\b(?:, кв\. ?\d+)?{_TAIL}",
        # a postcode with letters, alone
        r"\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b",
    )
)


def find_addresses(text: str) -> Iterator[Span]:
    """Find street addresses with town and postcode, as written in eight countries.

    Args:
        text: Any text.

    Yields:
        Spans of kind `ADDRESS`.
    """
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            yield Span(*match.span(), "ADDRESS")
