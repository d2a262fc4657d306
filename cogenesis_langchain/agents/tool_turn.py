"""A turn with tools, or with a schema for its answer: the local model writes it."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias, final

from langchain_core.messages import BaseMessage

from cogenesis_langchain.agents.conversation import Guidance, plain_conversation
from cogenesis_langchain.agents.fitting import TurnInput
from cogenesis_langchain.agents.grammar_calls import GrammarCalls
from cogenesis_langchain.agents.schema_check import follows_schema, is_object, only_listed
from cogenesis_langchain.collaboration.report import Report
from cogenesis_langchain.errors import ConfigurationError, ContextTooLong, NoCallMade
from cogenesis_langchain.models.base import (
    FinishReason,
    GenerationOptions,
    LocalTextModel,
    Usage,
)
from cogenesis_langchain.models.decoding.text_stream import TextStream
from cogenesis_langchain.models.tools import CallsTools, FollowsGrammars, ToolCall, TurnRules
from cogenesis_langchain.privacy.text import PrivateText

Piece: TypeAlias = str | ToolCall | Report
_ATTEMPTS: Final = 2


def tool_caller(local: LocalTextModel) -> CallsTools | None:
    """Return how a local model calls tools; None if it cannot."""
    if isinstance(local, CallsTools):
        return local if local.can_call_tools else None
    return GrammarCalls(local) if isinstance(local, FollowsGrammars) else None


@dataclass(slots=True)
class _Attempt:
    """What one generation came to, besides the text that was passed on.

    Attributes:
        calls: The calls of tools.
        text: The text.
        usage: Tokens.
        finish_reason: Why it ended.
    """

    calls: list[ToolCall] = field(default_factory=list)
    text: str = ""
    usage: Usage = field(default_factory=Usage)
    finish_reason: FinishReason = "stop"

    def allowed_calls(self, rules: TurnRules) -> Iterator[ToolCall]:
        """Yield the calls that are passed on: those of tools that may be called in this turn."""
        schemas = {tool.name: tool.parameters for tool in rules.callable_tools}
        for call in self.calls:
            if call.name in schemas and is_object(call.arguments):
                arguments = only_listed(call.arguments, schemas[call.name])
                yield replace(call, arguments=arguments)
            elif call.name in schemas:
                # LangChain would mend arguments that were cut off: half a mail must not be sent.
                yield replace(call, arguments=f"incomplete: {call.arguments}")

    def fits(self, rules: TurnRules) -> bool:
        """Whether there is nothing to gain from another attempt."""
        if self.finish_reason == "length":
            return True
        if rules.must_call and not self.calls:
            return False
        schemas = {tool.name: tool.parameters for tool in rules.callable_tools}
        return all(
            call.name in schemas and follows_schema(call.arguments, schemas[call.name])
            for call in self.calls
        )


@final
class ToolTurn:
    """Writes turns with tools; nothing is sent to the cloud model.

    Args:
        local: Writes the turns.
    """

    def __init__(self, local: LocalTextModel) -> None:
        self._local_name = local.name
        self._caller = tool_caller(local)

    @property
    def is_possible(self) -> bool:
        """Whether the local model can write such turns."""
        return self._caller is not None

    def require_possible(self) -> None:
        """Raise `ConfigurationError` if the local model cannot write such turns."""
        if self._caller is None:
            raise ConfigurationError(
                f"the local model {self._local_name!r} cannot call tools or follow a schema",
                remedy="use LlamaCppModel, TransformersModel, or a chat model with bind_tools",
            )

    def write(
        self,
        messages: Sequence[BaseMessage],
        context: Sequence[PrivateText],
        rules: TurnRules,
        options: GenerationOptions,
        report: Report,
        *,
        guidance: Guidance | None = None,
    ) -> Iterator[Piece]:
        """Write the assistant's turn.

        Calls whose arguments do not follow their schema are asked for once more.

        Args:
            messages: The conversation, with calls and results of tools.
            context: Texts of the private context, most important first.
            rules: What may be written.
            options: How to generate; stop strings end text, not calls.
            report: What is known so far; the tokens of this turn are added.
            guidance: What the model is told of a plan.

        Yields:
            Pieces of text as they come, then the calls, then the whole report.

        Raises:
            ConfigurationError: The local model cannot call tools, or a schema cannot be followed.
            InstructionError: A message is of an unknown type.
            ContextTooLong: The conversation does not fit the local model, even with short results
                and no private context.
            LocalModelError: The local model failed.
            NoCallMade: It called no tool though it had to, or only tools that it may not call.
        """
        self.require_possible()
        given = TurnInput(messages, context)
        usage = Usage()
        spoke = False
        for _ in range(_ATTEMPTS):
            attempt, given = yield from self._fitting_attempt(
                given, guidance, rules, options, silent=spoke
            )
            usage += attempt.usage
            passed_on, spoke = not spoke, spoke or bool(attempt.text)
            if attempt.fits(rules):
                break
            options = replace(options, seed=None)  # the same seed would give the same answer
        calls = list(attempt.allowed_calls(rules))
        if attempt.text and not passed_on and not attempt.calls:
            yield f"\n{attempt.text}"  # an answer after a call that was of no use
        if not calls and (rules.must_call or (attempt.calls and not spoke)):
            raise NoCallMade(
                f"the local model {self._local_name!r} called no tool that it may call now, and "
                "gave no answer",
                remedy="raise max_tokens, or use a local model that follows grammars",
            )
        yield from calls
        yield replace(
            report,
            local=report.local + usage,
            finish_reason=attempt.finish_reason,
            context_left_out=max(report.context_left_out, given.left_out),
        )

    def _fitting_attempt(
        self,
        given: TurnInput,
        guidance: Guidance | None,
        rules: TurnRules,
        options: GenerationOptions,
        *,
        silent: bool,
    ) -> Generator[str, None, tuple[_Attempt, TurnInput]]:
        """Generate once, from less of the results and the context where all does not fit."""
        assert self._caller is not None
        while True:
            conversation = plain_conversation(given.messages, given.context)
            if guidance is not None:
                conversation = guidance.added_to(conversation)
            try:  # what does not fit raises before anything is generated
                attempt = yield from self._attempt(
                    self._caller, conversation, rules, options, silent=silent
                )
            except ContextTooLong as error:
                given = given.shortened(error)
            else:
                return attempt, given

    def _attempt(
        self,
        caller: CallsTools,
        conversation: Sequence[BaseMessage],
        rules: TurnRules,
        options: GenerationOptions,
        *,
        silent: bool,
    ) -> Generator[str, None, _Attempt]:
        """Generate once; yields the text unless an earlier attempt did."""
        attempt = _Attempt()
        text = TextStream(() if rules.answer_schema else options.stop)
        for piece in caller.call_tools(conversation, rules, replace(options, stop=())):
            if isinstance(piece, ToolCall):
                if piece in attempt.calls:  # a small model repeats itself until it is stopped
                    break
                attempt.calls.append(piece)
                continue
            attempt.usage += piece.usage
            attempt.finish_reason = piece.finish_reason or attempt.finish_reason
            settled = text.feed(piece.text.encode())
            attempt.text += settled
            if settled and not silent:
                yield settled
            if text.stopped:
                break
        rest = text.close()
        attempt.text += rest
        if rest and not silent:
            yield rest
        return attempt
