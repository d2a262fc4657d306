"""Fused decoding: both models choose each token; the cloud model works without the private context.

What the cloud model sees of the text so far is chosen by `disclosure`; see `decodings.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property

from langchain_core.messages import BaseMessage

from cogenesis_langchain.collaboration.blanks import leftover_placeholders
from cogenesis_langchain.collaboration.decodings import (
    ChosenDisclosure,
    LocalReadings,
    decoding_of,
)
from cogenesis_langchain.collaboration.fallback import FallbackNotice
from cogenesis_langchain.collaboration.packing import with_fitting_context
from cogenesis_langchain.collaboration.preparation import Preparation, Prepared
from cogenesis_langchain.collaboration.report import Report, with_sent
from cogenesis_langchain.collaboration.sketch_fill import SketchFill
from cogenesis_langchain.errors import CloudError, ConfigurationError, FusionError
from cogenesis_langchain.fusion.operators import Operator, operator_named
from cogenesis_langchain.fusion.trace import FusedToken, Trace
from cogenesis_langchain.fusion.verification.alignment import Alignment
from cogenesis_langchain.fusion.verification.open_verifier import open_verifier
from cogenesis_langchain.fusion.verification.verifier import Verifier
from cogenesis_langchain.models.base import (
    GenerationOptions,
    LocalTextModel,
    OffersTokens,
    PublicMessage,
    Usage,
)
from cogenesis_langchain.models.cloud.cloud_model import CloudModel
from cogenesis_langchain.models.decoding.token_writer import encode_fitting
from cogenesis_langchain.models.scoring.chat_formats import ChatFormat
from cogenesis_langchain.models.scoring.endpoint import CompletionsEndpoint
from cogenesis_langchain.models.scoring.probe import Capabilities
from cogenesis_langchain.privacy.border import EgressPermit
from cogenesis_langchain.privacy.messages.instruction import open_tasks
from cogenesis_langchain.privacy.text import PublicText
from cogenesis_langchain.privacy.views.disclosure import Disclosure
from cogenesis_langchain.prompts import FUSED_QUESTION, FUSED_TASK
from cogenesis_langchain.sketch.question import is_question


class FusedWriting:
    """Writes a text by fused decoding; where that is impossible, by sketch-fill.

    Args:
        preparation: Takes requests apart and holds the border.
        cloud: The cloud model; its server is asked for log-probabilities.
        local: A local model that offers tokens.
        operator: How the two distributions become one.
        chat_format: How the cloud model marks turns, for servers that do not apply its template.
        top_k: Most tokens of each of the cloud's distributions.
        disclosure: What the cloud model sees of the text so far.
        presence_penalty: Nats by which tokens of the last part of the text lose.
        draft_tokens: Drafts of each request; None decides by what is fastest.
        below: The next rung of the ladder.
        notice: Warns when the text is not fused.

    Raises:
        ConfigurationError: One of the models cannot take part.
        FusionError: No such operator.
    """

    def __init__(
        self,
        preparation: Preparation,
        *,
        cloud: CloudModel,
        local: LocalTextModel,
        operator: Operator | str,
        chat_format: ChatFormat | None,
        top_k: int,
        disclosure: ChosenDisclosure,
        presence_penalty: float,
        draft_tokens: int | None,
        below: SketchFill,
        notice: FallbackNotice,
    ) -> None:
        if not isinstance(local, OffersTokens):
            raise ConfigurationError(
                f"fused decoding needs the local model's weights; {local.name!r} gives only text",
                remedy="pass a LlamaCppModel, a TransformersModel or the name of a GGUF file, or "
                'use mode="sketch"',
            )
        cloud.require_server()
        self._preparation = preparation
        self._below = below
        self._notice = notice
        self._cloud = cloud
        self._chat_format = chat_format
        self._top_k = top_k
        self._capabilities: Capabilities | None = None
        self._tokens = local.tokens()
        self._decoding = decoding_of(
            disclosure,
            local,
            self._tokens,
            preparation.border,
            operator=operator_named(operator) if isinstance(operator, str) else operator,
            presence_penalty=presence_penalty,
            draft_tokens=draft_tokens,
        )

    def write(
        self, messages: Sequence[BaseMessage], options: GenerationOptions
    ) -> Iterator[str | Report]:
        """Write the answer to a conversation; see `Writer.write`."""
        self._decoding.require(options)
        prepared = self._preparation.prepare(messages)
        release = prepared.release
        report = Report(mode="fused", disclosure=self._decoding.name, tasks=open_tasks(messages))
        if release is None or release.text is None:
            yield from self._below.write_prepared(prepared, options, report)
            return
        permit = self._preparation.border.permit(
            release, purpose="fused", verdict=self._decoding.name
        )
        text = self._decoding.begin(prepared)
        readings, fitting = with_fitting_context(
            prepared, lambda shorter: self._readings(shorter, options)
        )
        try:
            verifier = self._verifier(release.text, text.disclosure, permit)
        except (CloudError, FusionError) as error:
            report = replace(report, fallback_reason=error.summary)
            self._notice.tell(report.fallback_reason)
            yield from self._below.write_prepared(prepared, options, with_sent(report, permit))
            return
        settled: list[FusedToken] = []
        for token in text.stream(fitting, readings, verifier, options):
            settled.append(token)
            if token.text:
                yield token.text
        report = replace(
            report,
            masked=release.masked,
            context_left_out=fitting.left_out,
            sources=fitting.sources,
            local=Usage(len(readings.private), len(settled)),
        )
        counts = Trace.of(settled).report
        view = text.disclosure.view([token.id for token in settled[: counts.tokens_asked]])
        report = _with_trace(report, Trace.of(settled, view))
        if report.fallback_reason:
            self._notice.tell(report.fallback_reason)
        yield with_sent(report, permit)

    def _readings(self, prepared: Prepared, options: GenerationOptions) -> LocalReadings:
        prompt, public = prepared.prompt, self._decoding.public
        ids = encode_fitting(self._tokens, prompt.complete(None), options)
        if public is None:
            return LocalReadings(ids)
        assert prepared.release is not None and prepared.release.text is not None
        released = prompt.of_public(prepared.release.text)
        return LocalReadings(ids, encode_fitting(public, released, options))

    def _verifier(
        self, instruction: PublicText, disclosure: Disclosure, permit: EgressPermit
    ) -> Verifier:
        endpoint = CompletionsEndpoint(
            self._cloud, permit, chat_format=self._chat_format, capabilities=self._capabilities
        )
        self._capabilities = endpoint.probe()
        task = FUSED_QUESTION if is_question(str(instruction)) else FUSED_TASK
        return open_verifier(
            endpoint,
            self._tokens,
            [PublicMessage("user", PublicText.compose(task, {"instruction": instruction}))],
            disclosure=disclosure,
            k=self._top_k,
            alignment=lambda: self._alignment,
        )

    @cached_property
    def _alignment(self) -> Alignment:
        return Alignment(self._tokens)


def _with_trace(report: Report, trace: Trace) -> Report:
    failure = trace.report.fallback
    return replace(
        report,
        rung="fused" if trace.report.requests else "local",
        fallback_reason=f"{failure}: the local model wrote the rest alone" if failure else "",
        tokens_shown=trace.report.tokens_shown,
        nats_told=trace.report.nats_told,
        leftover_placeholders=leftover_placeholders(trace.text),
        finish_reason=trace.tokens[-1].finish_reason or "stop",
        trace=trace.to_dict(),
    )
