"""A cloud model that was recorded: a loopback server that replays its answers.

The answers were written once by a large language model that was shown general instructions and
nothing else. A request is recognised by its last message, which holds the prompt and the
instruction; a placeholder of the border stands for any words of it. Results that were made with it
are labelled "recorded strong cloud".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from cogenesis_langchain.prompts import OUTLINE_REQUEST, TEMPLATE_REQUEST
from cogenesis_langchain.testing import EgressRecorder, behaviours
from cogenesis_langchain.testing.exchange import Exchange
from experiments.errors import ExperimentConfigInvalid

LABEL: Final = "recorded strong cloud"
"""The name of the model in tables."""

Recorded = TypeVar("Recorded", bound=BaseModel)
_PLACEHOLDER: Final = re.compile(r"\[[A-Z]+_\d+\]")


class RecordedAnswers(BaseModel):
    """What a cloud model answered to one general instruction.

    Attributes:
        id: The record that the instruction belongs to.
        instruction: The instruction.
        template: The answer to a request for a template.
        outline: The answer to a request for an outline.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    instruction: str
    template: str
    outline: str


def load_answers(path: Path) -> list[RecordedAnswers]:
    """Read recorded templates and outlines; see `load_recorded`."""
    return load_recorded(RecordedAnswers, path)


def load_recorded(kind: type[Recorded], path: Path) -> list[Recorded]:
    """Read recorded answers of some kind, one JSON object a line.

    Args:
        kind: The model of a line.
        path: The file.

    Raises:
        ExperimentConfigInvalid: The file cannot be read, or a line is not of that kind.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return [kind.model_validate_json(line) for line in lines]
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise ExperimentConfigInvalid(
            f"{path} holds no recorded answers ({type(error).__name__})",
            remedy=f"each line needs {', '.join(kind.model_fields)}",
        ) from None


@contextmanager
def replayed(path: Path) -> Iterator[str]:
    """Serve recorded answers while the block runs.

    Args:
        path: The file of answers.

    Yields:
        The address for a client of the OpenAI API.

    Raises:
        ExperimentConfigInvalid: See `load_answers`.
    """
    answers: dict[str, str] = {}
    for recorded in load_answers(path):
        asked = {"instruction": recorded.instruction}
        answers[TEMPLATE_REQUEST.fill(asked)] = recorded.template
        answers[OUTLINE_REQUEST.fill(asked)] = recorded.outline
    with served(answers) as address:
        yield address


@contextmanager
def served(answers: Mapping[str, str]) -> Iterator[str]:
    """Serve answers by the last message of a request while the block runs; see `replayed`."""
    unknown = behaviours.status(404, message="there is no recorded answer to this request")

    def behave(exchange: Exchange) -> None:
        asked = json.loads(exchange.request.content)["messages"][-1]["content"]
        answer = answers.get(asked) or _answer_to_masked(asked, answers)
        (unknown if answer is None else behaviours.chat(answer))(exchange)

    with EgressRecorder(behave) as server:
        yield server.base_url


def _answer_to_masked(asked: str, answers: Mapping[str, str]) -> str | None:
    """Return the answer to the one recorded request that differs only in masked words."""
    words = (re.escape(part) for part in _PLACEHOLDER.split(asked))
    pattern = re.compile(".+?".join(words), re.DOTALL)
    found = [answer for known, answer in answers.items() if pattern.fullmatch(known)]
    return found[0] if len(found) == 1 else None
