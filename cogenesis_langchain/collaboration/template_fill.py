"""Completes a template: in place where the local model offers its tokens, by a form elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from cogenesis_langchain.collaboration.completion.completer import (
    Completion,
    TemplateCompleter,
)
from cogenesis_langchain.collaboration.completion.prompt import (
    beginning_of,
    needed_tokens,
    task_of,
)
from cogenesis_langchain.collaboration.completion.settled_text import Span
from cogenesis_langchain.collaboration.completion.slot_form import SlotForm
from cogenesis_langchain.collaboration.preparation import Prepared
from cogenesis_langchain.errors import ContextTooLong
from cogenesis_langchain.models.base import (
    GenerationOptions,
    LocalTextModel,
    OffersTokens,
    TokenModel,
)
from cogenesis_langchain.sketch.template import Template


class TemplateFill(Protocol):
    """A way to complete templates."""

    def prefill(self, prepared: Prepared, options: GenerationOptions) -> None:
        """Begin to read the prompt while the template is on its way.

        Raises:
            ContextTooLong: It does not fit.
        """
        ...

    def stream(
        self, prepared: Prepared, template: Template, options: GenerationOptions
    ) -> Iterator[Span | Completion]:
        """Complete a template.

        Yields:
            Spans, then the completion; no spans if this template cannot be completed.

        Raises:
            ContextTooLong: Before the first span.
        """
        ...


def template_fill_for(local: LocalTextModel) -> TemplateFill:
    """Choose how a local model completes templates."""
    return (
        _InPlace(local.tokens(), local.tokens())
        if isinstance(local, OffersTokens)
        else _ByForm(local)
    )


class _InPlace:
    """Forces the template's words into the local model's answer."""

    def __init__(self, tokens: TokenModel, uninformed: TokenModel) -> None:
        self._tokens = tokens
        self._completer = TemplateCompleter(tokens, uninformed)
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="read-ahead")

    def prefill(self, prepared: Prepared, options: GenerationOptions) -> None:
        """Read the prompt in the background. A failure shows when the text is written."""
        ids = self._tokens.encode_chat(beginning_of(prepared.request, prepared.context))
        if len(ids) + options.max_tokens > self._tokens.window:
            raise ContextTooLong(len(ids) + options.max_tokens, self._tokens.window)
        self._reader.submit(self._tokens.next_logprobs, ids)

    def stream(
        self, prepared: Prepared, template: Template, options: GenerationOptions
    ) -> Iterator[Span | Completion]:
        """Complete a template in place.

        Raises:
            ContextTooLong: The conversation would outgrow the window.
        """
        task = task_of(prepared.request, prepared.context, template)
        needed = needed_tokens(task, self._tokens)
        if needed > self._tokens.window:
            raise ContextTooLong(needed, self._tokens.window)
        yield from self._completer.stream(task, options)


class _ByForm:
    """Asks for all slots at once."""

    def __init__(self, local: LocalTextModel) -> None:
        self._local = local
        self._form = SlotForm(local)

    def prefill(self, prepared: Prepared, options: GenerationOptions) -> None:
        """Begin to read the prompt."""
        self._local.prefill(beginning_of(prepared.request, prepared.context), options)

    def stream(
        self, prepared: Prepared, template: Template, options: GenerationOptions
    ) -> Iterator[Span | Completion]:
        """Complete a template by a form; nothing if the answer is no form."""
        task = task_of(prepared.request, prepared.context, template)
        yield from self._form.stream(task, options)
