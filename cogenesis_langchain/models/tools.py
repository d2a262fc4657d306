"""Tool calling: what a turn may write, and the local models that can write it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from cogenesis_langchain.models.base import GenerationOptions, Json, LocalChunk

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage


_KEYWORDS_OF_TYPES: Final = frozenset({"type", "format", "$ref", "$schema"})


@dataclass(frozen=True, slots=True)
class Tool:
    """The declaration of a tool.

    Attributes:
        name: What it is called by.
        description: What it does.
        parameters: JSON schema of its arguments.
        is_private: Whether the cloud model must not see this declaration.
    """

    name: str
    description: str
    parameters: Mapping[str, Json]
    is_private: bool = False


def declared_texts(declared: object) -> Iterator[str]:
    """Yield what a developer wrote into the declaration of a tool, in the format of any provider.

    Keywords of JSON schema and names of types are left out: they say nothing of anybody.
    """
    if isinstance(declared, str):
        yield declared
    elif isinstance(declared, Mapping):
        for name, value in declared.items():
            if name == "properties" and isinstance(value, Mapping):
                yield from value
                yield from declared_texts(list(value.values()))
            elif name not in _KEYWORDS_OF_TYPES:
                yield from declared_texts(value)
    elif isinstance(declared, Sequence):
        for value in declared:
            yield from declared_texts(value)


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool, as a model wrote it.

    Attributes:
        name: Name of the tool.
        arguments: JSON text of the arguments; cut short if the answer was.
    """

    name: str
    arguments: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TurnRules:
    """What the assistant may write in one turn.

    Attributes:
        tools: All tools of the conversation.
        callable_tools: Those that may be called now.
        must_call: Whether the turn has to be a call.
        parallel: Whether it may be several calls.
        answer_schema: JSON schema of the text, if it is no call; None is free text.
        tells_schema: Whether the model is told of the schema in the system turn; where the
            conversation describes it, an unchanged system turn need not be read again.
    """

    tools: Sequence[Tool] = ()
    callable_tools: Sequence[Tool] = ()
    must_call: bool = False
    parallel: bool = True
    answer_schema: Mapping[str, Json] | None = None
    tells_schema: bool = True


@runtime_checkable
class FollowsGrammars(Protocol):
    """A local text model that follows the grammar of its generation options."""

    def check_grammar(self, grammar: str) -> None:
        """Raise an error before anything is generated.

        Raises:
            GrammarError: The grammar cannot be compiled.
            MissingDependency: The library that compiles it is not installed.
        """
        ...


@runtime_checkable
class CallsTools(Protocol):
    """A local model that is told of tools in its own way."""

    @property
    def can_call_tools(self) -> bool:
        """Whether it can indeed."""
        ...

    def call_tools(
        self, messages: Sequence[BaseMessage], rules: TurnRules, options: GenerationOptions
    ) -> Iterator[LocalChunk | ToolCall]:
        """Write the assistant's turn.

        Args:
            messages: The conversation, with calls and results of tools.
            rules: What may be written.
            options: How to generate.

        Yields:
            Pieces of text as they come, then the calls; last a chunk with the finish reason.

        Raises:
            LocalModelError: It failed, or it breaks the rules.
        """
        ...
