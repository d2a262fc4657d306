"""Sketch-fill: the cloud model outlines while the local model reads, then the local model writes.

One request goes straight down and up again: prepare, let the border decide, ask for the sketch
while the context is being read, write.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from langchain_core.messages import BaseMessage

from cogenesis_langchain.collaboration.blanks import leftover_placeholders
from cogenesis_langchain.collaboration.local_prompt import LocalPrompt
from cogenesis_langchain.collaboration.preparation import Preparation, Prepared
from cogenesis_langchain.collaboration.report import Report
from cogenesis_langchain.errors import CloudError, SketchInvalid
from cogenesis_langchain.models.base import CloudTextModel, GenerationOptions, LocalTextModel
from cogenesis_langchain.sketch.outline import Sketch, request_sketch


class SketchFill:
    """Writes a text by sketch-fill; without a usable sketch the local model writes alone.

    Args:
        preparation: Takes requests apart and holds the border.
        cloud: The model beyond the border.
        local: The model inside the trust boundary.
    """

    def __init__(
        self, preparation: Preparation, *, cloud: CloudTextModel, local: LocalTextModel
    ) -> None:
        self._preparation = preparation
        self._cloud = cloud
        self._local = local

    def write(
        self, messages: Sequence[BaseMessage], options: GenerationOptions
    ) -> Iterator[str | Report]:
        """Write the answer to a conversation; see `Writer.write`."""
        prepared = self._preparation.prepare(messages)
        yield from self.write_prepared(prepared, options, Report(mode="sketch"))

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
        self._local.prefill(prepared.prompt.beginning(), options)
        sketch, report = self._sketch(prepared, report)
        yield from self._fill(prepared.prompt, sketch, options, report)

    def _sketch(self, prepared: Prepared, report: Report) -> tuple[Sketch | None, Report]:
        release = prepared.release
        if release is None or release.text is None:
            masked = release.masked if release else {}
            return None, replace(report, fallback_reason=prepared.reason, masked=masked)
        permit = self._preparation.border.permit(release, purpose="sketch")
        sketch: Sketch | None = None
        reason = report.fallback_reason
        try:
            sketch = request_sketch(self._cloud, release.text, permit, prepared.placeholders)
        except (CloudError, SketchInvalid) as error:
            reason = "; ".join(filter(None, (reason, f"{type(error).__name__}: {error}")))
        return sketch, replace(
            report,
            rung="sketch" if sketch else "local",
            fallback_reason=reason,
            sketch=sketch.points if sketch else (),
            masked=release.masked,
            cloud_calls=report.cloud_calls + permit.sent.calls,
            cloud_bytes=report.cloud_bytes + permit.sent.bytes,
            cloud=report.cloud + sketch.usage if sketch else report.cloud,
        )

    def _fill(
        self, prompt: LocalPrompt, sketch: Sketch | None, options: GenerationOptions, report: Report
    ) -> Iterator[str | Report]:
        written: list[str] = []
        for chunk in self._local.stream(prompt.complete(sketch), prompt.without_blanks(options)):
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
