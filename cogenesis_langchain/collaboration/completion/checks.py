"""Checks of sentences: they copy the prompt's example, echo a description, repeat the text."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from cogenesis_langchain.collaboration.completion.copying.copy_rules import WORD
from cogenesis_langchain.collaboration.completion.units import Unit
from cogenesis_langchain.collaboration.content.content_selection import telling_stems
from cogenesis_langchain.collaboration.content.sentences import SENTENCE_END
from cogenesis_langchain.prompts import TEMPLATE_EXAMPLE

_BRACKETED: Final = re.compile(r"\[([^\]]+)\]")
_LONG_DESCRIPTION: Final = 5  # words; shorter ones are the same by chance
_LEAST_WORDS: Final = 5  # telling words of a sentence that can be a repetition
_LONG_WORD: Final = 4
_STEM: Final = 6  # words that begin with the same letters count as forms of one word
_REPEATED: Final = 0.75  # share of the words of an earlier sentence


def copies_example(unit: Unit, instruction: str) -> bool:
    """Whether a sentence of a template comes from the example in the cloud model's prompt.

    When a weak cloud model has nothing more to say, it goes on with the example. The notes would
    fill the slots of such a sentence with whatever resembles them.

    Args:
        unit: The sentence. It is a copy if a long description of it stands in the example, and the
            sentence shares no telling word with the instruction.
        instruction: What the template was written for.
    """
    descriptions = {_described(slot.description) for slot in unit.slots}
    if not descriptions & _descriptions_of_example():
        return False
    said = " ".join((unit.words, *descriptions))
    return not telling_stems(said) & telling_stems(instruction)


@cache
def _descriptions_of_example() -> frozenset[str]:
    found = map(_described, _BRACKETED.findall(TEMPLATE_EXAMPLE[1].fill({})))
    return frozenset(one for one in found if len(one.split()) >= _LONG_DESCRIPTION)


def _described(description: str) -> str:
    return description.rpartition(":")[2].strip().casefold()


def echoes(text: str, description: str) -> bool:
    """Whether a slot repeats its description in place of an answer."""
    words = WORD.findall(text)
    if any(word[0].isupper() or word[0].isdigit() for word in words[1:]):
        return False
    long = [word.casefold()[:_STEM] for word in words if len(word) >= _LONG_WORD]
    described = {word.casefold()[:_STEM] for word in WORD.findall(description)}
    return bool(long) and sum(word in described for word in long) >= _REPEATED * len(long)


def repeats(sentence: str, written: str) -> bool:
    """Whether the words of a sentence stand together in an earlier one."""
    words = _long_words(sentence)
    if len(words) < _LEAST_WORDS:
        return False
    return any(
        len(words & _long_words(earlier)) >= _REPEATED * len(words)
        for earlier in SENTENCE_END.split(written)
    )


def begins_with(sentence: str, earlier: str) -> bool:
    """Whether a sentence says an earlier one again, word by word, and goes on."""
    words, before = WORD.findall(sentence.casefold()), WORD.findall(earlier.casefold())
    return 0 < len(before) < len(words) and words[: len(before)] == before


def _long_words(text: str) -> frozenset[str]:
    return frozenset(word.casefold() for word in WORD.findall(text) if len(word) >= _LONG_WORD)
