"""A cloud chat model that sees the public view of a conversation alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable, RunnableBinding
from pydantic import ConfigDict, Field, PrivateAttr, model_validator

from cogenesis_langchain.errors import ConfigurationError
from cogenesis_langchain.middleware.conversation_view import PublicView
from cogenesis_langchain.models.cloud.cloud_model import CloudModel
from cogenesis_langchain.models.tools import declared_texts
from cogenesis_langchain.privacy.request_shape import parts_of
from cogenesis_langchain.untraced_chat_model import UntracedChatModel

_DECLARATIONS: Final = frozenset({"functions", "response_format", "tools"})
"""Settings of a call that the developer wrote; the other ones can come from the conversation."""


class MaskedChatModel(UntracedChatModel):
    """Masks a conversation, asks the cloud model, and restores its answer."""

    model_config = ConfigDict(arbitrary_types_allowed=True, hide_input_in_errors=True)

    cloud: BaseChatModel = Field(exclude=True, repr=False)
    """The model beyond the border."""
    connection: CloudModel = Field(exclude=True, repr=False)
    """Its connection, over which only checked and recorded requests leave."""
    view: PublicView = Field(exclude=True, repr=False)
    """The public view of the conversation."""
    require_public: Callable[[Sequence[str]], None] = Field(exclude=True, repr=False)
    """Raises `PrivacyViolation` if configured strings contain a private term."""

    _answered: bool = PrivateAttr(default=False)

    @model_validator(mode="after")
    def _take_over_the_profile(self) -> MaskedChatModel:
        self.profile = self.cloud.profile
        return self

    @property
    def has_answered(self) -> bool:
        """Whether an answer of it was restored."""
        return self._answered

    @property
    def _llm_type(self) -> str:
        return "cogenesis-masked"

    def bind_tools(
        self, tools: Sequence[Any], *, tool_choice: Any = None, **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Bind tools as the cloud model does; see its `bind_tools`.

        Raises:
            ConfigurationError: It does not bind them as keyword arguments.
        """
        if tool_choice is not None:
            kwargs["tool_choice"] = tool_choice
        binding = self.cloud.bind_tools(tools, **kwargs)
        if not isinstance(binding, RunnableBinding):
            raise ConfigurationError(
                f"bind_tools of {self.connection.name!r} does not bind keyword arguments",
                remedy="use a chat model of a LangChain partner package",
            )
        return self.bind(**binding.kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        bound = {**kwargs, "stop": stop} if stop else kwargs
        # Middlewares further in may have added text to what they were shown.
        self.view.learn(messages, masked_before=True)
        shown = [self.view.message(message, masked_before=True) for message in messages]
        permit = self.view.permit()
        self.require_public(list(declared_texts(bound)))
        self.view.require_absent(
            declared_texts({name: bound[name] for name in bound.keys() - _DECLARATIONS})
        )
        parts = [*self.view.parts, *parts_of(bound)]
        answer = self.connection.converse(shown, self.view.public, parts, permit, bound)
        answer = self.view.restored(answer)
        self._answered = True
        answer.response_metadata["cogenesis"] = {
            "mode": "masked",
            "cloud_calls": permit.sent.calls,
            "cloud_bytes": permit.sent.bytes,
        }
        return ChatResult(generations=[ChatGeneration(message=answer)])
