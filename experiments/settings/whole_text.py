"""The cloud model writes the whole text from the general instruction alone.

That text by itself is the setting "without context"; in the place of an outline, it is "full
content instead of a sketch" (Figure 4 of the paper). Both pass the border.
"""

from __future__ import annotations

from langchain_core.messages import AIMessage

from cogenesis_langchain.collaboration.preparation import Prepared
from cogenesis_langchain.models.base import GenerationOptions, LocalChunk, PublicMessage
from cogenesis_langchain.models.cloud.chat import CloudModel
from cogenesis_langchain.privacy.border import Border
from cogenesis_langchain.privacy.text import PublicText
from cogenesis_langchain.prompts import FUSED_TASK
from cogenesis_langchain.sketch.outline import Outline
from experiments.errors import ExperimentError
from experiments.records.record import Record
from experiments.settings.setting import Desk, conversation, preparation


class CloudText:
    """Writes a text with the cloud model, which is shown the general instruction alone.

    Args:
        desk: What to build it from.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._border = Border(ledger=desk.ledger)
        self._preparation = preparation(self._border)

    def prepare(self, record: Record) -> Prepared:
        """Split a record."""
        return self._preparation.prepare(conversation(record))

    def write(self, record: Record, seed: int) -> str:
        """Write a text; see `ask`."""
        return self.ask(self.prepare(record), seed)

    def ask(self, prepared: Prepared, seed: int) -> str:
        """Have the cloud model write.

        Raises:
            ExperimentError: The border lets nothing of the instruction out.
            CloudError: The cloud model failed.
        """
        release = prepared.release
        if release is None or release.text is None:
            raise ExperimentError(
                f"the cloud model cannot be asked: {prepared.reason}",
                remedy="reword the record's general instruction",
            )
        cloud = CloudModel(self._desk.writer(seed), timeout=self._desk.config.cloud.timeout)
        prompt = PublicText.compose(FUSED_TASK, {"instruction": release.text})
        permit = self._border.permit(release, purpose="whole text")
        answer = cloud.generate([PublicMessage("user", prompt)], permit)
        return prepared.placeholders.restore(answer.text)


class WholeTextFill:
    """Sketch-fill with the cloud model's whole text where the outline would be.

    Args:
        desk: What to build it from.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._cloud = CloudText(desk)

    def write(self, record: Record, seed: int) -> AIMessage:
        """Write a text; the lines of the cloud model's text are the points of its sketch."""
        prepared = self._cloud.prepare(record)
        content = self._cloud.ask(prepared, seed)
        points = tuple(line.strip() for line in content.splitlines() if line.strip())
        generation = self._desk.config.generation
        options = GenerationOptions(
            max_tokens=generation.max_tokens,
            temperature=generation.temperature,
            top_p=generation.top_p,
            seed=seed,
        )
        prompt = prepared.prompt.complete(Outline(points))
        chunks = list(self._desk.local.stream(prompt, prepared.prompt.without_blanks(options)))
        return _message(chunks, points)


def _message(chunks: list[LocalChunk], points: tuple[str, ...]) -> AIMessage:
    """The text, with the report that `ChatCoGenesis` gives of its own."""
    usage = chunks[-1].usage
    told = {
        "rung": "outline",
        "fallback_reason": "",
        "sketch": points,
        "usage": {
            "local": {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}
        },
    }
    return AIMessage("".join(chunk.text for chunk in chunks), response_metadata={"cogenesis": told})
