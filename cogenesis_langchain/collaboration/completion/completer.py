"""Completes a template in place, sentence by sentence.

The template's words are forced into the local model's answer, and its slots are decoded there. A
sentence whose slot cannot be filled from the notes is left out, together with a following sentence
that refers back to it. Details of the request that the template has no slot for are told in
sentences of their own. Nothing that is decoded here leaves the machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cogenesis_langchain.collaboration.completion.checks import copies_example
from cogenesis_langchain.collaboration.completion.conversation import Conversation
from cogenesis_langchain.collaboration.completion.copying.copy_rules import CopyRules
from cogenesis_langchain.collaboration.completion.questions import Questions
from cogenesis_langchain.collaboration.completion.settled_text import SettledText, Span
from cogenesis_langchain.collaboration.completion.slots.slot_writer import Place, SlotWriter
from cogenesis_langchain.collaboration.completion.task import Task
from cogenesis_langchain.collaboration.completion.units import (
    Unit,
    beginning_of,
    split_units,
    without_repeated,
    words_after,
)
from cogenesis_langchain.collaboration.content.details import (
    as_sentence,
    clauses_of,
    is_fragment,
    is_own_statement,
)
from cogenesis_langchain.collaboration.content.forbidden import tells_forbidden
from cogenesis_langchain.models.base import (
    FinishReason,
    GenerationOptions,
    TokenModel,
    Usage,
)
from cogenesis_langchain.sketch.template import Slot, Template, Words
from cogenesis_langchain.sketch.unwrapping import loops


@dataclass(frozen=True, slots=True)
class Completion:
    """What became of a template.

    Attributes:
        spans: The finished text, by author.
        left_out: Sentences of the template that the notes do not support, as in the template.
        missing: Clauses of the request's details that the text does not tell.
        usage: Tokens that the local model read and decoded.
        finish_reason: Why the text ended.
    """

    spans: tuple[Span, ...]
    left_out: tuple[str, ...]
    missing: tuple[str, ...]
    usage: Usage
    finish_reason: FinishReason


class TemplateCompleter:
    """Completes templates with one local model.

    Args:
        model: The local model's distributions.
        uninformed: The same model over another cache; it is never shown notes or details.
    """

    def __init__(self, model: TokenModel, uninformed: TokenModel) -> None:
        self._model = model
        self._uninformed = uninformed

    def stream(self, task: Task, options: GenerationOptions) -> Iterator[Span | Completion]:
        """Complete a template.

        Args:
            task: The template and what fills it.
            options: ``max_tokens`` and ``stop`` end the text after the sentence that reaches them;
                the caller cuts the sentence at the stop string.

        Yields:
            Spans as soon as their sentence is settled, then the whole completion.

        Raises:
            ContextTooLong: Prompt and text outgrow the model's window.
            LocalModelError: The model failed.
        """
        yield from _Run(self._model, self._uninformed, task, options).write()


class _Run:
    """One text."""

    def __init__(
        self, model: TokenModel, uninformed: TokenModel, task: Task, options: GenerationOptions
    ) -> None:
        self._model = model
        self._task = task
        self._options = options
        self._rules = CopyRules([*task.notes, *task.request])
        self._slots = SlotWriter(model, uninformed, task, self._rules, options)
        self._clauses = [clause for detail in task.details for clause in clauses_of(detail)]
        self._units, repeated = split_units(task.template), list[Unit]()
        if loops(str(task.template)):
            self._units, repeated = without_repeated(self._units)
        self._questions = Questions.of(self._units, task.details, task.notes, task.subject)
        self._conversation = Conversation(task.beginning)
        self._text = SettledText()
        self._left_out = [str(Template(unit.parts)) for unit in repeated]
        self._decoded = self._read = 0

    def write(self) -> Iterator[Span | Completion]:
        # The units up to the main facts stream. Those after it wait until it is known which
        # details of the request they tell; the others are told right after the main facts, which
        # wait too if there may be such others.
        main = self._main_unit()
        yielded = after_main = 0
        for number, unit in enumerate(self._units):
            self._fill(number, unit) if unit.slots else self._keep(unit)
            if number <= main:
                after_main = len(self._text.spans)
            if number < main or (number == main and not self._untold()):
                yield from self._text.spans[yielded:]
                yielded = after_main
            if self._is_at_end():
                break
        else:
            self._text.close()
            self._tell_the_rest(after_main, first=yielded)
        yield from self._text.spans[yielded:]
        yield Completion(
            spans=tuple(self._text.spans),
            left_out=tuple(self._left_out),
            missing=tuple(self._untold()),
            usage=Usage(self._read, self._decoded),
            finish_reason="length" if self._is_too_long() else "stop",
        )

    def _main_unit(self) -> int:
        """The unit of the main facts: the one with the most sentences; -1 without one."""
        sentences = [sum(slot.sentences for slot in unit.slots) for unit in self._units]
        most = max(sentences, default=0)
        return sentences.index(most) if most else -1

    def _untold(self) -> list[str]:
        """The clauses of the request's details that the text does not tell."""
        written = self._text.written
        return [one for one in self._clauses if not self._questions.is_told(one, written)]

    def _tell_the_rest(self, number: int, *, first: int) -> None:
        """Tell the details that no unit told, each in a sentence after the main facts.

        Args:
            number: Number of the span after the main facts.
            first: Number of the first span that was not streamed.
        """
        for clause in self._untold():
            if self._questions.is_told(clause, self._text.written):
                continue  # another clause's sentence told this one too
            if spans := self._tell(clause):
                number = self._text.insert(number, spans[0], first=first)

    def _tell(self, clause: str) -> list[Span]:
        """A sentence that tells a detail, if need be in the words of the user or of the note."""
        unit = Unit((Slot(clause, "sentences", 1),), " ")
        questions = self._questions
        first = self._attempt(unit, questions.about_detail(clause), "", is_asked_for=True)
        if first and is_fragment(first[0].text, clause):
            first = []
        if first and questions.is_told(clause, first[0].text):
            return first
        if is_own_statement(clause) and not tells_forbidden(clause, self._task.forbidden):
            return [Span(as_sentence(clause), "local")]
        if asked := questions.about_note_of(clause):
            second = self._attempt(unit, asked, "", is_asked_for=True)
            if second and questions.is_told(clause, second[0].text):
                return second
        return first

    def _keep(self, unit: Unit) -> None:
        """A unit without slots: kept, unless it hangs in the air or states a number of its own."""
        hangs = self._text.has_gap and "\n" not in unit.separator and unit.refers_back
        if hangs or not self._rules.admits_template_words(unit.words):
            self._leave_out(unit)
            return
        said = self._text.add(unit, [Span(unit.words, "cloud")])
        self._conversation.append("".join(span.text for span in said))

    def _fill(self, number: int, unit: Unit) -> None:
        copied = copies_example(unit, self._task.instruction)
        if copied or not self._rules.admits_template_words(unit.words):
            self._leave_out(unit)
            return
        question = self._questions.about(number, unit)
        after = "".join(map(beginning_of, self._units[number + 1 : number + 2]))
        spans = self._attempt(unit, question, after)
        if spans:
            self._text.add(unit, spans)
        else:
            self._leave_out(unit)

    def _attempt(
        self, unit: Unit, question: str, after: str, *, is_asked_for: bool = False
    ) -> list[Span]:
        """Fill the slots of a unit; no spans if one of them cannot be filled.

        Args:
            unit: The unit.
            question: What the local model is asked.
            after: The beginning of the next unit.
            is_asked_for: Whether the unit tells a detail of the request, which needs no support.
        """
        messages = self._conversation.asked(question)
        prompt = self._model.encode_chat(messages)
        self._read = max(self._read, len(prompt))
        spans: list[Span] = []
        for index, part in enumerate(unit.parts):
            if isinstance(part, Words):
                spans.append(Span(part.text, "cloud"))
                continue
            written = "".join(span.text for span in spans)
            following = words_after(unit, index) or after
            place = Place(prompt, self._text.written, written, following, self._text.salutation)
            filled = self._slots.write(part, place, is_asked_for=is_asked_for)
            self._decoded += filled.tokens
            if not filled.text:
                return []
            spans.append(Span(filled.text, "local"))
        self._conversation.accept(messages, "".join(span.text for span in spans))
        return spans

    def _leave_out(self, unit: Unit) -> None:
        self._left_out.append(str(Template(unit.parts)))
        self._text.note_gap(unit)

    def _is_at_end(self) -> bool:
        """Whether the text is as long as it may be, or holds one of the caller's stop strings."""
        return self._is_too_long() or any(one in self._text.written for one in self._options.stop)

    def _is_too_long(self) -> bool:
        tokens = self._model.encode(self._text.written.encode())
        return len(tokens) >= self._options.max_tokens
