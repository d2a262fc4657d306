"""Canaries: random private values. If one appears in a request, private text has leaked."""

from __future__ import annotations

import random
from dataclasses import dataclass, fields
from typing import Final

_SYLLABLES: Final = ("bra", "quo", "vex", "zim", "lor", "dax", "fen", "jul", "ksi", "tho", "wyl")


@dataclass(frozen=True, slots=True)
class Canaries:
    """Private values of several kinds, and a document that contains them.

    Attributes:
        name: A person's name.
        email: An e-mail address.
        phone: An international telephone number.
        iban: An account number with a correct checksum.
        amount: A sum in euros.
        word: An invented word.
    """

    name: str
    email: str
    phone: str
    iban: str
    amount: str
    word: str

    @property
    def values(self) -> tuple[str, ...]:
        """All values."""
        return tuple(str(getattr(self, field.name)) for field in fields(self))

    @property
    def document(self) -> str:
        """A private note that contains each value once."""
        return (
            f"My name is {self.name}, my e-mail is {self.email} and my phone is {self.phone}.\n"
            f"The rent of {self.amount} goes to {self.iban}. Our password is {self.word}."
        )


def make_canaries(seed: int | None = None) -> Canaries:
    """Make random canaries.

    Args:
        seed: Equal seeds give equal canaries; None gives new ones.
    """
    chance = random.Random(seed)
    first, last, word = (_word(chance) for _ in range(3))
    account = f"{chance.randrange(10**18):018d}"
    return Canaries(
        name=f"{first.capitalize()} {last.capitalize()}",
        email=f"{first}.{last}@{_word(chance)}.example",
        phone=f"+49 30 {chance.randrange(10**6, 10**7)}",
        iban=f"DE{98 - int(account + '131400') % 97:02d}{account}",
        amount=f"{chance.randrange(1000, 9999)}.{chance.randrange(10, 99)} EUR",
        word=word,
    )


def _word(chance: random.Random) -> str:
    return "".join(chance.choices(_SYLLABLES, k=4))
