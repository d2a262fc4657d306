"""The cloud model writes the whole text from the general instruction alone, released by the border.

This text is the setting "cloud without context". Used in place of an outline, it is "full content"
(Figure 4 of the paper).
"""

from __future__ import annotations

from langchain_core.messages import AIMessage

from cogenesis_langchain.collaboration.preparation import Prepared
from cogenesis_langchain.datasets.conversation import conversation
from cogenesis_langchain.datasets.record import Record
from cogenesis_langchain.models.base import GenerationOptions, PublicMessage
from cogenesis_langchain.models.cloud.cloud_model import CloudModel
from cogenesis_langchain.privacy.border import Border
from cogenesis_langchain.privacy.text import PublicText
from cogenesis_langchain.prompts import FUSED_TASK
from cogenesis_langchain.sketch.outline import Outline
from experiments.errors import ExperimentError
from experiments.settings.setting import SettingModels, preparation


def write_without_context(models: SettingModels, record: Record, seed: int) -> str:
    """Have the cloud model write from the general instruction alone.

    Raises:
        ExperimentError: The border releases nothing of the instruction.
        CloudError: The cloud model failed.
    """
    return _ask(models, *_prepare(models, record), seed)


def fill_from_whole_text(models: SettingModels, record: Record, seed: int) -> AIMessage:
    """Sketch-fill with the lines of the cloud model's whole text as the points of the outline.

    Raises:
        ExperimentError: The border releases nothing of the instruction.
        CloudError: The cloud model failed.
    """
    border, prepared = _prepare(models, record)
    content = _ask(models, border, prepared, seed)
    outline = Outline(tuple(line.strip() for line in content.splitlines() if line.strip()))
    generation = models.config.generation
    options = GenerationOptions(
        max_tokens=generation.max_tokens,
        temperature=generation.temperature,
        top_p=generation.top_p,
        seed=seed,
    )
    prompt = prepared.prompt.complete(outline)
    chunks = list(models.local.stream(prompt, prepared.prompt.without_blanks(options)))
    usage = chunks[-1].usage
    report = {
        "rung": "outline",
        "sketch": str(outline),
        "usage": {
            "local": {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}
        },
    }
    text = "".join(chunk.text for chunk in chunks)
    return AIMessage(text, response_metadata={"cogenesis": report})


def _prepare(models: SettingModels, record: Record) -> tuple[Border, Prepared]:
    border = Border(ledger=models.ledger)
    return border, preparation(border, models.local).prepare(conversation(record))


def _ask(models: SettingModels, border: Border, prepared: Prepared, seed: int) -> str:
    release = prepared.release
    if release is None or release.text is None:
        raise ExperimentError(
            f"the cloud model cannot be asked: {prepared.reason}",
            remedy="reword the record's general instruction",
        )
    cloud = CloudModel(models.cloud_model(seed), timeout=models.config.cloud.timeout)
    prompt = PublicText.compose(FUSED_TASK, {"instruction": release.text})
    permit = border.permit(release, purpose="whole text")
    answer = cloud.generate([PublicMessage("user", prompt)], permit)
    return prepared.placeholders.restore(answer.text)
