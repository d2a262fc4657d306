"""Detector of passwords and the like, which a text names as such: "the password is ..."."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from cogenesis_langchain.privacy.detectors.spans import Span

_WORD: Final = (
    r"(?<![^\W\d_])(?:passwords?|pass(?:word|phrase|code|key)|pin(?:[ -]?code)?|(?:access|door"
    r"|security|unlock|verification|secret)[ _-](?:code|key)|api[ _-]key|access[ _-]token"
    r"|passwor[td]|kennwort|zugangscode|mot de passe|code secret|contraseña|clave|senha"
    r"|parola d'ordine|wachtwoord|lösenord|passord|adgangskode|salasana|hasło|heslo|jelszó|parolă"
    r"|пароль|şifre)"
)
_IS: Final = (
    r"(?:to|is|was|as|be|auf|zu|ist|lautet|est|en|es|por|para|è|é|är|naar|till?|na|на|into)"
)
_IN_QUOTES: Final = (
    r"(?:\"(?P<a>[^\"\n]{1,100})\"|'(?P<b>[^'\n]{1,100})'(?!\w)|“(?P<c>[^”\n]{1,100})”"
    r"|‘(?P<d>[^’\n]{1,100})’|«(?P<e>[^»\n]{1,100})»|„(?P<f>[^“”\n]{1,100})[“”]"
    r"|`(?P<g>[^`\n]{1,100})`)"
)
_BARE: Final = r"(?P<bare>[^\s\"'“‘«„`]\S{2,})"
_QUOTED: Final = re.compile(
    rf"{_WORD}[\"']?(?:\s*[:=]|\s(?:{_IS}|from):?\s)\s*{_IN_QUOTES}", re.IGNORECASE
)
_CHANGED: Final = re.compile(
    rf"{_WORD}\sfrom\s(?:\S+|[\"'“‘«][^\n]{{1,100}}?[\"'”’»])\s(?:in)?to\s(?:{_IN_QUOTES}|{_BARE})",
    re.IGNORECASE,
)
# "password=swordfish", and a form: "Password: swordfish" as a line of its own.
_ASSIGNED: Final = (
    re.compile(rf"{_WORD}\s*=\s*{_BARE}", re.IGNORECASE),
    re.compile(
        rf"^[\s>*-]*(?:(?:my|the|your)\s)?{_WORD}[ \t]*:[ \t]*{_BARE}(?=[ \t\r]*$)",
        re.IGNORECASE | re.MULTILINE,
    ),
)
_TOLD: Final = re.compile(rf"{_WORD}(?:\s*:|\s(?:is|was|ist|lautet|est|es):?\s)\s*{_BARE}", re.I)
_SET: Final = re.compile(
    rf"(?:{_WORD}\s(?:{_IS}|from):?|(?:passwort|kennwort)\sin)\s+{_BARE}", re.IGNORECASE
)
_AFTER: Final = "\"'”’»“`.,;:)?"
# What a bare word after "password to" may be as well: a year, a count, another way of signing in.
_ORDINARY: Final = re.compile(
    r"(?:19|20)\d\d|\d{1,2}-(?:digit|character|letter|word|stellig)\w*|\d{1,3}(?:[./-]\d+)?"
    r"|o?auth\W?\d?(?:\.\d)?|[2-9]fa|fido\d?|(?:sha|md|aes|rsa|base|utf|argon)-?\d+\w{0,2}",
    re.IGNORECASE,
)
# After "the password is" a year is a password, but "2 digits" are not.
_SHORT_COUNT: Final = re.compile(
    r"\d{1,2}-(?:digit|character|letter|word|stellig)\w*|\d{1,3}(?:[./-]\d+)?", re.IGNORECASE
)


def find_secrets(text: str) -> Iterator[Span]:
    """Find passwords, PINs and keys behind the word for them.

    In quotes, after an equals sign and in a line of its own a secret may be of any words. Elsewhere
    it holds a digit.

    Args:
        text: Any text.

    Yields:
        Spans of kind `ID`.
    """
    for pattern in (_QUOTED, *_ASSIGNED):
        for match in pattern.finditer(text):
            yield from _secret(match)
    for pattern, allowed in ((_TOLD, _SHORT_COUNT), (_SET, _ORDINARY), (_CHANGED, _ORDINARY)):
        for match in pattern.finditer(text):
            bare = match["bare"]
            written = bare and bare.strip(_AFTER)
            if bare is None or (any(map(str.isdigit, written)) and not allowed.fullmatch(written)):
                yield from _secret(match)


def _secret(match: re.Match[str]) -> Iterator[Span]:
    """Yield the group that has matched, a bare one without the signs around it."""
    group = str(match.lastgroup)
    start, written = match.start(group), match[group]
    if group == "bare":
        start += len(written) - len(written.lstrip(_AFTER))
        written = written.strip(_AFTER)
    if written:
        yield Span(start, start + len(written), "ID")
