"""`PrivateAgentMiddleware`: a cloud chat model stays the agent's brain, and sees placeholders."""

from __future__ import annotations

import operator
import threading
import weakref
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import Annotated, Any, Final, NotRequired

from langchain.agents.middleware import AgentMiddleware, AgentState
from langchain.agents.middleware.types import (
    ExtendedModelResponse,
    ModelRequest,
    ModelResponse,
    PrivateStateAttr,
    ToolCallRequest,
)
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import SystemMessage, ToolMessage
from langchain_core.tools import BaseTool
from langgraph.types import Command

from cogenesis_langchain.agents.rules import is_private_tool
from cogenesis_langchain.errors import ConfigurationError
from cogenesis_langchain.middleware.conversation_view import INVENTED, PublicView
from cogenesis_langchain.middleware.masked_model import MaskedChatModel
from cogenesis_langchain.models.cloud.cloud_model import CloudModel
from cogenesis_langchain.privacy.border import Border
from cogenesis_langchain.privacy.detectors.spans import ValueKind
from cogenesis_langchain.privacy.ledger.entry import EgressLedger
from cogenesis_langchain.privacy.ledger.file import FileLedger, default_ledger_path
from cogenesis_langchain.privacy.matching.value_set import ValueSet
from cogenesis_langchain.privacy.placeholders import Placeholders
from cogenesis_langchain.privacy.trust.untraced import refuse_tracing
from cogenesis_langchain.privacy.values import (
    Detector,
    PrivateValue,
    detect,
    find_private_values,
)

_KEPT_TEXTS: Final = 256
"""Texts of which the private values are kept, so that they need not be found again."""
Entries = list[tuple[ValueKind, str]]


class PrivateAgentState(AgentState[Any]):
    """The agent's state, with the values that have placeholders."""

    private_values: NotRequired[Annotated[Entries, PrivateStateAttr, operator.add]]


class PrivateAgentMiddleware(AgentMiddleware[PrivateAgentState, Any, Any]):
    """Lets a cloud chat model run an agent without private values.

    At every turn the model sees the messages with a typed placeholder for each private value, such
    as ``[NAME_1]``. Its answer and the arguments of its calls get the real values back, so tools
    work, and the state, checkpoints and interrupts hold originals. A value keeps its placeholder
    for the whole thread: the placeholders are kept in the state, never in this object.

    The model's requests are checked like those of `ChatCoGenesis`: the exact bytes, before they are
    sent, and each is recorded. The answer is checked as a whole, so it comes in one piece also
    where the agent streams messages.

    Put it first: what comes after it sees placeholders only. A middleware that calls a model by
    itself before the agent's model does, such as a summariser, gets the conversation from the
    state; give it a model that runs on this machine, or a `ChatCoGenesis`.

    Wrap the agent in `private_chain` as well if tracing may be switched on later: LangChain traces
    the agent's own steps, which see originals.

    Args:
        detectors: Functions that find private values, besides the built-in detectors.
        private_terms: Strings that are private wherever they stand.
        ledger: Where payloads that leave are recorded; None is a file in the user's state folder.
        timeout: Seconds for one question to the model, retries included.
        max_retries: Further attempts when the model cannot be reached or fails.
        trusted_hosts: Hosts besides loopback to which tracers may send private text.
        allow_tracing: Let tracers and debug printers record private text.

    Raises:
        TracingLeak: A tracer or debug printer would record private text.

    A call of the model raises `PrivacyViolation` if its settings (headers, stop strings) or the
    declarations of the tools contain a private term.
    """

    state_schema = PrivateAgentState

    def __init__(
        self,
        *,
        detectors: Sequence[Detector] = (),
        private_terms: Sequence[str] = (),
        ledger: EgressLedger | None = None,
        timeout: float = 120.0,
        max_retries: int = 2,
        trusted_hosts: Sequence[str] = (),
        allow_tracing: bool = False,
    ) -> None:
        super().__init__()
        if not allow_tracing:  # the agent's own steps would be traced before the model is called
            refuse_tracing(trusted_hosts=trusted_hosts)
        # The messages of a conversation come back with every turn.
        finding = partial(detect, detectors=(find_private_values, *detectors))
        self._find = lru_cache(_KEPT_TEXTS)(finding)
        self._private_terms = private_terms
        self._border = Border(ledger=ledger or FileLedger(default_ledger_path()))
        self._timeout = timeout
        self._max_retries = max_retries
        self._trusted_hosts = trusted_hosts
        self._allow_tracing = allow_tracing
        self._lock = threading.Lock()
        self._connections: dict[int, tuple[weakref.ref[BaseChatModel], CloudModel]] = {}

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ExtendedModelResponse[Any]:
        """Show the model the public view, and restore its answer."""
        call = _MaskedCall(self, request)
        return call.finished(handler(call.request))

    async def awrap_model_call(
        self,
        request: ModelRequest[Any],
        handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]],
    ) -> ExtendedModelResponse[Any]:
        """As `wrap_model_call`."""
        call = _MaskedCall(self, request)
        return call.finished(await handler(call.request))

    def wrap_tool_call(
        self,
        request: ToolCallRequest,
        handler: Callable[[ToolCallRequest], ToolMessage | Command[Any]],
    ) -> ToolMessage | Command[Any]:
        """Refuse calls with a placeholder that the model invented; it may call again."""
        return _refusal(request) or handler(request)

    async def awrap_tool_call(
        self,
        request: ToolCallRequest,
        handler: Callable[[ToolCallRequest], Awaitable[ToolMessage | Command[Any]]],
    ) -> ToolMessage | Command[Any]:
        """As `wrap_tool_call`."""
        return _refusal(request) or await handler(request)

    def masked(self, model: BaseChatModel, view: PublicView) -> MaskedChatModel:
        """Return a model that shows another one the public view of a conversation.

        Raises:
            PrivacyViolation: The settings of the other model contain a private term.
        """
        connection = self._connection(model)
        self._require_public(connection.settings)
        return MaskedChatModel(
            cloud=model,
            connection=connection,
            view=view,
            require_public=self._require_public,
            trusted_hosts=self._trusted_hosts,
            allow_tracing=self._allow_tracing,
        )

    def _connection(self, model: BaseChatModel) -> CloudModel:
        """The checked connection of a model: made once, and kept as long as the model lives."""
        key = id(model)
        with self._lock:
            known, connection = self._connections.get(key, (None, None))
            if connection is None or known is None or known() is not model:
                connection = CloudModel(model, timeout=self._timeout, max_retries=self._max_retries)
                kept = weakref.ref(model, lambda _: self._connections.pop(key, None))
                self._connections[key] = (kept, connection)
        return connection

    def _require_public(self, configured: Sequence[str]) -> None:
        if self._private_terms and configured:
            self._border.check_configured(
                configured,
                ValueSet.from_texts((), declared=self._terms()),
                what="the settings of the cloud model or the declarations of tools",
                remedy="reword them: every request carries them",
            )

    def view(self, request: ModelRequest[Any], placeholders: Placeholders) -> PublicView:
        """Return the public view of a request.

        Values of earlier turns stay private, also where their messages were taken out.
        """
        system = [] if request.system_message is None else [request.system_message]
        hidden = placeholders.hidden()
        known = {PrivateValue(*entry) for entry in hidden if entry[0] != "TEXT"}
        tools = [_name_of(tool) for tool in request.tools]
        view = PublicView(
            self._border, self._terms() | known, self._find, placeholders, tools=tools
        )
        view.hide(original for kind, original in hidden if kind == "TEXT")
        view.learn([*system, *request.messages])
        return view

    def _terms(self) -> set[PrivateValue]:
        return {PrivateValue("TERM", term) for term in self._private_terms}


