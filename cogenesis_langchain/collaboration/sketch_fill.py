"""Sketch-fill: the cloud model sketches from the general instruction, the local model completes.

A request passes in one direction: prepare, let the border decide, ask for the sketch while the
local model reads the private context, then complete the template or write from the outline. Which
requests leave depends on the instruction, the settings and the cloud's answers alone; nothing that
the local model does can cause one.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Literal

from langchain_core.messages import BaseMessage

from cogenesis_langchain.collaboration.blanks import leftover_placeholders
from cogenesis_langchain.collaboration.completion.completer import Completion
from cogenesis_langchain.collaboration.completion.settled_text import Span
from cogenesis_langchain.collaboration.content.sentences import split_sentences
from cogenesis_langchain.collaboration.fallback import FallbackNotice
from cogenesis_langchain.collaboration.packing import started, with_fitting_context
from cogenesis_langchain.collaboration.preparation import Preparation, Prepared
from cogenesis_langchain.collaboration.report import Report, with_sent
from cogenesis_langchain.collaboration.template_fill import template_fill_for
from cogenesis_langchain.errors import CloudError, ContextTooLong, LocalModelError, SketchInvalid
from cogenesis_langchain.models.base import (
    CloudTextModel,
    FinishReason,
    GenerationOptions,
    LocalChunk,
    LocalTextModel,
)
from cogenesis_langchain.models.decoding.text_stream import TextStream
from cogenesis_langchain.privacy.border import EgressPermit
from cogenesis_langchain.privacy.messages.instruction import open_tasks
from cogenesis_langchain.privacy.placeholders import Placeholders
from cogenesis_langchain.privacy.text import PublicText
from cogenesis_langchain.sketch.outline import Outline, request_outline
from cogenesis_langchain.sketch.question import is_question
from cogenesis_langchain.sketch.template import Template, as_outline, request_template
from cogenesis_langchain.token_estimate import estimated_tokens

SketchKind = Literal["template", "outline"]


class SketchFill:
    """Writes a text by sketch-fill; without a usable sketch the local model writes alone.

    Args:
        preparation: Takes requests apart and holds the border.
        cloud: The cloud model.
        local: The local model.
        sketch: What the cloud model is asked for. Where it gives no usable template it is asked
            for an outline.
        notice: Warns when the local model writes alone.
    """

    def __init__(
        self,
        preparation: Preparation,
        *,
        cloud: CloudTextModel,
        local: LocalTextModel,
        sketch: SketchKind,
        notice: FallbackNotice,
    ) -> None:
        self._preparation = preparation
        self._cloud = cloud
        self._local = local
        self._notice = notice
        self._fill = template_fill_for(local) if sketch == "template" else None

    def write(
        self, messages: Sequence[BaseMessage], options: GenerationOptions
    ) -> Iterator[str | Report]:
        """Write the answer to a conversation; see `Writer.write`."""
        prepared = self._preparation.prepare(messages)
        report = Report(mode="sketch", tasks=open_tasks(messages))
        yield from self.write_prepared(prepared, options, report)

    def write_prepared(
        self, prepared: Prepared, options: GenerationOptions, report: Report
    ) -> Iterator[str | Report]:
        """Write the answer to a request that was prepared before.

        Args:
            prepared: The request.
            options: How the local model generates.
            report: What is known so far.

        Yields:
            Pieces of the text, then the whole report.
        """
        # What the local model says to its prompt must not decide whether a request is sent. It will
        # say it again when it writes.
        with suppress(LocalModelError):
            _, prepared = with_fitting_context(prepared, partial(self._prefill, options))
        sketch, report = self._sketch(prepared, report)
        if sketch is not None:
            report = replace(report, sketch=str(sketch))
        if isinstance(sketch, Template):
            if not sketch.slots and not prepared.has_notes:
                yield from _general_answer(sketch, options, report)
                return
            # Without blanks the cloud model may have guessed, or refused, what the notes know.
            if not sketch.slots or self._fill is None:
                report = replace(report, rung="hint")
                yield from self._write_freely(prepared, sketch, options, report)
                return
            report = yield from self._complete(prepared, sketch, options, report)
            if report.rung == "template":
                return
            unsupported, report = report.left_out, replace(report, left_out=())
            if prepared.is_question:
                missing = [slot.description for slot in sketch.slots] if unsupported else []
                report = replace(report, rung="hint")
                yield from self._write_freely(prepared, sketch, options, report, missing)
                return
            sketch = as_outline(sketch)
        if sketch is None:
            self._notice.tell(report.fallback_reason)
        else:
            report = replace(report, rung="outline", sketch=str(sketch))
        yield from self._write_freely(prepared, sketch, options, report)

    def _prefill(self, options: GenerationOptions, prepared: Prepared) -> None:
        if self._fill is not None and prepared.release is not None:
            self._fill.prefill(prepared, options)
        else:
            self._local.prefill(prepared.prompt.beginning(), options)

    def _sketch(
        self, prepared: Prepared, report: Report
    ) -> tuple[Template | Outline | None, Report]:
        release = prepared.release
        if release is None or release.text is None:
            masked = release.masked if release else {}
            return None, replace(report, fallback_reason=prepared.reason, masked=masked)
        permit = self._preparation.border.permit(release, purpose="sketch")
        sketch, reasons = self._ask(release.text, permit, prepared.placeholders)
        report = replace(_with_reason(report, *reasons), masked=release.masked)
        return sketch, with_sent(report, permit)

    def _ask(
        self, instruction: PublicText, permit: EgressPermit, placeholders: Placeholders
    ) -> tuple[Template | Outline | None, list[str]]:
        """Ask for a template, then for an outline; returns what it got, and why it is no template.

        A question has no outline, so it is asked for the template of its answer.
        """
        reasons: list[str] = []
        asked_for_answer = is_question(str(instruction))
        if self._fill is not None or asked_for_answer:
            try:
                return request_template(self._cloud, instruction, permit, placeholders), reasons
            except CloudError as error:
                return None, [error.summary]
            except SketchInvalid as error:
                reasons.append(error.summary)
        if asked_for_answer:
            return None, reasons
        try:
            return request_outline(self._cloud, instruction, permit, placeholders), reasons
        except (CloudError, SketchInvalid) as error:
            return None, [*reasons, error.summary]

    def _complete(
        self, prepared: Prepared, template: Template, options: GenerationOptions, report: Report
    ) -> Generator[str | Report, None, Report]:
        """Complete a template; the report that is returned has no rung if nothing was written.

        It then names the sentences that were left out if the notes do not support them.
        """
        fill = self._fill
        assert fill is not None
        try:
            pieces, prepared = with_fitting_context(
                prepared, lambda fitting: started(fill.stream(fitting, template, options))
            )
        except ContextTooLong:
            return _with_reason(report, "the template does not fit the local model")
        stream = TextStream(options.stop)
        spans: list[Span] = []
        written = 0
        report = replace(report, context_left_out=prepared.left_out, sources=prepared.sources)
        for piece in pieces:
            if isinstance(piece, Completion):
                report = replace(
                    report,
                    left_out=piece.left_out,
                    missing=piece.missing,
                    local=piece.usage,
                    finish_reason=piece.finish_reason,
                )
                continue
            spans.append(piece)
            if text := stream.feed(piece.text.encode()):
                written += len(text)
                yield text
        if not spans:
            reason = "the local model completed no sentence of the template"
            return _with_reason(replace(report, missing=()), reason)
        if text := stream.close():
            written += len(text)
            yield text
        report = replace(report, rung="template", provenance=tuple(_provenance(spans, written)))
        yield report
        return report

    def _write_freely(
        self,
        prepared: Prepared,
        sketch: Template | Outline | None,
        options: GenerationOptions,
        report: Report,
        missing: Sequence[str] = (),
    ) -> Iterator[str | Report]:
        def start(fitting: Prepared) -> Iterator[LocalChunk]:
            prompt = fitting.prompt
            if isinstance(sketch, Template):
                messages = prompt.reply(str(sketch), missing)
            else:
                messages = prompt.complete(sketch)
            return started(self._local.stream(messages, prompt.without_blanks(options)))

        chunks, prepared = with_fitting_context(prepared, start)
        report = replace(report, context_left_out=prepared.left_out, sources=prepared.sources)
        written: list[str] = []
        for chunk in chunks:
            if chunk.text:
                written.append(chunk.text)
                yield chunk.text
            if chunk.finish_reason is not None:
                yield replace(
                    report,
                    local=report.local + chunk.usage,
                    finish_reason=chunk.finish_reason,
                    leftover_placeholders=leftover_placeholders("".join(written)),
                )


def _general_answer(
    answer: Template, options: GenerationOptions, report: Report
) -> Iterator[str | Report]:
    """The cloud model's answer to a question that has nothing private to say."""
    stream = TextStream(options.stop)
    text = ""
    finish_reason: FinishReason = "stop"
    for sentence in split_sentences(str(answer)):
        if text and estimated_tokens(text + sentence) > options.max_tokens:
            finish_reason = "length"
            break
        settled = stream.feed(sentence.encode())
        text += settled
        yield settled
        if stream.stopped:
            break
    rest = stream.close()
    yield rest
    yield replace(
        report,
        rung="template",
        finish_reason=finish_reason,
        provenance=(("cloud", text + rest),),
    )


def _with_reason(report: Report, *reasons: str) -> Report:
    """The report with further reasons why a better rung was not used."""
    return replace(
        report, fallback_reason="; ".join(filter(None, (report.fallback_reason, *reasons)))
    )


def _provenance(spans: Sequence[Span], length: int) -> Iterator[tuple[str, str]]:
    """Author and words of the first characters of a text; a stop string may have ended it."""
    for span in spans:
        if words := span.text[:length]:
            yield span.author, words
        length -= len(words)
