"""Detector of telephone, card, bank account and identity numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from typing import Final

from cogenesis_langchain.privacy.detectors.spans import Span

_CARD: Final = re.compile(r"(?<![A-Za-z0-9_.-])\d(?:[ -]?\d){12,18}(?![A-Za-z0-9_-])")
_LAST_FOUR: Final = re.compile(
    r"\b(?:card|visa|mastercard|amex|karte|carte|tarjeta|carta|cartão)\b[^.\n]{0,30}?"
    r"\b(?:ending(?:\s+(?:in|with))?|ends\s+(?:in|with)|last\s+four(?:\s+digits)?|endet\s+auf"
    r"|se\s+terminant\s+par"
    r"|terminada\s+en)\s*:?\s*(\d{4})\b",
    re.IGNORECASE,
)
_IBAN: Final = re.compile(r"(?<![A-Za-z0-9_])[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}(?![A-Za-z0-9_])")
_ACCOUNT: Final = re.compile(
    r"\b(?:account|acct|routing|sort\s+code|konto(?:nummer|nr)?|blz|compte|cuenta|conto|conta)\b"
    r"(?:\s+(?:no|number|num|nr|n[°º]|nummer))?\.?\s*(?:is|:|#)?\s*(\d[\d -]{4,20}\d)\b",
    re.IGNORECASE,
)
_PHONE: Final = re.compile(
    r"(?<![A-Za-z0-9_./:@#-])(?:\+|00|\()?\d(?:[ \u00a0.()/-]{0,3}\d){5,16}(?![\w@]|[-/.:]\d)"
)
_PHONE_CUE: Final = re.compile(
    r"(?:phone|tel|telephone|cell|mobile|call|ring|text|fax|sms|whatsapp|reach(?:ed|able)?|line"
    r"|number|contact"
    r"|telefon|handy|mobil|erreichbar|téléphone|portable|numéro|joignable|teléfono|móvil|telefono"
    r"|cellulare|chiamami"
    r"|telefone|celular|телефон|номер|тел|电话|手机|電話|連絡先|전화|मोबाइल|फ़ोन|الهاتف|טלפון"
    r"|โทรศัพท์|τηλέφωνο|telefonu)"
    r"\w*\.?[^\d\n]{0,25}\Z",
    re.IGNORECASE,
)
_CUE_REACH: Final = 45
# Countries whose national numbers are recognised without a country code.
_REGIONS: Final = [
    "US", "GB", "DE", "FR", "ES", "IT", "PT", "BR", "NL", "BE", "CH", "AT", "IE", "PL", "SE",
    "NO", "DK", "FI", "RU", "UA", "GR", "TR", "IN", "CN", "JP", "KR", "AU", "NZ", "ZA", "MX",
    "AR", "IL", "AE", "SG",
]  # fmt: skip
_MIN_NATIONAL_DIGITS: Final = 9
_MIN_INTERNATIONAL_DIGITS: Final = 10

# Formats of identity numbers, each with the module of python-stdnum that checks it.
_IDENTITY_NUMBERS: Final = (
    (r"\d{3}-\d{2}-\d{4}", "us.ssn"),
    (r"[A-CEGHJ-PR-TW-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D]", None),
    (r"\d{3} ?\d{3} ?\d{4}", "gb.nhs"),
    (r"[XYZ]?\d{7,8}-?[A-Z]", "es.dni"),
    (r"[A-Z]{6}\d\d[A-Z]\d\d[A-Z]\d{3}[A-Z]", "it.codicefiscale"),
    (r"[12] ?\d\d ?\d\d ?\d\d ?\d{3} ?\d{3} ?\d\d", "fr.nir"),
    (r"\d{3}\.?\d{3}\.?\d{3}-?\d\d", "br.cpf"),
    (r"\d{2} ?\d{3} ?\d{3} ?\d{3}", "de.idnr"),
    (r"\d{11}", "pl.pesel"),
    (r"\d{6}[-+]?\d{4}", "se.personnummer"),
    (r"\d{17}[\dXx]", "cn.ric"),
    (r"\d{4} ?\d{4} ?\d{4}", "in_.aadhaar"),
    (r"[A-Z]{2}[A-Z0-9]{8,12}", "eu.vat"),
)


def find_identifying_numbers(text: str) -> Iterator[Span]:
    """Find card, bank account, identity and telephone numbers.

    Args:
        text: Any text.

    Yields:
        Spans. A number with a checksum counts if the checksum is correct. A telephone number
        counts if it has a country code, follows a word such as "call", or is valid in one of the
        listed countries.
    """
    yield from _cards(text)
    yield from _accounts(text)
    yield from _identity_numbers(text)
    yield from _telephones(text)


def _cards(text: str) -> Iterator[Span]:
    from stdnum import luhn

    for match in _CARD.finditer(text):
        if luhn.is_valid(re.sub(r"\D", "", match[0])):
            yield Span(*match.span(), "CARD")
    for match in _LAST_FOUR.finditer(text):
        yield Span(*match.span(1), "CARD")


def _accounts(text: str) -> Iterator[Span]:
    from stdnum import iban

    for match in _IBAN.finditer(text):
        # The pattern may have taken the next word for the last group of the number.
        candidate = match[0]
        while candidate and not iban.is_valid(candidate, check_country=False):
            candidate = candidate.rpartition(" ")[0]
        if candidate:
            yield Span(match.start(), match.start() + len(candidate), "ACCOUNT")
    for match in _ACCOUNT.finditer(text):
        yield Span(*match.span(1), "ACCOUNT")


@cache
def _checksums() -> tuple[tuple[re.Pattern[str], Callable[[str], bool]], ...]:
    """Return the patterns of identity numbers with their validators.

    A format without a checksum is valid if it matches (`bool` of a non-empty string).
    """
    return tuple(
        (
            re.compile(rf"(?<![A-Za-z0-9_.-])(?:{shape})(?![A-Za-z0-9_-]|\.\d)"),
            import_module(f"stdnum.{module}").is_valid if module else bool,
        )
        for shape, module in _IDENTITY_NUMBERS
    )


def _identity_numbers(text: str) -> Iterator[Span]:
    for pattern, is_valid in _checksums():
        for match in pattern.finditer(text):
            if is_valid(match[0]):
                yield Span(*match.span(), "ID")


def _telephones(text: str) -> Iterator[Span]:
    for match in _PHONE.finditer(text):
        has_cue = bool(_PHONE_CUE.search(text, max(0, match.start() - _CUE_REACH), match.start()))
        if _is_telephone(match[0], has_cue=has_cue):
            yield Span(*match.span(), "PHONE")


def _is_telephone(written: str, *, has_cue: bool) -> bool:
    import phonenumbers

    digits = re.sub(r"\D", "", written)
    international = written.startswith(("+", "00"))
    if has_cue and len(digits) >= 6:
        return True
    if written.startswith("+") and len(digits) >= _MIN_INTERNATIONAL_DIGITS:
        return True
    if not international and len(digits) < _MIN_NATIONAL_DIGITS:
        return False
    for region in (None,) if written.startswith("+") else _REGIONS:
        try:
            number = phonenumbers.parse(written, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return True
    return False
