"""`ChatCoGenesis`: a LangChain chat model in which a cloud and a local model write together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import Annotated, Any, Final, Literal, TypeAlias

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models.base import LangSmithParams
from langchain_core.language_models.chat_models import BaseChatModel, generate_from_stream
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.retrievers import BaseRetriever
from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    InstanceOf,
    PrivateAttr,
    StringConstraints,
    model_validator,
)

from cogenesis_langchain.agents.agent_turn import AgentTurn
from cogenesis_langchain.agents.binding import ToolBindingChatModel
from cogenesis_langchain.agents.profile import profile_of
from cogenesis_langchain.agents.rules import read_rules
from cogenesis_langchain.agents.tool_turn import ToolTurn
from cogenesis_langchain.answer_chunks import answer_chunks
from cogenesis_langchain.collaboration.fallback import FallbackNotice, OnFallback
from cogenesis_langchain.collaboration.preparation import Preparation
from cogenesis_langchain.collaboration.report import Report, Writer
from cogenesis_langchain.collaboration.sketch_fill import SketchFill, SketchKind
from cogenesis_langchain.errors import ConfigurationError
from cogenesis_langchain.fusion.operators import Operator
from cogenesis_langchain.models.base import GenerationOptions, LocalTextModel, needs_example
from cogenesis_langchain.models.cloud.cloud_model import CloudModel
from cogenesis_langchain.models.local.named import as_local_model
from cogenesis_langchain.models.scoring.chat_formats import ChatFormat, chat_format_named
from cogenesis_langchain.models.tools import Tool, ToolCall
from cogenesis_langchain.parameters import (
    OF_GENERATION,
    OF_THE_CLOUD,
    MaxTokens,
    Temperature,
    TopP,
    options_of_call,
    require_parts,
)
from cogenesis_langchain.privacy.border import Border, Policy
from cogenesis_langchain.privacy.ledger.entry import EgressLedger
from cogenesis_langchain.privacy.ledger.file import FileLedger, default_ledger_path
from cogenesis_langchain.privacy.messages.instruction import MAX_PUBLIC_WORDS, InstructionRule
from cogenesis_langchain.privacy.values import Detector
from cogenesis_langchain.privacy.views.limits import Bounded, Budget
from cogenesis_langchain.steps import in_thread
from cogenesis_langchain.token_estimate import estimated_tokens
from cogenesis_langchain.unknown_parameters import refuse_unknown
from cogenesis_langchain.version import __version__

_OF_FUSED_DECODING: Final = frozenset({
    "chat_format", "disclosure", "draft_tokens", "operator", "presence_penalty", "top_k",
})  # fmt: skip
"""Fields that only fused decoding reads."""

PrivateTerm: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


def _chat_format(given: object) -> object:
    return chat_format_named(given) if isinstance(given, str) else given


class ChatCoGenesis(ToolBindingChatModel):
    """A chat model that shows the cloud a general instruction and keeps private context here.

    Setup:
        ``pip install "cogenesis-langchain[openai,llama-cpp,chroma]"``

    Example:
        ```python
        model = ChatCoGenesis(
            cloud=ChatOpenAI(model="gpt-4.1"),
            local="qwen2.5-coder-1.5b-instruct",
            retriever=PrivateContextRetriever(
                store=ContextStore("~/context", embeddings=LocalMiniLM())
            ),
        )
        model.invoke("Write an e-mail to my dentist asking to move my appointment.")
        ```

    The text of the last human message, if it is one short paragraph, is the general instruction.
    Every other message, and what the retriever finds, stays on this machine. Mark parts of a
    message with `public` and `private` to say so yourself. `response_metadata["cogenesis"]` tells
    what happened.
    """

    model_config = ConfigDict(
        arbitrary_types_allowed=True,
        populate_by_name=True,
        hide_input_in_errors=True,  # the error of a wrong private_terms would show them
    )

    cloud: BaseChatModel = Field(exclude=True, repr=False)
    """The model beyond the border; any LangChain chat model. Its own retries are switched off. In
    both modes requests use its base URL, proxy or HTTP client, headers and key."""
    local: LocalTextModel | BaseChatModel | str = Field(exclude=True, repr=False)
    """The model inside the trust boundary: a model of this library, a LangChain chat model that
    runs on this machine, ``ollama:MODEL``, or the name or path of a GGUF file. Fused decoding needs
    one that offers tokens (`LlamaCppModel`, `TransformersModel`)."""
    retriever: BaseRetriever | None = Field(default=None, exclude=True, repr=False)
    """Supplies the private context; the query is the whole last human message."""
    mode: Literal["sketch", "fused"] = "sketch"
    """How the two models write together: from the cloud model's sketch, or token by token."""
    sketch: SketchKind = "template"
    """What the cloud writes in sketch mode: a ``template``, which the local model completes in
    place, or an ``outline``, from which it writes. To a question it writes the answer either way:
    the local model completes its blanks, or with ``outline`` reads it as a hint."""
    operator: Operator | str = Field(default="local-led", exclude=True, repr=False)
    """How fused decoding makes one distribution of two: ``local-led``, ``mean``, ``max``,
    ``product``, ``contrast``, ``entropy``, ``learned`` or an operator of
    `cogenesis_langchain.fusion.operators`. ``docs/fusion.md`` compares them."""
    chat_format: Annotated[ChatFormat, BeforeValidator(_chat_format)] | None = Field(
        default=None, exclude=True, repr=False
    )
    """How the cloud model marks turns, for fused decoding with a server that does not apply the
    model's chat template to a prefix (SGLang, Together, llama_cpp.server): ``chatml``, or a
    function as `ChatFormat` describes it."""
    top_k: int = Field(default=20, ge=1, le=20)
    """Most tokens of each of the cloud model's distributions in fused decoding; a server that
    allows fewer is asked for fewer."""
    presence_penalty: float = Field(default=1.0, ge=0, allow_inf_nan=False)
    """Nats by which tokens of the last part of a fused text lose; 0 is no penalty."""
    draft_tokens: int | None = Field(default=None, ge=1, le=16)
    """Drafts of each request in fused mode; None decides by what is fastest. With a fixed number
    and `padding`, the length of requests does not show which drafts were corrected."""
    padding: int = Field(default=0, ge=0, le=1_000_000)
    """The body of each request is filled up with spaces to a multiple of this number of bytes, so
    that its length tells less to those who watch the encrypted traffic; 0 does not."""
    disclosure: Literal["none", "masked", "open"] | InstanceOf[Budget] | InstanceOf[Bounded] = (
        "none"
    )
    """How much of the generated text the cloud model may see. In fused mode the default is
    ``masked``: it sees the text so far with placeholders for private values. A `Budget` is
    ``masked`` with a limit on what the words that are shown tell of the context; `Bounded` has a
    proven bound instead. ``open`` shows it the text as it is, private values included. In sketch
    mode it is ``none``."""
    on_fallback: OnFallback = "warn"
    """What to do when the cloud model cannot take part, and the local model has to write alone or a
    fused text becomes a sketched one: ``warn`` once for each cause, ``raise``, or ``silent``. It is
    raised before anything is written, or at the end of a fused text during which the cloud model
    failed. `response_metadata["cogenesis"]` tells it in each case."""

    instruction: InstructionRule = Field(default="last_human", exclude=True, repr=False)
    """What of the request may be public. ``last_human``: the parts that are marked public, or else
    the last human message if it is one short paragraph and does not follow calls of tools.
    ``marked``: only what is marked public. Or a function from the messages to the public text, or
    None for none."""
    max_public_words: int = Field(default=MAX_PUBLIC_WORDS, ge=1)
    """Most words of a last human message without marks; a longer one, or one with line breaks, is a
    document and stays here."""
    detectors: Sequence[Detector] = Field(default=(), exclude=True, repr=False)
    """Functions that find private values in a text, besides the built-in detectors."""
    context_detectors: Sequence[Detector] = Field(default=(), exclude=True, repr=False)
    """Functions that find private values in the private context alone, such as `NamedEntityModel`:
    in an instruction they would take common words for names."""
    private_terms: Sequence[PrivateTerm] = Field(default=(), exclude=True, repr=False)
    """Strings that are private wherever they stand, everyday words included."""
    private_sources: Sequence[Any] = Field(default=(), exclude=True, repr=False)
    """Retrievers and stores whose values are private although the model does not read them, such as
    those of a chain around it. A store of this library is found inside any wrapper."""
    policy: Policy = "mask"
    """What to do with private values in the instruction: ``mask``, ``block`` or ``local``."""
    strict: bool = False
    """Whether names, places, organisations, conditions and sensitive matters in the instruction are
    private even if they occur nowhere else. More of a general instruction is masked by mistake."""
    ledger: EgressLedger | None = Field(default=None, exclude=True, repr=False)
    """Where payloads that leave are recorded; None is a file in the user's state folder."""

    temperature: Temperature = 0.7
    """Of the local model; 0 is greedy."""
    top_p: TopP = 0.95
    """Nucleus share of the local model."""
    max_tokens: MaxTokens = 512
    """Most tokens of the finished text."""
    stop: list[str] | None = Field(default=None, alias="stop_sequences")
    """Strings that end the text."""
    seed: int | None = None
    """Makes the local model's sampling repeatable."""
    cloud_timeout: float = Field(default=120.0, gt=0, alias="timeout")
    """Seconds for one question to the cloud model, retries included."""
    max_retries: int = Field(default=2, ge=0)
    """Further attempts when the cloud model cannot be reached or fails."""
    max_steps: int = Field(default=25, ge=1)
    """Most turns of a task that call tools; then the local model has to answer."""

    streaming: bool = False
    """Whether `invoke` too passes tokens to callbacks as they come, as in `ChatOpenAI`."""
    cache: Any = Field(default=False, exclude=True)
    """LangChain's cache would hold private text; off unless asked for."""

    _cloud_model: CloudModel = PrivateAttr()
    _local_model: LocalTextModel = PrivateAttr()
    _writer: Writer = PrivateAttr()
    _tool_turn: ToolTurn = PrivateAttr()
    _agent: AgentTurn = PrivateAttr()

    @model_validator(mode="before")
    @classmethod
    def _check_given(cls, given: Any) -> Any:
        if isinstance(given, Mapping):
            aliases = (field.alias for field in cls.model_fields.values() if field.alias)
            known = {*cls.model_fields, *aliases}
            refuse_unknown(given, known, cls.__name__, elsewhere=OF_THE_CLOUD)
            require_parts(given)
        return given

    @model_validator(mode="after")
    def _put_together(self) -> ChatCoGenesis:
        if self.mode == "fused" and "disclosure" not in self.model_fields_set:
            self.__dict__["disclosure"] = "masked"  # fields cannot be assigned
        if self.mode == "sketch":
            self._refuse_settings_of_fused_decoding()
        self._cloud_model = CloudModel(
            self.cloud,
            timeout=self.cloud_timeout,
            max_retries=self.max_retries,
            padding=self.padding,
        )
        self._local_model = as_local_model(self.local, self.trusted_hosts, self.trust)
        preparation = Preparation(
            border=Border(
                ledger=self.ledger or FileLedger(default_ledger_path()),
                policy=self.policy,
                strict=self.strict,
            ),
            retriever=self.retriever,
            rule=self.instruction,
            max_public_words=self.max_public_words,
            trusted_hosts=self.trusted_hosts,
            trust=self.trust,
            detectors=self.detectors,
            context_detectors=self.context_detectors,
            private_terms=self.private_terms,
            private_sources=self.private_sources,
            shows_example=needs_example(self._local_model),
        )
        preparation.check_configured(
            self._cloud_model.settings,
            what="the settings of the cloud model, which every request carries,",
            remedy="remove them from default_headers, stop, model_kwargs or extra_body",
        )
        notice = FallbackNotice(self.on_fallback)
        self._writer = self._sketch_or_fused(preparation, notice)
        self._tool_turn = ToolTurn(self._local_model)
        self._agent = AgentTurn(
            preparation,
            cloud=self._cloud_model,
            turn=self._tool_turn,
            max_steps=self.max_steps,
            notice=notice,
        )
        if self.profile is None:
            self.__dict__["profile"] = profile_of(self._tool_turn, self.max_tokens)
            # The caller did not choose it, so a copy with other models makes its own.
            self.model_fields_set.discard("profile")
        return self

    def _refuse_settings_of_fused_decoding(self) -> None:
        for name in sorted(_OF_FUSED_DECODING & self.model_fields_set):
            if getattr(self, name) != type(self).model_fields[name].default:
                raise ConfigurationError(
                    f'{name}={getattr(self, name)!r} is for mode="fused", and has no effect on a '
                    "sketch",
                    remedy=f'leave {name} out, or add mode="fused"',
                )

    def _sketch_or_fused(self, preparation: Preparation, notice: FallbackNotice) -> Writer:
        sketch = SketchFill(
            preparation,
            cloud=self._cloud_model,
            local=self._local_model,
            sketch=self.sketch,
            notice=notice,
        )
        if self.mode == "sketch":
            return sketch
        if self.disclosure == "none":
            raise ConfigurationError(
                "fused decoding shows the cloud model the text so far",
                remedy='leave disclosure out, which masks private values, or use mode="sketch"',
            )
        from cogenesis_langchain.collaboration.fused import FusedWriting

        return FusedWriting(
            preparation,
            cloud=self._cloud_model,
            local=self._local_model,
            operator=self.operator,
            chat_format=self.chat_format,
            top_k=self.top_k,
            disclosure=self.disclosure,
            presence_penalty=self.presence_penalty,
            draft_tokens=self.draft_tokens,
            below=sketch,
            notice=notice,
        )

    @model_validator(mode="after")
    def _stamp_cogenesis_version(self) -> ChatCoGenesis:
        self._add_version("cogenesis-langchain", __version__)
        return self

    @property
    def _llm_type(self) -> str:
        return "cogenesis"

    def __repr_args__(self) -> Iterator[tuple[str | None, object]]:
        yield "cloud", self._cloud_model.name
        yield "local", self._local_model.name
        yield "mode", self.mode
        if self.mode == "sketch":
            yield "sketch", self.sketch
        yield "disclosure", self.disclosure

    __str__ = ToolBindingChatModel.__repr__

    def _check_tools(self, tools: Sequence[Tool]) -> None:
        self._agent.check_tools(tools)

    def get_num_tokens(self, text: str) -> int:
        """Estimate the tokens of a text, rather too many than too few; nothing is downloaded."""
        return estimated_tokens(text)

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {
            "cloud": self._cloud_model.name,
            "local": self._local_model.name,
            "mode": self.mode,
        }

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        model = kwargs.pop("model", self._model_name)  # LangChain asks before a call refuses it
        options = self._options(stop, kwargs)
        return LangSmithParams(
            ls_provider="cogenesis",
            ls_model_name=model,
            ls_model_type="chat",
            ls_temperature=options.temperature,
            ls_max_tokens=options.max_tokens,
            ls_stop=list(options.stop) or None,
        )

    @property
    def _model_name(self) -> str:
        return f"{self._cloud_model.name}+{self._local_model.name}"

    def _options(self, stop: list[str] | None, given: Mapping[str, Any]) -> GenerationOptions:
        defaults = GenerationOptions(
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            stop=tuple(self.stop or ()),
            seed=self.seed,
            explicit=OF_GENERATION & self.model_fields_set,
        )
        return options_of_call(defaults, stop, given)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return generate_from_stream(self._stream(messages, stop=stop, **kwargs))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        chunks = [chunk async for chunk in self._astream(messages, stop=stop, **kwargs)]
        return generate_from_stream(iter(chunks))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Generator[ChatGenerationChunk]:
        options = self._options(stop, kwargs)
        rules = read_rules(kwargs)
        pieces: Iterator[str | ToolCall | Report]
        if rules is None:
            pieces = self._writer.write(messages, options)
        else:
            pieces = self._agent.write(messages, rules, options)
        yield from answer_chunks(pieces, self._model_name)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        # Both models block a thread while they work, so one synchronous path serves both kinds of
        # callers; a caller that stops reading stops the local model.
        async with aclosing(in_thread(self._stream(messages, stop=stop, **kwargs))) as chunks:
            async for chunk in chunks:
                yield chunk
