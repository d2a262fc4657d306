"""The report of one request, and the interface of its writers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol, TypedDict

from langchain_core.messages import BaseMessage

from cogenesis_langchain.models.base import FinishReason, GenerationOptions, Usage
from cogenesis_langchain.privacy.border import EgressPermit

Mode = Literal["sketch", "fused", "agent"]
Rung = Literal["fused", "template", "hint", "outline", "plan", "local"]


class Source(TypedDict):
    """A document of the private context that the local model read.

    Attributes:
        id: Its id in the store; None if it has none.
        metadata: Its metadata.
    """

    id: str | None
    metadata: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Report:
    """What happened to one request; it stays here, for the outline can hold restored values.

    Attributes:
        mode: What was asked for; ``agent`` is a turn with tools or with a schema.
        rung: What was used, from the ladder fused, template, outline, local; hint or plan.
        fallback_reason: Why the rung is lower than the mode; empty when it is not.
        sketch: The cloud's template or numbered outline; empty without one.
        left_out: Sentences of the template that the notes do not support.
        missing: Details of the request that the text does not tell.
        plan: The plan of an agent's task, as `Plan.told` gives it; empty without one.
        step: Number of the plan's step that this turn does, from 1; 0 for none.
        items: Items for which this step is still to be done, where the plan repeats it.
        lists: The items of steps that are repeated, by the plan's words for them.
        undone: Numbers of steps that were left out, were given up after an error, or have a
            receiver that is not known.
        calls: Turns before this one that called tools, in an agent's task.
        tasks: Names of an agent's tasks that an answer without calls ends; the last one of a turn
            with tools is its own.
        provenance: The finished text as runs of words with their author, ``cloud`` or ``local``;
            empty unless a template was completed.
        sources: The documents of the retriever that the local model read.
        context_left_out: Characters of the private context, and of results of tools, for which the
            local model's window was too small.
        cloud_calls: Requests that left.
        cloud_bytes: Bytes of their bodies.
        masked: Private values found in the instruction, by kind.
        disclosure: How much of the generated text the cloud model may see.
        tokens_shown: Generated tokens that the cloud model was shown as they are; with ``masked``
            disclosure none of them belongs to a known private value.
        nats_told: What these tokens tell of the private context at most, in nats; None if it was
            not measured: in a fused text without a `Budget` or a bound (`Bounded`).
        cloud: Tokens of the cloud model, also of answers of no use; a server that is asked for
            distributions counts none.
        local: Tokens of the local model.
        leftover_placeholders: Blanks such as ``[date]`` in the finished text.
        finish_reason: Why the text ended.
        trace: Who wrote each token of a fused text; empty otherwise.
    """

    mode: Mode
    rung: Rung = "local"
    fallback_reason: str = ""
    sketch: str = ""
    plan: Mapping[str, Any] = field(default_factory=dict)
    step: int = 0
    items: tuple[str, ...] = field(default=(), repr=False)
    lists: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)
    undone: tuple[int, ...] = ()
    calls: int = 0
    tasks: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    provenance: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    sources: tuple[Source, ...] = field(default=(), repr=False)
    context_left_out: int = 0
    cloud_calls: int = 0
    cloud_bytes: int = 0
    masked: Mapping[str, int] = field(default_factory=dict)
    disclosure: str = "none"
    tokens_shown: int = 0
    nats_told: float | None = 0.0
    cloud: Usage = field(default_factory=Usage)
    local: Usage = field(default_factory=Usage)
    leftover_placeholders: int = 0
    finish_reason: FinishReason = "stop"
    trace: Mapping[str, Any] = field(default_factory=dict, repr=False)


def with_sent(report: Report, permit: EgressPermit) -> Report:
    """The report with the requests and tokens of a permit added."""
    sent = permit.sent
    return replace(
        report,
        cloud_calls=report.cloud_calls + sent.calls,
        cloud_bytes=report.cloud_bytes + sent.bytes,
        cloud=report.cloud + Usage(sent.input_tokens, sent.output_tokens),
    )


class Writer(Protocol):
    """A way of writing together."""

    def write(
        self, messages: Sequence[BaseMessage], options: GenerationOptions
    ) -> Iterator[str | Report]:
        """Write the answer to a conversation.

        Args:
            messages: The conversation; its last human message is the request.
            options: How the local model generates.

        Yields:
            Pieces of the text, then one report.

        Raises:
            InstructionError: There is no usable instruction.
            ContextTooLong: The conversation does not fit the local model, even without documents.
            PrivacyViolation: The policy is ``block`` and the instruction holds something private,
                or something added private text to a request; nothing was sent.
            LocalModelError: The local model failed.
        """
        ...
