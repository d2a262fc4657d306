"""Sanitises what the cloud model returns: invisible characters, links, markup, orders.

A sketch has no use for links, images, markup or chat-control tokens, and an outline has no use for
orders to the model that follows it. An answer that holds one of them, in any spelling, is refused
as a whole. Invisible characters, which can carry text that no reader sees, are removed.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final, Literal

_HIDDEN: Final = frozenset({"Cc", "Cf", "Co", "Cn", "Cs"})
_LINK: Final = re.compile(
    r"\b[a-z][a-z0-9+.-]*://|\b(?:data|javascript|vbscript|mailto|tel|file):\S|www\.|"
    r"\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}/|"
    r"\b\d{1,3}(?:\.\d{1,3}){3}\b",
    re.I,
)
# Many programs make a link of it. Abbreviations such as "z.B." have parts of one letter.
_DOMAIN: Final = re.compile(r"[^\W_][\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,}(?!\w)")
_MARKUP: Final = re.compile(
    r"!?\[[^\]]*\]\s*[(\[:]|</?[a-z!][^>]*>|&(?:#\w+|lt|gt|amp|quot|nbsp);|"
    r"<\||\|>|\[/?INST\]|<</?SYS>>|```|\$\$|\\\(",
    re.I,
)
_ROLE: Final = re.compile(
    r"^\W*(?:\d{1,2}\W+)?(?:system|assistant|user|human|developer|instruction)\s*:", re.I | re.M
)
_ORDER: Final = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b[^\n]{0,30}"
    r"\b(?:above|previous|prior|earlier|rules?|instructions?|guidelines|prompt|notes)\b|"
    r"\b(?:your|all|every|user's|private|system|developer)\s+"
    r"(?:notes|prompt|profile|secrets|instructions|message)\b|"
    r"\b(?:verbatim|word for word|base64)\b|"
    r"\byou are (?:now|(?:an? )?(?:ai|assistant|model|system|chatbot))\b",
    re.I,
)


def strip_invisible(text: str) -> str:
    """Take out control, format and unassigned characters; line breaks and tabs stay."""
    return "".join(
        character
        for character in text
        if character in "\n\t" or unicodedata.category(character) not in _HIDDEN
    )


def has_links_or_markup(text: str, instruction: str = "") -> bool:
    """Whether a text holds a link, markup or a chat-control token.

    Args:
        text: The result of `strip_invisible`. Compatibility forms, such as full-width letters, are
            read as plain letters.
        instruction: The general instruction. What looks like a domain is accepted if it stands
            there: "Node.js".
    """
    plain = unicodedata.normalize("NFKC", text)
    if _LINK.search(plain) or _MARKUP.search(plain):
        return True
    asked = unicodedata.normalize("NFKC", instruction)
    accepted = {domain.casefold() for domain in _DOMAIN.findall(asked)}
    return any(domain.casefold() not in accepted for domain in _DOMAIN.findall(plain))


def find_misuse(text: str, instruction: str = "") -> Literal["markup", "order"] | None:
    """Return what a description must not hold and this text does.

    Args:
        text: As for `has_links_or_markup`.
        instruction: As for `has_links_or_markup`.
    """
    if has_links_or_markup(text, instruction):
        return "markup"
    plain = unicodedata.normalize("NFKC", text)
    if _ROLE.search(plain) or _ORDER.search(plain):
        return "order"
    return None
