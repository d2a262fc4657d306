"""One request, straight down through the house and up again.

Take the request apart, gather the private context, let the border decide what leaves, ask the cloud
model for a sketch while the local model reads the context, and write. What happens on the way is
told in a `Report`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol, runtime_checkable

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.messages import BaseMessage
from langchain_core.retrievers import BaseRetriever

from cogenesis_langchain.errors import CloudError, SketchInvalid
from cogenesis_langchain.models.base import (
    CloudTextModel,
    FinishReason,
    GenerationOptions,
    LocalTextModel,
    Usage,
)
from cogenesis_langchain.models.trust import require_trusted
from cogenesis_langchain.privacy.border import Border, Release
from cogenesis_langchain.privacy.instruction import InstructionRule, Request, split_request
from cogenesis_langchain.privacy.matching import ValueSet
from cogenesis_langchain.privacy.placeholders import Placeholders
from cogenesis_langchain.privacy.text import PrivateText
from cogenesis_langchain.privacy.untraced import Untraced
from cogenesis_langchain.sketch.fill import FillPrompt, leftover_placeholders
from cogenesis_langchain.sketch.outline import Sketch, request_sketch

Rung = Literal["fused", "sketch", "local"]


@runtime_checkable
class HoldsPrivateValues(Protocol):
    """A retriever that knows every private value of its store, retrieved or not."""

    def private_values(self) -> ValueSet:
        """Return them."""
        ...


@dataclass(frozen=True, slots=True)
class Report:
    """What happened to one request; holds no private text but the sketch's restored values.

    Attributes:
        mode: What was asked for.
        rung: What was used: see the ladder in the package's design.
        fallback_reason: Why the rung is lower than the mode; empty when it is not.
        sketch: The outline's points; empty without one.
        cloud_calls: Requests that left.
        cloud_bytes: Bytes of their bodies.
        masked: Private values found in the instruction, by kind.
        disclosure: How much of the generated text the cloud model may see.
        private_tokens_sent: Locally written tokens that left as they are.
        cloud: Tokens of the cloud model.
        local: Tokens of the local model.
        leftover_placeholders: Blanks such as ``[date]`` in the finished text.
        finish_reason: Why the text ended.
    """

    mode: str
    rung: Rung = "local"
    fallback_reason: str = ""
    sketch: tuple[str, ...] = ()
    cloud_calls: int = 0
    cloud_bytes: int = 0
    masked: Mapping[str, int] = field(default_factory=dict)
    disclosure: str = "none"
    private_tokens_sent: int = 0
    cloud: Usage = field(default_factory=Usage)
    local: Usage = field(default_factory=Usage)
    leftover_placeholders: int = 0
    finish_reason: FinishReason = "stop"


class SketchFill:
    """Writes a text by sketch-fill.

    Args:
        cloud: The model beyond the border.
        local: The model inside the trust boundary.
        border: Decides what leaves.
        retriever: Supplies the private context; None when the messages hold all of it.
        rule: What counts as the general instruction.
        max_public_words: A longer candidate stays here.
        trusted_hosts: Hosts besides loopback that the retriever may use.
    """

    def __init__(
        self,
        *,
        cloud: CloudTextModel,
        local: LocalTextModel,
        border: Border,
        retriever: BaseRetriever | None,
        rule: InstructionRule,
        max_public_words: int,
        trusted_hosts: Sequence[str],
    ) -> None:
        self._cloud = cloud
        self._local = local
        self._border = border
        self._retriever = retriever
        self._rule = rule
        self._max_public_words = max_public_words
        self._trusted_hosts = trusted_hosts

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
            ContextTooLong: The context does not fit the local model; nothing was sent.
            PrivacyViolation: The policy is ``block`` and the instruction holds something private,
                or something added private text to a request; nothing was sent.
            LocalModelError: The local model failed.
        """
        request = split_request(messages, rule=self._rule, max_public_words=self._max_public_words)
        context = self._retrieve(request)
        placeholders = Placeholders()
        release = self._release(request, context, placeholders)
        prompt = FillPrompt(request, context)
        self._local.prefill(prompt.beginning(), options)
        sketch, report = self._sketch(request, release, placeholders)
        yield from self._fill(prompt, sketch, options, report)

    def _retrieve(self, request: Request) -> list[PrivateText]:
        if self._retriever is None:
            return []
        require_trusted(self._retriever, self._trusted_hosts)
        documents = Untraced().call(
            self._retriever._get_relevant_documents,
            request.whole.reveal(),
            run_manager=CallbackManagerForRetrieverRun.get_noop_manager(),
        )
        return [PrivateText(document.page_content) for document in documents]

    def _release(
        self, request: Request, context: Sequence[PrivateText], placeholders: Placeholders
    ) -> Release | None:
        if request.candidate is None:
            return None
        private = (
            request.withheld,
            *(turn.text for turn in request.turns),
            *request.results,
            *context,
        )
        values = ValueSet.from_texts(text.reveal() for text in private)
        if isinstance(self._retriever, HoldsPrivateValues):
            values = self._retriever.private_values().union(values)
        return self._border.release(request.candidate, values, placeholders)

    def _sketch(
        self, request: Request, release: Release | None, placeholders: Placeholders
    ) -> tuple[Sketch | None, Report]:
        report = Report(mode="sketch", masked=release.masked if release else {})
        if release is None:
            return None, replace(report, fallback_reason=request.reason)
        if release.text is None:
            return None, replace(report, fallback_reason="the instruction holds private values")
        departure = self._border.departure(release, purpose="sketch")
        try:
            sketch = request_sketch(self._cloud, release.text, departure, placeholders)
        except (CloudError, SketchInvalid) as error:
            reason = f"{type(error).__name__}: {error}"
            sent = departure.sent
            return None, replace(
                report, fallback_reason=reason, cloud_calls=sent.calls, cloud_bytes=sent.bytes
            )
        return sketch, replace(
            report,
            rung="sketch",
            sketch=sketch.points,
            cloud_calls=departure.sent.calls,
            cloud_bytes=departure.sent.bytes,
            cloud=sketch.usage,
        )

    def _fill(
        self, prompt: FillPrompt, sketch: Sketch | None, options: GenerationOptions, report: Report
    ) -> Iterator[str | Report]:
        written: list[str] = []
        for chunk in self._local.stream(prompt.complete(sketch), options):
            if chunk.text:
                written.append(chunk.text)
                yield chunk.text
            if chunk.finish_reason is not None:
                yield replace(
                    report,
                    local=chunk.usage,
                    finish_reason=chunk.finish_reason,
                    leftover_placeholders=leftover_placeholders("".join(written)),
                )
