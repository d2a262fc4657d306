"""Any LangChain chat model that runs inside the trust boundary, as the local model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.outputs import ChatGeneration
from langchain_core.runnables import RunnableBinding

from cogenesis_langchain.errors import CoGenesisError, LocalModelError
from cogenesis_langchain.models.base import (
    FinishReason,
    GenerationOptions,
    LocalChunk,
    PrivateMessage,
    Usage,
)
from cogenesis_langchain.models.cloud.connection import (
    as_openai_model,
    transport_of,
    with_transport,
)
from cogenesis_langchain.models.local.message_calls import (
    ANSWER,
    answer_tool,
    calls_of,
    object_in,
    openai_tool,
)
from cogenesis_langchain.models.tools import ToolCall, TurnRules
from cogenesis_langchain.privacy.trust.admission import require_trusted
from cogenesis_langchain.privacy.trust.client_addresses import addresses_of
from cogenesis_langchain.privacy.trust.untraced import Untraced

_FIELDS: Final[Mapping[str, Sequence[str]]] = {
    "max_tokens": ("max_tokens", "num_predict", "max_new_tokens"),  # of OpenAI, Ollama, the hub
    "temperature": ("temperature",),
    "top_p": ("top_p",),
    "seed": ("seed",),
}
"""Generation options, and the names that chat models give them."""

_FINISH_REASONS: Final = ("finish_reason", "done_reason")
"""Names of the reason why an answer ends, of OpenAI and of Ollama."""

_ROLES: Final[dict[str, type[BaseMessage]]] = {
    "system": SystemMessage,
    "user": HumanMessage,
    "assistant": AIMessage,
}


class LocalChatModel:
    """A LangChain chat model on the private side.

    Its `_generate` and `_stream` are called directly, so that no tracer, handler, cache or debug
    printer sees the prompt. The hosts it would send text to are checked before every call. It keeps
    its own settings where the caller of `ChatCoGenesis` chose none, but for the bound of tokens. A
    setting that its class has no field for, the bound included, stays as the model has it.

    Args:
        model: The chat model.
        trusted_hosts: Hosts besides loopback that may receive private text.
        trust: Objects and classes that the caller vouches for.

    Raises:
        UntrustedLocalModel: It is of an unknown class, or a client of another host.
    """

    def __init__(
        self,
        model: BaseChatModel,
        *,
        trusted_hosts: Sequence[str] = (),
        trust: Sequence[object] = (),
    ) -> None:
        require_trusted(model, trusted_hosts, trust)
        # A copy of the model is used below, so that the copy is vouched for too.
        self._trust = (*trust, type(model)) if any(one is model for one in trust) else tuple(trust)
        self._model = _bound_to_its_host(model)
        self._trusted_hosts = trusted_hosts

    @property
    def name(self) -> str:
        """The model's name, or its class."""
        name = getattr(self._model, "model_name", None) or getattr(self._model, "model", None)
        return name if isinstance(name, str) else type(self._model).__name__

    @property
    def can_call_tools(self) -> bool:
        """Whether the chat model has a `bind_tools` of its own."""
        return type(self._model).bind_tools is not BaseChatModel.bind_tools

    def prefill(self, messages: Sequence[PrivateMessage], options: GenerationOptions) -> None:
        """Do nothing: a chat model has no interface for reading ahead."""

    def stream(
        self, messages: Sequence[PrivateMessage], options: GenerationOptions
    ) -> Iterator[LocalChunk]:
        """Write the assistant's turn.

        Raises:
            UntrustedLocalModel: It has become a client of another host since it was made.
            LocalModelError: It failed, or a grammar was asked for.
        """
        if options.grammar is not None:
            raise LocalModelError(
                f"{self.name!r} cannot be held to a grammar here",
                remedy="use LlamaCppModel as the local model",
            )
        require_trusted(self._model, self._trusted_hosts, self._trust)
        prompt = [_ROLES[message.role](message.text.reveal()) for message in messages]
        return self._text(prompt, options)

    def _text(
        self, prompt: Sequence[BaseMessage], options: GenerationOptions
    ) -> Iterator[LocalChunk]:
        progress = _Progress()
        for piece in self._answer(prompt, options, {}):
            if text := progress.add(piece):
                yield LocalChunk(text)
        yield progress.ending()

    def call_tools(
        self, messages: Sequence[BaseMessage], rules: TurnRules, options: GenerationOptions
    ) -> Iterator[LocalChunk | ToolCall]:
        """Write the assistant's turn; see `CallsTools`.

        A schema of the answer is bound as one more tool, which every such model understands. Some
        write the answer as text all the same; then the text is the answer.
        """
        require_trusted(self._model, self._trusted_hosts, self._trust)
        structured = rules.answer_schema is not None
        progress = _Progress()
        whole = ""
        for piece in self._answer(messages, options, self._binding(rules)):
            text = progress.add(piece)
            whole += text
            if text and not structured:
                yield LocalChunk(text)
        calls = progress.calls()
        if structured:
            answers = [call for call in calls if call.name == ANSWER]
            calls = answers or calls
            if not calls:
                yield LocalChunk(object_in(whole))
        for call in calls if rules.parallel else calls[:1]:
            is_answer = structured and call.name == ANSWER
            yield LocalChunk(call.arguments) if is_answer else call
        yield progress.ending()

    def _binding(self, rules: TurnRules) -> Mapping[str, Any]:
        """Keyword arguments that tell the model of tools, as its own `bind_tools` makes them."""
        tools = [*rules.callable_tools, *answer_tool(rules)]
        if not tools:
            return {}
        must_call = rules.must_call or rules.answer_schema is not None
        binding = self._model.bind_tools(
            [openai_tool(tool) for tool in tools], **({"tool_choice": "any"} if must_call else {})
        )
        if not isinstance(binding, RunnableBinding):
            raise LocalModelError(
                f"bind_tools of {self.name!r} does not bind keyword arguments",
                remedy="use a chat model of a LangChain partner package, or LlamaCppModel",
            )
        return binding.kwargs

    def _answer(
        self,
        prompt: Sequence[BaseMessage],
        options: GenerationOptions,
        bound: Mapping[str, Any],
    ) -> Iterator[ChatGeneration]:
        """The model's answer, whole or in pieces; at least one."""
        answered = False
        failure = ""
        try:
            for piece in self._pieces(list(prompt), options, bound):
                answered = True
                yield piece
        except CoGenesisError:
            raise
        # No exception of a client may pass: it can hold the private prompt.
        except Exception as error:
            failure = f"failed with {type(error).__name__}"
        if failure or not answered:  # raised here, where the client's exception is no context of it
            where = "".join(f" at {address}" for address in addresses_of(self._model))
            raise LocalModelError(
                f"the local model {self.name!r}{where} {failure or 'gave no answer'}",
                remedy="check its address and model name, that its server runs, and that its "
                "window is large enough",
            )

    def _pieces(
        self, prompt: list[BaseMessage], options: GenerationOptions, bound: Mapping[str, Any]
    ) -> Iterator[ChatGeneration]:
        untraced = Untraced()
        model = self._model.model_copy(update=_settings(self._model, options))
        stop = list(options.stop) or None
        if type(model)._stream is BaseChatModel._stream:
            result = untraced.call(model._generate, prompt, stop=stop, **bound)
            pieces: Iterable[ChatGeneration] = result.generations
        else:
            chunks = untraced.call(model._stream, prompt, stop=stop, **bound)
            pieces = untraced.iterate(chunks)
        for piece in pieces:
            if isinstance(piece.message, AIMessage):
                yield piece


