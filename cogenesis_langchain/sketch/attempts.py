"""Asking the cloud model for a sketch, once more if the first answer fails its checks.

The answer is checked before placeholders are restored. Whether a second request leaves therefore
never depends on the private values that placeholders stand for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from cogenesis_langchain.errors import SketchInvalid
from cogenesis_langchain.models.base import CloudTextModel, PublicMessage
from cogenesis_langchain.privacy.border import EgressPermit
from cogenesis_langchain.prompts import PublicTemplate

Fault = Literal[
    "count",
    "words",
    "length",
    "prose",
    "placeholder",
    "markup",
    "order",
    "echo",
    "brackets",
    "tool",
    "reference",
    "repetition",
]

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Parsed(Generic[S]):
    """A cloud model's answer after its checks.

    Attributes:
        sketch: The sketch; None where the answer is of no use. An answer with a minor fault has
            both a sketch and a fault.
        fault: What is wrong with the answer; None where nothing is.
    """

    sketch: S | None
    fault: Fault | None = None


def request_twice(
    cloud: CloudTextModel,
    permit: EgressPermit,
    prompt: Callable[[Sequence[Fault]], list[PublicMessage]],
    parse: Callable[[str], Parsed[S]],
    *,
    kind: str,
    words: Mapping[str, PublicTemplate],
) -> S:
    """Ask for a sketch, once more if the first answer has a fault.

    Args:
        cloud: The cloud model.
        permit: The border's permission; it counts the tokens of both answers.
        prompt: Makes the prompt from the faults of the answers so far.
        parse: Checks an answer.
        kind: What is asked for, for the error.
        words: Says each fault in words.

    Returns:
        The first answer without a fault; where both have one, the first usable answer.

    Raises:
        SketchInvalid: Neither answer is of use.
        CloudError: The cloud model failed.
        PrivacyViolation: Something added private text to the request; nothing was sent.
    """
    faults: list[Fault] = []
    spare: S | None = None
    for _ in range(2):
        answer = cloud.generate(prompt(faults), permit)
        permit.count_tokens(answer.usage.input_tokens, answer.usage.output_tokens)
        parsed = parse(answer.text)
        if parsed.sketch is not None and parsed.fault is None:
            return parsed.sketch
        faults.append(parsed.fault or "prose")
        spare = parsed.sketch if spare is None else spare
    if spare is None:
        raise SketchInvalid(kind, [words[fault].fill({}) for fault in faults])
    return spare
