"""Fused decoding: both models choose each token; the cloud model without the private context.

Until there is a public view, the cloud model sees the text so far as it is. That is the paper's
variant, and has to be spelled out with ``disclosure="open"``.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import BaseMessage

from cogenesis_langchain.collaboration.blanks import leftover_placeholders
from cogenesis_langchain.collaboration.preparation import Preparation, Prepared
from cogenesis_langchain.collaboration.report import Report
from cogenesis_langchain.collaboration.sketch_fill import SketchFill
from cogenesis_langchain.errors import CloudError, ConfigurationError, FusionError, PrivacyViolation
from cogenesis_langchain.fusion.alignment import Alignment
from cogenesis_langchain.fusion.blank_filter import BlankFilter
from cogenesis_langchain.fusion.decoder import FusedDecoder
from cogenesis_langchain.fusion.open_verifier import open_verifier
from cogenesis_langchain.fusion.operators import Operator, operator_named
from cogenesis_langchain.fusion.trace import FusedToken, Trace
from cogenesis_langchain.fusion.verifier import Verifier
from cogenesis_langchain.models.base import GenerationOptions, PublicMessage, Usage
from cogenesis_langchain.models.cloud.transport import as_openai_model
from cogenesis_langchain.models.local.llama_cpp import LlamaCppModel
from cogenesis_langchain.models.local.llama_cpp_tokens import LlamaCppTokens
from cogenesis_langchain.models.scoring.endpoint import CompletionsEndpoint
from cogenesis_langchain.privacy.border import EgressPermit
from cogenesis_langchain.privacy.disclosure import OpenDisclosure
from cogenesis_langchain.privacy.text import PublicText
from cogenesis_langchain.prompts import FUSED_TASK


class FusedWriting:
    """Writes a text by fused decoding; where that is impossible, by sketch-fill.

    Args:
        preparation: Takes requests apart and holds the border.
        cloud: A chat model of langchain-openai; its address, name and key are used.
        local: A model whose weights are here.
        operator: How the two distributions become one.
        timeout: Seconds for one request.
        below: The next rung of the ladder.

    Raises:
        ConfigurationError: One of the models cannot take part.
        FusionError: No such operator.
    """

    def __init__(
        self,
        preparation: Preparation,
        *,
        cloud: BaseChatModel,
        local: object,
        operator: Operator | str,
        timeout: float,
        below: SketchFill,
    ) -> None:
        if not isinstance(local, LlamaCppModel):
            raise ConfigurationError(
                f"fused decoding needs the local model's weights, not a {type(local).__name__}",
                remedy='pass a LlamaCppModel or the name of a GGUF file, or use mode="sketch"',
            )
        self._preparation = preparation
        self._below = below
        self._tokens = LlamaCppTokens(local)
        self._operator = operator_named(operator) if isinstance(operator, str) else operator
        baseline = LlamaCppTokens(local) if self._operator.needs_baseline else None
        self._decoder = FusedDecoder(self._tokens, operator=self._operator, baseline=baseline)
        self._endpoint = _endpoint_of(cloud, timeout)
        weakref.finalize(self, self._endpoint.close)

    def write(
        self, messages: Sequence[BaseMessage], options: GenerationOptions
    ) -> Iterator[str | Report]:
        """Write the answer to a conversation; see `Writer.write`."""
        prepared = self._preparation.prepare(messages)
        report = Report(mode="fused", disclosure="open")
        release = prepared.release
        if release is None or release.text is None:
            yield from self._below.write_prepared(prepared, options, report)
            return
        permit = self._preparation.border.permit(release, purpose="fused", verdict="open")
        try:
            verifier = self._verifier(release.text, permit)
        except (CloudError, FusionError) as error:
            reason = f"{type(error).__name__}: {error}"
            report = replace(
                report,
                fallback_reason=reason,
                cloud_calls=permit.sent.calls,
                cloud_bytes=permit.sent.bytes,
            )
            yield from self._below.write_prepared(prepared, options, report)
            return
        report = replace(report, masked=release.masked)
        yield from self._decode(prepared, verifier, permit, options, report)

    def _verifier(self, instruction: PublicText, permit: EgressPermit) -> Verifier:
        prompt = PublicText.compose(FUSED_TASK, {"instruction": instruction})
        verifier = open_verifier(
            self._endpoint.under(permit.authorise),
            self._tokens,
            [PublicMessage("user", prompt)],
            disclosure=OpenDisclosure(),
            alignment=lambda: self._alignment,
        )
        return BlankFilter(verifier, self._tokens.decode)

    @cached_property
    def _alignment(self) -> Alignment:
        return Alignment(self._tokens)

    def _decode(
        self,
        prepared: Prepared,
        verifier: Verifier,
        permit: EgressPermit,
        options: GenerationOptions,
        report: Report,
    ) -> Iterator[str | Report]:
        messages = prepared.prompt.complete(None)
        settled: list[FusedToken] = []
        for token in self._decoder.stream(
            messages,
            verifier,
            prepared.prompt.without_blanks(options),
            baseline_messages=prepared.prompt.without_context(),
        ):
            settled.append(token)
            if token.text:
                yield token.text
        trace = Trace.of(settled)
        cut_off = trace.report.fallback
        yield replace(
            report,
            rung="fused" if trace.report.requests else "local",
            fallback_reason=f"{cut_off}: the local model wrote on alone" if cut_off else "",
            cloud_calls=permit.sent.calls,
            cloud_bytes=permit.sent.bytes,
            private_tokens_sent=trace.report.tokens_sent,
            local=Usage(len(self._tokens.encode_chat(messages)), trace.report.tokens),
            leftover_placeholders=leftover_placeholders(trace.text),
            finish_reason=settled[-1].finish_reason or "stop",
            trace=trace.to_dict(),
        )


def _endpoint_of(cloud: BaseChatModel, timeout: float) -> CompletionsEndpoint:
    """The server behind a chat model."""
    model = as_openai_model(cloud)
    if model is None:
        raise ConfigurationError(
            f"fused decoding cannot ask a {type(cloud).__name__} for log-probabilities of a prefix",
            remedy='pass a ChatOpenAI with the base_url of a completions server, or mode="sketch"',
        )
    key = model.openai_api_key
    return CompletionsEndpoint(
        str(model.root_client.base_url),
        model=model.model_name,
        on_request=_no_departure,
        api_key=model.root_client.api_key if key is not None else None,
        timeout=timeout,
    )


def _no_departure(endpoint: str, payload: bytes, public: Sequence[PublicText]) -> None:
    raise PrivacyViolation(
        "a request to the cloud model was made outside of a permit",
        remedy="call the cloud model through ChatCoGenesis only",
    )
