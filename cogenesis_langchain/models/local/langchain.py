"""Any LangChain chat model that runs inside the trust boundary, as the local model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    SystemMessage,
)

from cogenesis_langchain.errors import CoGenesisError, LocalModelError
from cogenesis_langchain.models.base import GenerationOptions, LocalChunk, PrivateMessage, Usage
from cogenesis_langchain.models.cloud.connection import (
    as_openai_model,
    transport_of,
    with_transport,
)
from cogenesis_langchain.privacy.hosts import require_trusted
from cogenesis_langchain.privacy.untraced import Untraced

_ROLES: Final[dict[str, type[BaseMessage]]] = {
    "system": SystemMessage,
    "user": HumanMessage,
    "assistant": AIMessage,
}


class LocalChatModel:
    """A LangChain chat model on the private side.

    Its `_generate` and `_stream` are called directly, so that no tracer, handler, cache or debug
    printer sees the prompt. The hosts it would send text to are checked before every call. It keeps
    its own settings: only the stop strings of the generation options are passed on, because chat
    models name the other options differently.

    Args:
        model: The chat model.
        trusted_hosts: Hosts besides loopback that may receive private text.

    Raises:
        UntrustedLocalModel: It is a client of another host.
    """

    def __init__(self, model: BaseChatModel, *, trusted_hosts: Sequence[str] = ()) -> None:
        require_trusted(model, trusted_hosts)
        self._model = _bound_to_its_host(model)
        self._trusted_hosts = trusted_hosts

    @property
    def name(self) -> str:
        """The model's name, or its class."""
        name = getattr(self._model, "model_name", None) or getattr(self._model, "model", None)
        return name if isinstance(name, str) else type(self._model).__name__

    def prefill(self, messages: Sequence[PrivateMessage], options: GenerationOptions) -> None:
        """Do nothing: a chat model has no interface for reading ahead."""

    def stream(
        self, messages: Sequence[PrivateMessage], options: GenerationOptions
    ) -> Iterator[LocalChunk]:
        """Write the assistant's turn.

        Raises:
            UntrustedLocalModel: It has become a client of another host since it was made.
            LocalModelError: It failed, or a JSON schema was asked for.
        """
        if options.json_schema is not None:
            raise LocalModelError(
                f"{self.name!r} cannot be held to a JSON schema here",
                remedy="use LlamaCppModel as the local model",
            )
        require_trusted(self._model, self._trusted_hosts)
        prompt = [_ROLES[message.role](message.text.reveal()) for message in messages]
        return self._pieces(prompt, list(options.stop) or None)

    def _pieces(self, prompt: list[BaseMessage], stop: list[str] | None) -> Iterator[LocalChunk]:
        usage = Usage()
        answered = length = False
        failure = ""
        try:
            for message in self._messages(prompt, stop):
                answered = True
                tokens = message.usage_metadata
                if tokens is not None:
                    usage += Usage(tokens["input_tokens"], tokens["output_tokens"])
                length = length or message.response_metadata.get("finish_reason") == "length"
                if message.text:
                    yield LocalChunk(message.text)
        except CoGenesisError:
            raise
        # No exception of a client may pass: it can hold the private prompt.
        except Exception as error:
            failure = f"failed with {type(error).__name__}"
        if failure or not answered:  # raised here, where the client's exception is no context of it
            raise LocalModelError(
                f"the local model {self.name!r} {failure or 'gave no answer'}",
                remedy="check that it runs and that its window is large enough",
            )
        yield LocalChunk("", "length" if length else "stop", usage)

    def _messages(self, prompt: list[BaseMessage], stop: list[str] | None) -> Iterator[AIMessage]:
        untraced = Untraced()
        if type(self._model)._stream is BaseChatModel._stream:
            result = untraced.call(self._model._generate, prompt, stop=stop)
            messages: Iterator[BaseMessage] = (one.message for one in result.generations)
        else:
            chunks = untraced.call(self._model._stream, prompt, stop=stop)
            messages = (chunk.message for chunk in untraced.iterate(chunks))
        for message in messages:
            if isinstance(message, (AIMessage, AIMessageChunk)):
                yield message


def _bound_to_its_host(model: BaseChatModel) -> BaseChatModel:
    """Copy a model of langchain-openai, without redirects and environment proxies."""
    openai_model = as_openai_model(model)
    if openai_model is None:
        return model
    retries = openai_model.root_client.max_retries
    return with_transport(openai_model, transport_of(openai_model), max_retries=retries)
