"""`bind_tools` and `with_structured_output` of a chat model."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from operator import itemgetter
from typing import Any

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable, RunnableGenerator, RunnableMap, RunnablePassthrough
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import BaseModel

from cogenesis_langchain.agents.answer_parsers import DiscreetParser, Method
from cogenesis_langchain.agents.rules import (
    as_openai_tools,
    as_response_format,
    chosen_tools,
    read_tools,
)
from cogenesis_langchain.errors import ConfigurationError, LocalModelError
from cogenesis_langchain.models.tools import Tool
from cogenesis_langchain.privacy.trust.private_chain import private_chain
from cogenesis_langchain.untraced_chat_model import UntracedChatModel


class ToolBindingChatModel(UntracedChatModel):
    """A chat model to which tools and schemas are bound in OpenAI's format."""

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | bool | dict[str, Any] | None = None,
        strict: bool | None = None,
        parallel_tool_calls: bool | None = None,
        response_format: dict[str, Any] | type | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Bind tools, a schema of the answer, or both.

        The local model decides and writes the arguments, held to the tools' schemas. The cloud
        model plans once, from the instruction and the public declarations of the tools. It sees
        nothing if ``tool_choice`` forces or forbids a call.

        Args:
            tools: Functions, pydantic classes, `TypedDict` classes, `BaseTool` objects, or
                declarations in the format of OpenAI, Anthropic or JSON schema.
            tool_choice: ``auto``, ``any`` (also ``required`` or True), ``none``, or the name of a
                tool.
            strict: Declare the schemas as OpenAI's strict ones; arguments follow them either way.
            parallel_tool_calls: False for at most one call in a turn.
            response_format: What the answer has to be when no tool is called: a schema as
                `with_structured_output` takes it, or a format of OpenAI.
            **kwargs: Further arguments of the call.

        Raises:
            ConfigurationError: A tool runs at a cloud provider, or ``tool_choice`` names none of
                the tools.
            PrivacyViolation: The public declaration of a tool contains a private value of the
                store.
        """
        bound = dict(kwargs)
        if tools:
            bound["tools"] = as_openai_tools(tools, strict)
            callable_tools, must_call = chosen_tools(read_tools(bound["tools"]), tool_choice)
            if not must_call:  # the cloud model plans, so that declarations leave
                self._check_tools(callable_tools)
        if tool_choice is not None:
            bound["tool_choice"] = tool_choice
        if parallel_tool_calls is not None:
            bound["parallel_tool_calls"] = parallel_tool_calls
        if response_format is not None:
            bound["response_format"] = as_response_format(response_format, strict)
        return self.bind(**bound)

    def _check_tools(self, tools: Sequence[Tool]) -> None:
        """Refuse public declarations that must not leave; called before they are bound."""

    def with_structured_output(
        self,
        schema: dict[str, Any] | type,
        *,
        include_raw: bool = False,
        method: Method = "json_schema",
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, dict[str, Any] | BaseModel]:
        """Return a model whose answers are objects of a schema.

        Args:
            schema: A pydantic class, a `TypedDict` class or a JSON schema.
            include_raw: Return a dictionary with the message (``raw``), the object (``parsed``)
                and the ``parsing_error`` instead of the object.
            method: ``json_schema``: the answer is held to the schema. ``function_calling``: the
                schema is a tool that has to be called. ``json_mode``: the answer is some JSON
                object; the prompt has to say which.
            strict: As in `bind_tools`.
            **kwargs: Further arguments of the call.

        Returns:
            A runnable that gives pydantic objects for a pydantic class, and dictionaries for
            every other schema.

        Raises:
            ConfigurationError: The method is unknown.

        A call raises `LocalModelError` if the answer is cut off at ``max_tokens``. A failure of any
        step gives the input to no untrusted fallback.
        """
        if method not in ("json_schema", "json_mode", "function_calling"):
            raise ConfigurationError(
                f"with_structured_output knows no method {method!r}",
                remedy="use 'json_schema', 'function_calling' or 'json_mode'",
            )
        told: dict[str, Any] = {
            "ls_structured_output_format": {
                "kwargs": {"method": method, "strict": strict},
                "schema": convert_to_openai_tool(schema),
            }
        }
        if method == "function_calling":
            model = self.bind_tools([schema], tool_choice="any", strict=strict, **told, **kwargs)
        else:
            json_mode = {"type": "json_object"}
            by_schema = method == "json_schema"
            form = as_response_format(schema, strict) if by_schema else json_mode
            model = self.bind(response_format=form, **told, **kwargs)
        parser = RunnableGenerator(_complete, _acomplete) | DiscreetParser.of(schema, method)
        if not include_raw:
            return self._kept(model | parser)
        parsed = RunnablePassthrough.assign(
            parsed=itemgetter("raw") | parser, parsing_error=lambda _: None
        ).with_fallbacks(
            [RunnablePassthrough.assign(parsed=lambda _: None)], exception_key="parsing_error"
        )
        return self._kept(RunnableMap(raw=model) | parsed)

    def _kept(self, chain: Runnable[LanguageModelInput, Any]) -> Runnable[LanguageModelInput, Any]:
        """A chain whose later steps may fail as well, without giving its input to a fallback."""
        return private_chain(
            chain,
            trusted_hosts=self.trusted_hosts,
            trust=self.trust,
            allow_tracing=self.allow_tracing,
        )


def _complete(pieces: Iterator[AIMessage]) -> Iterator[AIMessage]:
    for piece in pieces:
        yield piece
        _require_complete(piece)


async def _acomplete(pieces: AsyncIterator[AIMessage]) -> AsyncIterator[AIMessage]:
    async for piece in pieces:
        yield piece
        _require_complete(piece)


def _require_complete(piece: AIMessage) -> None:
    """Raise `LocalModelError` if the token limit cut the answer off: parsers would complete it."""
    if piece.response_metadata.get("finish_reason") == "length":
        raise LocalModelError(
            "the answer was cut off at max_tokens, so it does not hold all of the schema",
            remedy="raise max_tokens",
        )
