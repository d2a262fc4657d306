"""Detector of mail addresses, URLs, network addresses and identifiers, by regular expressions."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Final

from cogenesis_langchain.privacy.detectors.lexicons.words import LANGUAGES, zipf
from cogenesis_langchain.privacy.detectors.spans import Span

_EMAIL: Final = re.compile(
    r"(?<![A-Za-z0-9À-ɏ_.+%-])[A-Za-z0-9À-ɏ_.+%-]{1,64}+@[\w-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+"
)
_URL: Final = re.compile(
    r"(?:(?:https?|ftp|sftp|ssh)://|www\.)[^\s<>\"'、。，]+[\w/]", re.IGNORECASE
)
_IP: Final = re.compile(
    r"(?<![\w.:-])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7})(?![\w:]"
    r"|\.\d)"
)
_MAC: Final = re.compile(r"\b[0-9a-fA-F]{2}(?:[:-][0-9a-fA-F]{2}){5}\b")
_HANDLE: Final = re.compile(r"(?<![\w@.])@[A-Za-z_](?:[\w.-]{0,30}\w)")
_SNAKE: Final = re.compile(r"(?<![\w@./-])[A-Za-z]\w*?_\w*[A-Za-z]\w*\b")

_CODE: Final = r"#?[A-Za-z0-9]+(?:[-/_.:][A-Za-z0-9]+)*"
_CUE: Final = re.compile(
    r"\b(?:(?:number|no|nr|num|id|ref|reference|code|key|file|case|docket|ticket|order|policy"
    r"|booking|confirmation"
    r"|reservation|invoice|claim|parcel|passport|licen[cs]e|plate|certificate|serial|tracking"
    r"|flight|account|member"
    r"|membership|employee|staff|student|pupil|patient|customer|client|mrn|ssn|ein|vat|tax|dni"
    r"|nie|cpf|cnpj|nif|nin"
    r"|pesel|steuernummer|aktenzeichen|kundennummer|versichertennummer|rechnungsnummer"
    r"|personalnummer|matrikelnummer"
    r"|facture|dossier|commande|contrat|factura|pedido|expediente|fattura|pratica|ordine|fatura"
    r"|processo|bib|seat"
    r"|microchip|upn|po|sample|participant|wallet|pin|login|user(?:name)?)\b\.?|n[°º]\.?|№)"
    r"(?:\s+(?:number|no\.?|nr\.?|id|code|ref(?:erence)?|n[°º]|#))?(?:\s+(?:is|was"
    r"|on\s+file\s+is))?"
    rf"[\s:#(=]{{1,3}}({_CODE}(?: \d{{2,4}}\b(?!\s*(?:%|kg|km|am|pm)))*)",
    re.IGNORECASE,
)
# \b would see no boundary between a code and a Chinese word, so the boundaries are ASCII classes.
_SHAPE: Final = re.compile(rf"(?<![A-Za-z0-9_@/.:#'’-]){_CODE}(?![A-Za-z0-9_@])")
_SPACED: Final = re.compile(
    r"\b(?!AD|BC|HTTP|ISO|UTC|GMT|TOP|AM|PM)[A-Z]{1,4} [A-Z]?\d{3,15}(?:[- ]\d{1,4})*\b(?![:/.]\d)"
)
# Licence plates and similar codes: alternating groups of capitals and digits.
_PLATE: Final = re.compile(
    r"\b(?:[A-Z]{1,3}[ -]\d{1,4}[ -][A-Z]{1,3}|\d{1,4}[ -][A-Z]{1,3}[ -]\d{1,4}"
    r"|[A-Z]{2}\d{2} [A-Z]{3}|[A-Z]{1,3}-[A-Z]{1,2} \d{1,4}|[A-Z]{3} \d{3,4}|\d{4} [A-Z]{3})\b"
)
_LONG_NUMBER: Final = re.compile(r"(?<![A-Za-z0-9_.,/-])\d{5,}(?![A-Za-z0-9_]|[.,/-]\d)")
_GROUPED_NUMBER: Final = re.compile(
    r"(?<![A-Za-z0-9_.,/-])(?!(?:19|20)\d\d-)\d{2,}(?:-\d{2,})+(?![A-Za-z0-9_]|[.,/-]\d)"
)
_LOGIN: Final = re.compile(
    r"\b(?:user(?:name)?|login|account|handle|alias|nick(?:name)?|benutzer|usuario|utente)"
    r"[\s:=\"'`]+([A-Za-z][\w-]*[_\d][\w.-]*)",
    re.IGNORECASE,
)
# Not identifiers, although they have letters and digits: ordinals, quantities, times, versions.
_NO_IDENTIFIER: Final = re.compile(
    r"\d+(?:st|nd|rd|th|er|º|ª)|\d[\d.,]*[A-Za-zµ²°]{1,5}|v?\d+(?:\.\d+)+\w{0,3}|(?:19|20)?\d0'?s"
    r"|\d{1,2}[hH:]\d{2}\w{0,2}"
    r"|[A-Za-z]+\d{1,2}|[A-Za-z]{1,2}-\d|[A-Za-z]{3,}-\d{1,2}|\d{1,3}-[A-Za-z-]+"
    r"|[A-Za-z]+-(?:19|20)\d\d|(?:19|20)\d\d-[A-Za-z]+"
    r"|mp[34]|utf-?\d+|sha-?\d+"
    r"|iso\d+|h1n1|covid-19|\d+x\d+(?:px)?|[A-Za-z]{3,4}-\d{1,2}[A-Za-z]?"
    r"|\d{1,2}-[A-Za-z]{3,9}-\d{2,4}",
    re.IGNORECASE,
)
_MIN_DIGITS: Final = 3
_CUE_REACH: Final = 40
_SHORTEST_MIXED: Final = 5
_DIGIT_INSIDE: Final = re.compile(r"[A-Z]\d+[A-Z]")  # QX7LMR
# "seat 31F", "class 3C", "flat 3/1", "Discord kiln#4471"
_LETTERED: Final = re.compile(
    r"(?<!\w)([^\W\d_]{3,})\s(?:\d{1,4}-?[A-Za-z]|[A-Z]-?\d{1,4}|\d{1,3}/\d{1,3})(?![\w/])"
)
_TAGGED: Final = re.compile(r"(?<!\w)\w{2,}#\d{3,}\b")
_MAX_LABEL_ZIPF: Final = 5.6  # not "about 5g"


def find_patterns(text: str) -> Iterator[Span]:
    """Find mail addresses, URLs, network addresses and identifiers.

    Args:
        text: Any text.

    Yields:
        Spans. An identifier is a code with a label ("order no."), or one of letters and digits.
    """
    yield from find_network_addresses(text)
    for match in _LETTERED.finditer(text):
        if zipf(match[1], *LANGUAGES) < _MAX_LABEL_ZIPF:
            yield Span(*match.span(), "ID")
    for pattern in (_HANDLE, _SNAKE, _TAGGED):
        for match in pattern.finditer(text):
            yield Span(*match.span(), "ID")
    for code in find_labelled_codes(text):
        yield code
        if cue := _CUE.search(text, max(0, code.start - _CUE_REACH), code.end):
            yield Span(cue.start(), code.end, "ID")
    for match in _LOGIN.finditer(text):
        yield Span(*match.span(1), "ID")
    for pattern in (_LONG_NUMBER, _GROUPED_NUMBER, _PLATE):
        for match in pattern.finditer(text):
            yield Span(*match.span(), "ID")
    for pattern in (_SHAPE, _SPACED):
        for match in pattern.finditer(text):
            if _looks_like_identifier(match[0]):
                yield Span(*match.span(), "ID")


def find_network_addresses(text: str) -> Iterator[Span]:
    """Find mail addresses, URLs, IP addresses and MAC addresses."""
    for match in _EMAIL.finditer(text):
        yield Span(*match.span(), "EMAIL")
    for match in _URL.finditer(text):
        yield Span(*match.span(), "URL")
    for match in _IP.finditer(text):
        if _is_ip(match[0]):
            yield Span(*match.span(), "IP")
    for match in _MAC.finditer(text):
        yield Span(*match.span(), "ID")


def find_labelled_codes(text: str) -> Iterator[Span]:
    """Find codes with a digit after a label such as "order no." or "MRN"."""
    for match in _CUE.finditer(text):
        if any(letter.isdigit() for letter in match[1]) and not _is_ordinary(
            match[1], labelled=True
        ):
            yield Span(*match.span(1), "ID")


def _is_ip(written: str) -> bool:
    try:
        address = ipaddress.ip_address(written)
    except ValueError:
        return False
    return address.version == 4 or len(written) > len("::ffff")


def _looks_like_identifier(code: str) -> bool:
    digits = sum(letter.isdigit() for letter in code)
    letters = sum(letter.isalpha() for letter in code)
    if not letters or not digits or _is_ordinary(code, labelled=False):
        return False
    if len(code) >= _SHORTEST_MIXED and code.isupper() and _DIGIT_INSIDE.search(code):
        return True
    return digits >= _MIN_DIGITS or (digits >= 2 and (code.isupper() or code.count("-") >= 2))


def _is_ordinary(code: str, *, labelled: bool) -> bool:
    """Return whether a code is an ordinal, a quantity, a version or a small number."""
    if labelled and (code.isdigit() or code[0].isalpha()):
        return code.isdigit() and len(code) <= _MIN_DIGITS
    return _NO_IDENTIFIER.fullmatch(code) is not None