class _MaskedCall:
    """One call of the model, from the request to the restored answer."""

    def __init__(self, middleware: PrivateAgentMiddleware, request: ModelRequest[Any]) -> None:
        self._placeholders = _placeholders(request.state)
        self._known = len(self._placeholders.entries())
        _refuse_private_tools(request.tools)
        self._view = middleware.view(request, self._placeholders)
        system = request.system_message
        shown = None if system is None else self._view.message(system)
        self._model = middleware.masked(request.model, self._view)
        self.request = request.override(
            model=self._model,
            messages=[self._view.message(message) for message in request.messages],
            system_message=shown if isinstance(shown, SystemMessage) else None,
        )

    def finished(self, response: ModelResponse[Any]) -> ExtendedModelResponse[Any]:
        if not self._model.has_answered:  # another model answered, such as a fallback of its own
            response = replace(
                response, result=[self._view.restored(message) for message in response.result]
            )
        new = self._placeholders.entries()[self._known :]
        return ExtendedModelResponse(
            model_response=response, command=Command(update={"private_values": new})
        )


def _placeholders(state: Any) -> Placeholders:
    placeholders = Placeholders()
    placeholders.extend((kind, original) for kind, original in state.get("private_values") or ())
    return placeholders


def _name_of(tool: BaseTool | dict[str, Any]) -> str:
    if isinstance(tool, BaseTool):
        return tool.name
    return str(tool.get("function", tool).get("name", ""))


def _refuse_private_tools(tools: Sequence[object]) -> None:
    for tool in tools:
        if isinstance(tool, BaseTool) and is_private_tool(tool):
            raise ConfigurationError(
                f"the tool {tool.name!r} is a private_tool, and the cloud model of this agent sees "
                "every tool",
                remedy="reword its declaration and pass it without private_tool, or use "
                "ChatCoGenesis as the agent's model",
            )


def _refusal(request: ToolCallRequest) -> ToolMessage | None:
    call = request.tool_call
    told = (one.response_metadata.get(INVENTED, ()) for one in request.state["messages"])
    # Somebody may have edited the arguments since.
    is_invented = any(call["id"] in ids for ids in told) and _placeholders(
        request.state
    ).has_unknown(str(call["args"]))
    if not is_invented:
        return None
    return ToolMessage(
        "An argument holds a placeholder that stands for nothing. Use one that you were shown.",
        tool_call_id=call["id"] or "",
        name=call["name"],
        status="error",
    )
