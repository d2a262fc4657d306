"""Fused decoding: both models choose each token; the cloud model works without the private context.

The cloud model sees the public view of the text so far (``disclosure="masked"``) or, as in the
paper, the text as it is (``disclosure="open"``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Literal

from langchain_core.messages import BaseMessage

from cogenesis_langchain.collaboration.blanks import leftover_placeholders
from cogenesis_langchain.collaboration.fallback import FallbackNotice
from cogenesis_langchain.collaboration.packing import with_fitting_context
from cogenesis_langchain.collaboration.preparation import Preparation, Prepared
from cogenesis_langchain.collaboration.report import Report
from cogenesis_langchain.collaboration.sketch_fill import SketchFill
from cogenesis_langchain.errors import CloudError, ConfigurationError, FusionError
from cogenesis_langchain.fusion.decoder import FusedDecoder
from cogenesis_langchain.fusion.influence import Gains, Influence
from cogenesis_langchain.fusion.operators import Operator, operator_named
from cogenesis_langchain.fusion.trace import FusedToken, Trace
from cogenesis_langchain.fusion.verification.alignment import Alignment
from cogenesis_langchain.fusion.verification.blank_filter import BlankFilter
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
from cogenesis_langchain.models.local.token_writer import encode_fitting
from cogenesis_langchain.models.scoring.chat_formats import ChatFormat
from cogenesis_langchain.models.scoring.endpoint import CompletionsEndpoint
from cogenesis_langchain.models.scoring.probe import Capabilities
from cogenesis_langchain.privacy.border import EgressPermit
from cogenesis_langchain.privacy.text import PublicText
from cogenesis_langchain.privacy.views.disclosure import Budget, Disclosure, OpenDisclosure
from cogenesis_langchain.privacy.views.masked_disclosure import MaskedDisclosure
from cogenesis_langchain.privacy.views.public_view import GrowingView
from cogenesis_langchain.prompts import FUSED_TASK


class FusedWriting:
    """Writes a text by fused decoding; where that is impossible, by sketch-fill.

    Args:
        preparation: Takes requests apart and holds the border.
        cloud: The cloud model; its server is asked for log-probabilities.
        local: A local model that offers tokens.
        operator: How the two distributions become one.
        chat_format: How the cloud model marks turns, for servers that do not apply its template.
        top_k: Most tokens of each of the cloud's distributions.
        disclosure: What the cloud model sees of the text so far; a `Budget` is masked disclosure
            with limits.
        presence_penalty: Nats by which tokens of the last part of the text lose.
        draft_tokens: Drafts of each request; None decides by what is fastest.
        below: The next rung of the ladder.
        notice: Says aloud when the text is not fused.

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
        disclosure: Literal["masked", "open"] | Budget,
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
        operator = operator_named(operator) if isinstance(operator, str) else operator
        self._preparation = preparation
        self._below = below
        self._notice = notice
        self._cloud = cloud
        self._chat_format = chat_format
        self._top_k = top_k
        self._budget = disclosure if isinstance(disclosure, Budget) else None
        self._disclosure: Literal["masked", "open"] = (
            "masked" if isinstance(disclosure, Budget) else disclosure
        )
        self._capabilities: Capabilities | None = None
        self._tokens = local.tokens()
        self._decoder = FusedDecoder(
            self._tokens,
            operator=operator,
            baseline=local.tokens() if operator.needs_baseline else None,
            presence_penalty=presence_penalty,
            draft_tokens=draft_tokens,
        )
        self._redacted = local.tokens() if self._budget is not None else None

    def write(
        self, messages: Sequence[BaseMessage], options: GenerationOptions
    ) -> Iterator[str | Report]:
        """Write the answer to a conversation; see `Writer.write`."""
        prepared = self._preparation.prepare(messages)
        release = prepared.release
        report = Report(mode="fused", disclosure=self._disclosure)
        if release is None or release.text is None:
            yield from self._below.write_prepared(prepared, options, report)
            return
        permit = self._preparation.border.permit(release, purpose="fused", verdict=self._disclosure)
        gains = Gains()
        disclosure = self._disclosed(prepared, gains)
        try:
            verifier = self._verifier(release.text, disclosure, permit)
        except (CloudError, FusionError) as error:
            report = replace(report, fallback_reason=error.summary)
            self._notice.tell(report.fallback_reason)
            yield from self._below.write_prepared(prepared, options, _with_sent(report, permit))
            return
        (ids, redacted), prepared = with_fitting_context(
            prepared, lambda fitting: self._encoded(fitting, options)
        )
        prompt = prepared.prompt
        influence = None
        if self._redacted is not None:
            # Requests are made in another thread, so this reader has a view of its own.
            reading = self._masked(prepared, gains).reading
            influence = Influence(self._redacted, redacted, reading, gains)
        settled: list[FusedToken] = []
        for token in self._decoder.stream(
            prompt.complete(None),
            verifier,
            prompt.without_blanks(options),
            baseline_messages=prompt.without_context(),
            influence=influence,
            most_told=(self._budget and self._budget.text) or math.inf,
        ):
            settled.append(token)
            if token.text:
                yield token.text
        report = replace(
            report,
            masked=release.masked,
            context_left_out=prepared.left_out,
            sources=prepared.sources,
            local=Usage(len(ids), len(settled)),
        )
        counts = Trace.of(settled).report
        view = disclosure.view([token.id for token in settled[: counts.tokens_asked]])
        report = _with_trace(report, Trace.of(settled, view))
        if report.fallback_reason:
            self._notice.tell(report.fallback_reason)
        yield _with_sent(report, permit)

    def _encoded(
        self, prepared: Prepared, options: GenerationOptions
    ) -> tuple[Sequence[int], Sequence[int]]:
        """The ids of the local prompt, and with a budget those of what is public of it."""
        prompt = prepared.prompt
        ids = encode_fitting(self._tokens, prompt.complete(None), options)
        if self._redacted is None:
            return ids, ()
        assert prepared.release is not None and prepared.release.text is not None
        public = prompt.of_public(prepared.release.text)
        return ids, encode_fitting(self._redacted, public, options)

    def _disclosed(self, prepared: Prepared, gains: Gains) -> Disclosure:
        if self._disclosure == "open":
            return OpenDisclosure(self._tokens.decode)
        return self._masked(prepared, gains)

    def _masked(self, prepared: Prepared, gains: Gains) -> MaskedDisclosure:
        # What was released was a candidate, and its private values are known.
        candidate = prepared.request.candidate
        assert candidate is not None
        assert prepared.values is not None and prepared.read_values is not None
        border = self._preparation.border
        view = GrowingView(
            border.all_values(candidate, prepared.values),
            prepared.placeholders,
            (text.reveal() for text in prepared.private_texts),
            read=border.all_values(candidate, prepared.read_values),
            most=None if self._budget is None else self._budget.word,
        )
        return MaskedDisclosure(
            view,
            encode=self._tokens.encode,
            decode=self._tokens.decode,
            gains=gains.of if self._budget else None,
        )

    def _verifier(
        self, instruction: PublicText, disclosure: Disclosure, permit: EgressPermit
    ) -> Verifier:
        endpoint = CompletionsEndpoint(
            self._cloud, permit, chat_format=self._chat_format, capabilities=self._capabilities
        )
        self._capabilities = endpoint.probe()
        verifier = open_verifier(
            endpoint,
            self._tokens,
            [PublicMessage("user", PublicText.compose(FUSED_TASK, {"instruction": instruction}))],
            disclosure=disclosure,
            k=self._top_k,
            alignment=lambda: self._alignment,
        )
        return BlankFilter(verifier, self._tokens.decode)

    @cached_property
    def _alignment(self) -> Alignment:
        return Alignment(self._tokens)


def _with_sent(report: Report, permit: EgressPermit) -> Report:
    return replace(report, cloud_calls=permit.sent.calls, cloud_bytes=permit.sent.bytes)


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
