"""Detector of passwords and the like, which a text names as such: "the password is ..."."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from cogenesis_langchain.privacy.detectors.spans import Span

_WORD: Final = (
    r"\b(?:passwords?|pass(?:word|phrase|code|key)|pin(?:[ -]?code)?|(?:access|door|security|unlock"
    r"|verification|secret)[ -](?:code|key)|api[ _-]key|access[ _-]token|passwor[td]|kennwort"
    r"|zugangscode|mot de passe|code secret|contraseña|clave|senha|parola d'ordine|wachtwoord"
    r"|lösenord|passord|adgangskode|salasana|hasło|heslo|jelszó|parolă|пароль|şifre)"
)
_IS: Final = r"(?:to|is|was|as|auf|ist|lautet|est|es|è|é|är|naar|till?|на)"
_QUOTED: Final = re.compile(
    rf"{_WORD}[\"']?(?:\s*[:=]|\s{_IS}:?\s)\s*"
    r"(?:\"(?P<a>[^\"\n]{1,100})\"|'(?P<b>[^'\n]{1,100})'(?!\w)|“(?P<c>[^”\n]{1,100})”"
    r"|‘(?P<d>[^’\n]{1,100})’|«(?P<e>[^»\n]{1,100})»|„(?P<f>[^“”\n]{1,100})[“”]"
    r"|`(?P<g>[^`\n]{1,100})`)",
    re.IGNORECASE,
)
# "password=swordfish", and a word that ends its line: "Password: swordfish".
_ASSIGNED: Final = re.compile(
    rf"{_WORD}(?:=|\s=\s|:[ \t]*(?=\S+[ \t]*$))(?P<secret>[^\s\"']{{3,}})",
    re.IGNORECASE | re.MULTILINE,
)
_BARE_SECRET: Final = r"[^\s\"'“‘«„`]\S{2,}"
_BARE: Final = re.compile(
    rf"{_WORD}(?::|\s(?:{_IS}|from|in|into):?)\s+(?P<secret>{_BARE_SECRET})", re.I
)
_CHANGED: Final = re.compile(
    rf"{_WORD}\sfrom\s\S+\s(?:in)?to\s(?P<secret>{_BARE_SECRET})", re.IGNORECASE
)
_AFTER: Final = "\"'”’»“`.,;:)?"
# What a bare word after "password to" may be as well: a year, a count, another way of signing in.
_ORDINARY: Final = re.compile(
    r"(?:19|20)\d\d|\d{1,2}-(?:digit|character|letter|word|stellig)\w*|\d{1,3}(?:[./]\d+)?|o?auth\W?\d?(?:\.\d)?|[2-9]fa|fido\d?"
    r"|(?:sha|md|aes|rsa|base|utf)-?\d+",
    re.IGNORECASE,
)


def find_secrets(text: str) -> Iterator[Span]:
    """Find passwords, PINs and keys behind the word for them.

    In quotes and after an equals sign a secret may be of any words. Elsewhere it holds a digit.

    Args:
        text: Any text.

    Yields:
        Spans of kind `ID`.
    """
    for match in _QUOTED.finditer(text):
        group = str(match.lastgroup)
        yield Span(match.start(group), match.end(group), "ID")
    for match in _ASSIGNED.finditer(text):
        yield from _secret(match)
    for pattern in (_BARE, _CHANGED):
        for match in pattern.finditer(text):
            written = match["secret"].strip(_AFTER)
            if any(map(str.isdigit, written)) and not _ORDINARY.fullmatch(written):
                yield from _secret(match)


def _secret(match: re.Match[str]) -> Iterator[Span]:
    start, written = match.start("secret"), match["secret"]
    start += len(written) - len(written.lstrip(_AFTER))
    if secret := written.strip(_AFTER):
        yield Span(start, start + len(secret), "ID")
