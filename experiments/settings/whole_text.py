"""The cloud model writes the whole text from the general instruction alone.

That text by itself is the setting "without context"; in the place of an outline, it is "full
content instead of a sketch" (Figure 4 of the paper). Both pass the border.
"""

from __future__ import annotations

from langchain_core.messages import AIMessage

from cogenesis_langchain.collaboration.preparation import Prepared
from cogenesis_langchain.errors import EvaluationError
from experiments.settings.setting import Desk, Task, conversation, preparation
from cogenesis_langchain.models.base import GenerationOptions, LocalChunk, PublicMessage
from cogenesis_langchain.models.cloud.chat.chat import CloudModel
from cogenesis_langchain.privacy.border import Border
from cogenesis_langchain.privacy.text import PublicText
from cogenesis_langchain.prompts import FUSED_TASK
from cogenesis_langchain.sketch.outline import Sketch


class CloudText:
    """Writes a text with the cloud model, which is shown the general instruction alone.

    Args:
        desk: What to make it of.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._border = Border(ledger=desk.ledger)
        self._preparation = preparation(self._border)

    def prepare(self, task: Task) -> Prepared:
        """Take a record apart."""
        return self._preparation.prepare(conversation(task.record))

    def write(self, task: Task) -> str:
        """Write a text; see `ask`."""
        return self.ask(self.prepare(task), task.seed)

    def ask(self, prepared: Prepared, seed: int) -> str:
        """Have the cloud model write.

        Raises:
            EvaluationError: The border lets nothing of the instruction out.
            CloudError: The cloud model failed.
        """
        release = prepared.release
        if release is None or release.text is None:
            raise EvaluationError(
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
        desk: What to make it of.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._cloud = CloudText(desk)

    def write(self, task: Task) -> AIMessage:
        """Write a text; the lines of the cloud model's text are the points of its sketch."""
        prepared = self._cloud.prepare(task)
        content = self._cloud.ask(prepared, task.seed)
        points = tuple(line.strip() for line in content.splitlines() if line.strip())
        generation = self._desk.config.generation
        options = GenerationOptions(
            max_tokens=generation.max_tokens,
            temperature=generation.temperature,
            top_p=generation.top_p,
            seed=task.seed,
        )
        prompt = prepared.prompt.complete(Sketch(points))
        chunks = list(self._desk.local.stream(prompt, prepared.prompt.without_blanks(options)))
        return _message(chunks, points)


def _message(chunks: list[LocalChunk], points: tuple[str, ...]) -> AIMessage:
    """The text, told of as `ChatCoGenesis` tells of its own."""
    usage = chunks[-1].usage
    told = {
        "rung": "sketch",
        "fallback_reason": "",
        "sketch": points,
        "usage": {
            "local": {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}
        },
    }
    return AIMessage("".join(chunk.text for chunk in chunks), response_metadata={"cogenesis": told})
