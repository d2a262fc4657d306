"""A letter to complete, and what comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from langchain_core.messages import HumanMessage
from support.token_models import Wishes, WordTokens

from cogenesis_langchain import private
from cogenesis_langchain.collaboration.completion.completer import Completion, TemplateCompleter
from cogenesis_langchain.collaboration.completion.prompt import task_of
from cogenesis_langchain.collaboration.completion.settled_text import Span
from cogenesis_langchain.collaboration.completion.task import Task
from cogenesis_langchain.models.base import GenerationOptions, TokenModel
from cogenesis_langchain.privacy.messages.instruction import split_request
from cogenesis_langchain.privacy.placeholders import Placeholders
from cogenesis_langchain.privacy.text import PrivateText
from cogenesis_langchain.sketch.template import Template, parse_template

GREEDY = GenerationOptions(max_tokens=2000, temperature=0.0)
INSTRUCTION = "Write a letter to my landlord about the heating."
NOTES = """My landlord is Teodora Lindqvist.
The heating failed on 3 March 2026. The plumber found a crack in the boiler.
A repair costs 240 EUR. My name is Ada Zorn."""
LETTER = """Dear [landlord's name],

I am writing to you about the heating in the flat that I rent from you with my family. [Two
sentences: what happened]

Please have it repaired by [date of the repair]. This would be a great help to all of us here.

With kind regards,

[my name]""".replace("[Two\n", "[Two ")
WISHES: dict[str, str | Sequence[str]] = {
    "landlord's name": "Dear Teodora Lindqvist,\n\nI am",
    "what happened": "The heating failed on 3 March 2026. The plumber found a crack.",
    "date of the repair": "Please have it repaired by 3 March 2026. This would",
    "my name": "Ada Zorn",
}
COMPLETED = """Dear Teodora Lindqvist,

I am writing to you about the heating in the flat that I rent from you with my family. The heating \
failed on 3 March 2026. The plumber found a crack.

Please have it repaired by 3 March 2026. This would be a great help to all of us here.

With kind regards,

Ada Zorn"""


@dataclass(frozen=True)
class Completed:
    """The pieces in order, and the completion that ends them."""

    spans: list[Span]
    completion: Completion

    @property
    def text(self) -> str:
        return "".join(span.text for span in self.spans)

    @property
    def by_cloud(self) -> str:
        return "".join(span.text for span in self.spans if span.author == "cloud")


def template(text: str) -> Template:
    sketch = parse_template(text, INSTRUCTION, Placeholders()).sketch
    assert sketch is not None
    return sketch


def task(text: str | Template, notes: str = NOTES, details: str = "") -> Task:
    parts: list[str | dict[str, object]] = [INSTRUCTION]
    if details:
        parts.append(private(details))
    request = split_request([HumanMessage(content=parts)], rule="last_human", max_public_words=150)
    sketch = template(text) if isinstance(text, str) else text
    return task_of(request, [PrivateText(notes)] if notes else [], sketch)


def complete(
    model: WordTokens,
    task: Task,
    options: GenerationOptions = GREEDY,
    uninformed: TokenModel | None = None,
) -> Completed:
    """Complete a template; without notes, every token is as probable as another by default."""
    completer = TemplateCompleter(model, uninformed or model.without_wishes())
    *spans, completion = completer.stream(task, options)
    assert isinstance(completion, Completion)
    return Completed([span for span in spans if isinstance(span, Span)], completion)


def wishing(*others: str, **changed: str | Sequence[str]) -> Wishes:
    """The usual wishes, with others for: name, facts, date, me; None for no wish."""
    keys = {"name": "landlord's name", "facts": "what happened", "date": "date of the repair"}
    wishes = WISHES | {keys.get(key, "my name"): wish for key, wish in changed.items()}
    return Wishes(wishes, [NOTES, LETTER, *others])
