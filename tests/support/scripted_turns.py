"""Local models that give scripted turns with tools: one that follows grammars, one of LangChain."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from pydantic import PrivateAttr

from cogenesis_langchain import ChatCoGenesis, MemoryLedger
from cogenesis_langchain.models.base import GenerationOptions, LocalChunk, PrivateMessage, Usage
from cogenesis_langchain.models.decoding.grammar import GrammarVocabulary

_END = 256


class RefusedByGrammar(AssertionError):
    """A scripted text does not follow the grammar of its turn."""


class ScriptedTurns:
    """A local model that writes the given texts, each of which must follow its turn's grammar.

    Args:
        answers: Texts of the turns, or one function from the prompt to the text. A text that ends
            with an ellipsis is cut off there, as at the limit of tokens.
    """

    name = "scripted-turns"

    def __init__(self, *answers: str | Callable[[str], str]) -> None:
        self._answers = list(answers)
        self._vocabulary = GrammarVocabulary(
            [bytes((byte,)) for byte in range(256)] + [b""], [_END], list, extra="llama-cpp"
        )
        self.prompts: list[str] = []
        self.options: list[GenerationOptions] = []

    def prefill(self, messages: Sequence[PrivateMessage], options: GenerationOptions) -> None:
        pass

    def check_grammar(self, grammar: str) -> None:
        self._vocabulary.mask(grammar)

    def stream(
        self, messages: Sequence[PrivateMessage], options: GenerationOptions
    ) -> Iterator[LocalChunk]:
        prompt = "\n".join(f"{message.role}: {message.text.reveal()}" for message in messages)
        self.prompts.append(prompt)
        self.options.append(options)
        answer = self._answers[min(len(self.prompts), len(self._answers)) - 1]
        text = answer if isinstance(answer, str) else answer(prompt)
        cut = text.endswith("…")
        text = text.removesuffix("…")
        if options.grammar is not None:
            self._require(options.grammar, text, complete=not cut)
        for start in range(0, len(text), 5):
            yield LocalChunk(text[start : start + 5])
        yield LocalChunk("", "length" if cut else "stop", Usage(10, len(text)))

    def _require(self, grammar: str, text: str, *, complete: bool) -> None:
        mask = self._vocabulary.mask(grammar)
        written = text.encode()
        for position, byte in enumerate(written):
            if not mask.allowed(written[:position])[byte]:
                raise RefusedByGrammar(text[: position + 1])
        if complete and not mask.allowed(written)[_END]:
            raise RefusedByGrammar(text)


class ChatTurns(BaseChatModel):
    """A chat model with `bind_tools`, as Ollama's, that gives the scripted messages."""

    cogenesis_local: ClassVar[bool] = True

    messages: list[AIMessage]
    _bound: list[dict[str, Any]] = PrivateAttr(default_factory=list)

    @property
    def bound(self) -> list[dict[str, Any]]:
        """Keyword arguments of each call."""
        return self._bound

    @property
    def _llm_type(self) -> str:
        return "chat-turns"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Runnable[Any, AIMessage]:
        return self.bind(tools=tools, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: Any = None,
        **kwargs: Any,
    ) -> ChatResult:
        self._bound.append({**kwargs, "messages": messages})
        answer = self.messages[min(len(self._bound), len(self.messages)) - 1]
        return ChatResult(generations=[ChatGeneration(message=answer)])


def agent_model(
    local: ScriptedTurns | BaseChatModel,
    *,
    cloud_answers: Sequence[str] = ("an answer of the cloud",),
    **settings: Any,
) -> ChatCoGenesis:
    """A model whose cloud gives the answers in turn."""
    return ChatCoGenesis(
        cloud=FakeListChatModel(responses=list(cloud_answers)),
        local=local,
        **{"ledger": MemoryLedger(), "on_fallback": "silent", **settings},
    )


def call(name: str, arguments: str) -> str:
    """One call, as the local model writes it."""
    return f'<tool_call>\n{{"name": "{name}", "arguments": {arguments}}}\n</tool_call>'
