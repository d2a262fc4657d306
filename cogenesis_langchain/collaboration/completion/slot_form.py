"""Fills all slots of a template by one question, for local models without token access.

A model behind an API (Ollama, any LangChain chat model) cannot be made to go on with given words.
It is shown the template with numbered gaps and answers with one JSON object. The same checks hold
as for completion in place; the joints are mended by rules.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from cogenesis_langchain.collaboration.completion.checks import (
    copies_example,
    echoes,
    repeats,
)
from cogenesis_langchain.collaboration.completion.completer import Completion
from cogenesis_langchain.collaboration.completion.copying.copy_rules import CopyRules
from cogenesis_langchain.collaboration.completion.questions import without_examples
from cogenesis_langchain.collaboration.completion.settled_text import SettledText, Span
from cogenesis_langchain.collaboration.completion.slots.typed_values import is_of_its_type
from cogenesis_langchain.collaboration.completion.task import Task
from cogenesis_langchain.collaboration.completion.units import Unit, split_units
from cogenesis_langchain.collaboration.content.details import clauses_of, is_told
from cogenesis_langchain.collaboration.content.forbidden import tells_forbidden
from cogenesis_langchain.models.base import (
    GenerationOptions,
    LocalTextModel,
    PrivateMessage,
    Usage,
)
from cogenesis_langchain.privacy.text import PrivateText
from cogenesis_langchain.prompts import FORM_GAP, FORM_REQUEST
from cogenesis_langchain.sketch.template import Slot, Template, Words

_OBJECT: Final = re.compile(r"\{.*\}", re.S)
_MARKS: Final = ".,;:!?"


class SlotForm:
    """Fills templates by a form.

    Args:
        local: The local model.
    """

    def __init__(self, local: LocalTextModel) -> None:
        self._local = local

    def stream(self, task: Task, options: GenerationOptions) -> Iterator[Span | Completion]:
        """Complete a template; see `TemplateCompleter.stream`.

        Yields:
            Spans, then the completion; it is empty if the answer is not a JSON object.

        Raises:
            ContextTooLong: The prompt does not fit.
            LocalModelError: The model failed.
        """
        answer, usage = self._ask(task, options)
        values = _values(answer)
        if values is None:
            yield Completion((), (), (), usage, "stop")
            return
        rules = CopyRules([*task.notes, *task.request])
        text = SettledText()
        left_out: list[str] = []
        number = 0
        for unit in split_units(task.template):
            numbers = range(number, number + len(unit.slots))
            number += len(unit.slots)
            spans = _filled(unit, [values.get(str(n + 1), "") for n in numbers], rules)
            answer = "".join(span.text for span in spans)
            hangs = text.has_gap and "\n" not in unit.separator and unit.refers_back
            unwanted = (
                copies_example(unit, task.instruction)
                or repeats(answer, text.written)
                or tells_forbidden(answer, task.forbidden)
            )
            if not answer or hangs or (unit.slots and unwanted):
                left_out.append(str(Template(unit.parts)))
                text.note_gap(unit)
                continue
            yield from text.add(unit, spans)
        yield from text.close()
        yield Completion(
            spans=tuple(text.spans),
            left_out=tuple(left_out),
            missing=tuple(
                clause
                for detail in task.details
                for clause in clauses_of(detail)
                if not is_told(clause, text.written)
            ),
            usage=usage,
            finish_reason="stop",
        )

    def _ask(self, task: Task, options: GenerationOptions) -> tuple[str, Usage]:
        template, gaps = _numbered(task.template)
        question = FORM_REQUEST.fill({"template": template, "gaps": gaps})
        last = task.beginning[-1]
        whole = PrivateMessage(last.role, PrivateText(last.text.reveal() + question))
        answer, usage = "", Usage()
        unstopped = replace(options, stop=())  # stop strings end the text, not the form
        for chunk in self._local.stream([*task.beginning[:-1], whole], unstopped):
            answer += chunk.text
            usage += chunk.usage
        return answer, usage


def _numbered(template: Template) -> tuple[str, str]:
    """The template with numbered gaps, and what each gap stands for."""
    text = ""
    gaps: list[str] = []
    for part in template.parts:
        if isinstance(part, Words):
            text += part.text
            continue
        number = str(len(gaps) + 1)
        text += FORM_GAP.fill({"number": number})
        gaps.append(f"{number}: {without_examples(part.description)}")
    return text, "\n".join(gaps)


def _values(answer: str) -> Mapping[str, str] | None:
    found = _OBJECT.search(answer)
    try:
        values = (
            json.loads(found[0], parse_int=str, parse_float=str, parse_constant=str)
            if found
            else None
        )
    except ValueError:
        return None
    if not isinstance(values, dict):
        return None
    return {key: value.strip() for key, value in values.items() if isinstance(value, str)}


def _filled(unit: Unit, values: list[str], rules: CopyRules) -> list[Span]:
    """The unit with its slots filled; empty if one cannot be, or if its own words may not stand."""
    if not rules.admits_template_words(unit.words):
        return []
    if not unit.slots:
        return [Span(unit.words, "cloud")]
    spans: list[Span] = []
    waiting = iter(values)
    for index, part in enumerate(unit.parts):
        if isinstance(part, Words):
            spans.append(Span(part.text, "cloud"))
            continue
        before = "".join(span.text for span in spans)
        after = unit.parts[index + 1 : index + 2]
        following = after[0].text if after and isinstance(after[0], Words) else ""
        value = _joined(before, next(waiting), following)
        if not _is_supported(value, part, before, rules):
            return []
        spans.append(Span(value, "local"))
    return spans


def _is_supported(value: str, slot: Slot, before: str, rules: CopyRules) -> bool:
    if not value or any(mark in value for mark in "[]{}<>_"):
        return False
    if echoes(value, slot.description) or not is_of_its_type(value, slot):
        return False
    return rules.admits_all(before, value) and rules.admits_values(before, value)


def _joined(before: str, value: str, after: str) -> str:
    """A value without words that stand before or after the slot already."""
    words = value.split()
    for size in range(min(3, len(words)), 0, -1):
        if _bare(before.split()[-size:]) == _bare(words[:size]):
            words = words[size:]
            break
    for size in range(min(3, len(words)), 0, -1):
        if _bare(after.split()[:size]) == _bare(words[-size:]):
            words = words[:-size]
            break
    text = " ".join(words)
    return text.rstrip(_MARKS) if after[:1] and after[0] in _MARKS else text


def _bare(words: Iterable[str]) -> list[str]:
    return [word.strip(_MARKS).casefold() for word in words]