def _settings(model: BaseChatModel, options: GenerationOptions) -> dict[str, object]:
    """The fields of a chat model that the options change."""
    fields = type(model).model_fields
    changed: dict[str, object] = {}
    for option, names in _FIELDS.items():
        if option == "max_tokens" or option in options.explicit:
            name = next((name for name in names if name in fields), None)
            if name is not None:
                changed[name] = getattr(options, option)
    return changed


class _Progress:
    """Adds up what a chat model answers."""

    def __init__(self) -> None:
        self._messages: list[AIMessage] = []
        self._usage = Usage()
        self._finish_reason: FinishReason = "stop"

    def add(self, piece: ChatGeneration) -> str:
        """Add a piece of the answer; returns its text."""
        message = piece.message
        assert isinstance(message, AIMessage)
        self._messages.append(message)
        if (tokens := message.usage_metadata) is not None:
            self._usage += Usage(tokens["input_tokens"], tokens["output_tokens"])
        # The reason of its end is in the message of a whole answer, and in the piece of a stream.
        told = {**(piece.generation_info or {}), **message.response_metadata}
        if any(told.get(name) == "length" for name in _FINISH_REASONS):
            self._finish_reason = "length"
        return message.text

    def calls(self) -> list[ToolCall]:
        return calls_of(self._messages)

    def ending(self) -> LocalChunk:
        return LocalChunk("", self._finish_reason, self._usage)


def _bound_to_its_host(model: BaseChatModel) -> BaseChatModel:
    """Copy a model of langchain-openai, without redirects and environment proxies."""
    openai_model = as_openai_model(model)
    if openai_model is None:
        return model
    retries = openai_model.root_client.max_retries
    return with_transport(openai_model, transport_of(openai_model), max_retries=retries)
