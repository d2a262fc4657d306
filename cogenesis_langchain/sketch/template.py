"""The template: a complete public text with bracketed descriptions in place of unknown details.

The cloud model writes the template from the general instruction alone. Its own words are
*literals*; a bracketed description such as ``[date of the visit]`` is a *slot*, which the local
model fills in. An answer is checked before it is used: links, markup, control tokens, nested
brackets or an unusual number of brackets make it unusable. The template of a question is its
answer, which may be short and need no slot. It may become a hint to the local model, so its
literals may hold no orders either. Nothing in a template is executed or followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

from cogenesis_langchain.models.base import CloudTextModel, PublicMessage
from cogenesis_langchain.privacy.border import EgressPermit
from cogenesis_langchain.privacy.placeholders import Placeholders
from cogenesis_langchain.privacy.text import PublicText
from cogenesis_langchain.prompts import (
    ANSWER_EXAMPLE,
    ANSWER_FAULTS,
    ANSWER_REQUEST,
    ANSWER_RETRY,
    ANSWER_SYSTEM,
    TEMPLATE_EXAMPLE,
    TEMPLATE_FAULTS,
    TEMPLATE_REQUEST,
    TEMPLATE_RETRY,
    TEMPLATE_SYSTEM,
    PublicTemplate,
)
from cogenesis_langchain.sketch.attempts import Fault, Parsed, request_twice
from cogenesis_langchain.sketch.outline import MAX_POINT_WORDS, MAX_POINTS, Outline, is_plain
from cogenesis_langchain.sketch.question import is_question
from cogenesis_langchain.sketch.sanitiser import (
    find_misuse,
    has_links_or_markup,
    strip_invisible,
)
from cogenesis_langchain.sketch.unwrapping import loops, unwrapped

MAX_CHARACTERS: Final = 8000
MAX_SLOTS: Final = 60
MIN_LITERAL_WORDS: Final = 15

SlotKind = Literal["name", "value", "phrase", "sentences"]

_SLOT: Final = re.compile(r"\[([^\[\]\n]{1,300})\]")
_BRACKET: Final = re.compile(r"[\[\]]")
_LINK_TO: Final = re.compile(r"\]\s*\(\s*\S*[/.:#]")
_OTHER_BLANKS: Final = re.compile(r"_{3,}|\{[^}\n]{1,60}\}|\bX{3,}\b|\.{5,}")
_NUMBERS: Final[Mapping[str, int]] = {
    **{"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6},
    **{"seven": 7, "eight": 8, "nine": 9, "ten": 10},
}
_COUNT: Final = "|".join((*_NUMBERS, r"\d{1,2}"))
SENTENCES: Final = (
    rf"\b(?:(?P<low>{_COUNT})(?:\s*(?:or|to|-|–)\s*(?P<high>{_COUNT}))?\s+)?"
    r"(?:(?:short|brief|full)\s+)?(?P<unit>sentences?|paragraphs?)\b"
)
"""Pattern of how many sentences or paragraphs a slot asks for."""
_SENTENCES: Final = re.compile(SENTENCES, re.I)
_SENTENCES_OF_A_PARAGRAPH: Final = 4
_MOST_SENTENCES: Final = 6
_NAME: Final = re.compile(
    r"\b(?:names?|surname|signature|title and|addressee|recipient|form of address)\b", re.I
)
_VALUE: Final = re.compile(
    r"\b(?:dates?|days?|month|year|times?|number|amount|price|cost|sum|address|phone|telephone|"
    r"e-?mail|deadline|fee|total|age|weight|length|hours?|duration|period)\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Words:
    """Words of the cloud model, or of the instruction where a placeholder was restored."""

    text: str


@dataclass(frozen=True, slots=True)
class Slot:
    """A detail that the cloud model cannot know.

    Attributes:
        description: The bracketed words.
        kind: ``name``, ``value`` (date, number, address ...), ``phrase`` or ``sentences``.
        sentences: Most sentences of a slot of that kind; 0 otherwise.
    """

    description: str
    kind: SlotKind
    sentences: int = 0


Part = Words | Slot


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template.

    Attributes:
        parts: Literals and slots in the order of the text.
    """

    parts: tuple[Part, ...]

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The slots in order."""
        return tuple(part for part in self.parts if isinstance(part, Slot))

    def __str__(self) -> str:
        return "".join(
            part.text if isinstance(part, Words) else f"[{part.description}]" for part in self.parts
        )


def request_template(
    cloud: CloudTextModel,
    instruction: PublicText,
    permit: EgressPermit,
    placeholders: Placeholders,
) -> Template:
    """Ask the cloud model for a template, once more if the first one fails its checks.

    Args:
        cloud: The cloud model.
        instruction: The general instruction.
        permit: The border's permission.
        placeholders: Placeholders of private values in the instruction. Their originals become
            literals of the template.

    Raises:
        SketchInvalid: Neither answer is of use.
        CloudError: The cloud model failed.
        PrivacyViolation: Something added private text to the request; nothing was sent.
    """
    parse = partial(parse_template, instruction=str(instruction), placeholders=placeholders)
    asked = _ANSWER if is_question(str(instruction)) else _TEXT
    prompt = partial(_prompt, asked, instruction)
    return request_twice(cloud, permit, prompt, parse, kind="template", words=asked.faults)


def parse_template(text: str, instruction: str, placeholders: Placeholders) -> Parsed[Template]:
    """Read a template out of a cloud model's answer.

    Args:
        text: The answer.
        instruction: The general instruction as it was sent.
        placeholders: Placeholders of the instruction.
    """
    if len(text) > MAX_CHARACTERS:
        return Parsed(None, "length")
    text = unwrapped(strip_invisible(text))
    known, slots = _brackets(text, placeholders)
    fault = _fault(text, instruction, known, slots)
    if fault:
        return Parsed(None, fault)
    template = Template(tuple(_ended(list(_parts(text, placeholders)))))
    return Parsed(template, "repetition" if loops(text) else None)


def as_outline(template: Template) -> Outline:
    """The descriptions of a template as the points of an outline.

    For a template that cannot be completed: no other request is made for it.
    """
    described = (
        slot.description.replace(":", ",").split()[:MAX_POINT_WORDS] for slot in template.slots
    )
    points = dict.fromkeys(filter(is_plain, (" ".join(words) for words in described)))
    return Outline(tuple(points)[:MAX_POINTS])


def _brackets(text: str, placeholders: Placeholders) -> tuple[int, int]:
    """How many brackets are placeholders of the instruction, and how many are slots."""
    known = sum(_original(found[0], placeholders) is not None for found in _SLOT.finditer(text))
    return known, len(_SLOT.findall(text)) - known


def _fault(text: str, instruction: str, known: int, slots: int) -> Fault | None:
    if text.casefold() == instruction.casefold().strip():
        return "echo"
    bare = _SLOT.sub("it", text)
    if _BRACKET.search(bare) or slots > MAX_SLOTS:
        return "brackets"
    if _LINK_TO.search(text) or has_links_or_markup(bare, instruction):
        return "markup"
    # Descriptions become questions to the local model, so they may hold no orders either.
    if misused := find_misuse("\n".join(_SLOT.findall(text)), instruction):
        return misused
    if _OTHER_BLANKS.search(bare):
        return "placeholder"
    words = bare.split()
    if is_question(instruction):  # an answer may be short, and need no private detail
        return find_misuse(bare, instruction) or (None if words else "prose")
    if len(words) - slots - known < MIN_LITERAL_WORDS or not slots:
        return "brackets"
    return None


def _parts(text: str, placeholders: Placeholders) -> Iterator[Part]:
    literal, position = "", 0
    for found in _SLOT.finditer(text):
        literal += text[position : found.start()]
        position = found.end()
        original = _original(found[0], placeholders)
        if original is not None:
            literal += original
            continue
        if literal:
            yield Words(literal)
        before, literal = literal, ""
        yield _slot(found[1].strip(), before, text[position:])
    literal += text[position:]
    if literal:
        yield Words(literal)


def _ended(parts: Sequence[Part]) -> Iterator[Part]:
    """Parts in which each sentence has one end mark: a slot of sentences brings its own."""
    for before, part, after in zip((None, *parts), parts, (*parts[1:], None), strict=False):
        if isinstance(part, Slot):
            yield part
            continue
        text = part.text
        if isinstance(before, Slot) and before.kind == "sentences":
            text = re.sub(r"\A[.!?…]+", "", text)
        elif _lacks_end(before, text, after):
            text = ". "
        if text:
            yield Words(text)


def _lacks_end(before: Part | None, text: str, after: Part | None) -> bool:
    """Whether a space alone stands between a phrase and whole sentences."""
    if text != " " or not isinstance(before, Slot) or not isinstance(after, Slot):
        return False
    return before.kind != "name" and after.kind == "sentences"


def _original(bracket: str, placeholders: Placeholders) -> str | None:
    restored = placeholders.restore(bracket)
    return None if restored == bracket else restored


def _slot(description: str, before: str, after: str) -> Slot:
    """Infer the kind of a slot from its description and from where it stands.

    A slot that stands where a whole sentence could stand is one of sentences, whatever language
    its description is in.
    """
    inside = bool(re.match(r"\s*[\w,;:)%]", after)) and not re.match(r"\s+[A-Z]", after)
    asked = _SENTENCES.search(description)
    if asked and not inside:
        count = (asked["high"] or asked["low"] or "two").lower()
        sentences = int(count) if count.isdigit() else _NUMBERS[count]
        if asked["unit"].lower().startswith("paragraph"):
            sentences *= _SENTENCES_OF_A_PARAGRAPH
        return Slot(description, "sentences", max(1, min(sentences, _MOST_SENTENCES)))
    if _NAME.search(description):
        return Slot(description, "name")
    if _VALUE.search(description):
        return Slot(description, "value")
    opens = not before.strip() or bool(re.search(r"[.!?:。！？]\s*$|\n\s*$", before))
    closes = not after.strip() or bool(re.match(r"\s*\n|\s+[A-Z\[]", after))
    if opens and closes and len(description.split()) > 3:
        return Slot(description, "sentences", 2)
    return Slot(description, "phrase")


@dataclass(frozen=True, slots=True)
class _Prompts:
    """How the cloud model is asked."""

    system: PublicTemplate
    request: PublicTemplate
    retry: PublicTemplate
    example: tuple[PublicTemplate, PublicTemplate]
    faults: Mapping[str, PublicTemplate]


_TEXT: Final = _Prompts(
    TEMPLATE_SYSTEM, TEMPLATE_REQUEST, TEMPLATE_RETRY, TEMPLATE_EXAMPLE, TEMPLATE_FAULTS
)
_ANSWER: Final = _Prompts(
    ANSWER_SYSTEM, ANSWER_REQUEST, ANSWER_RETRY, ANSWER_EXAMPLE, ANSWER_FAULTS
)


def _prompt(
    asked: _Prompts, instruction: PublicText, faults: Sequence[Fault]
) -> list[PublicMessage]:
    given, written = asked.example
    example = {"instruction": PublicText.compose(given)}
    messages = [
        PublicMessage("system", PublicText.compose(asked.system)),
        PublicMessage("user", PublicText.compose(asked.request, example)),
        PublicMessage("assistant", PublicText.compose(written)),
    ]
    if faults:
        fault = PublicText.compose(asked.faults[faults[-1]])
        request = PublicText.compose(asked.retry, {"instruction": instruction, "fault": fault})
    else:
        request = PublicText.compose(asked.request, {"instruction": instruction})
    return [*messages, PublicMessage("user", request)]
