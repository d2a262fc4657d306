"""Calls of tools by a local model that follows grammars."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Protocol, final

from langchain_core.messages import BaseMessage

from cogenesis_langchain.agents.conversation import as_turns
from cogenesis_langchain.agents.tool_grammar import turn_grammar
from cogenesis_langchain.agents.tool_text import TurnText
from cogenesis_langchain.models.base import GenerationOptions, LocalChunk, LocalTextModel
from cogenesis_langchain.models.tools import FollowsGrammars, ToolCall, TurnRules


class _Local(LocalTextModel, FollowsGrammars, Protocol):
    """A local text model that follows grammars."""


@final
class GrammarCalls:
    """Tells a model of its tools in the system turn, and holds its answer to a grammar.

    Args:
        model: A local text model that follows grammars.
    """

    can_call_tools = True

    def __init__(self, model: _Local) -> None:
        self._model = model

    def call_tools(
        self, messages: Sequence[BaseMessage], rules: TurnRules, options: GenerationOptions
    ) -> Iterator[LocalChunk | ToolCall]:
        """Write the assistant's turn; see `CallsTools`."""
        grammar = turn_grammar(rules)
        self._model.check_grammar(grammar)
        text = TurnText(rules)
        turns = as_turns(messages, rules)
        ending = LocalChunk("", "stop")
        for chunk in self._model.stream(turns, replace(options, grammar=grammar)):
            yield from map(_piece, text.feed(chunk.text))
            if chunk.finish_reason is not None:
                ending = replace(chunk, text="")
        yield from map(_piece, text.close())
        yield ending


def _piece(part: str | ToolCall) -> LocalChunk | ToolCall:
    return LocalChunk(part) if isinstance(part, str) else part
