"""Chat formats: how a prompt marks its turns, for servers that continue a bare prefix."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from string import ascii_lowercase
from types import MappingProxyType
from typing import Final, TypeAlias

from cogenesis_langchain.errors import ConfigurationError
from cogenesis_langchain.models.base import PublicMessage, Role
from cogenesis_langchain.privacy.text import PublicText
from cogenesis_langchain.prompts import PublicTemplate

ChatFormat: TypeAlias = Callable[[Sequence[Role]], PublicTemplate]
"""Makes the template of a prompt with turns of these roles; its fields are `field_name(0)`, ..."""

CHAT_END: Final = frozenset(
    {
        "<|im_end|>",
        "<|endoftext|>",
        "<|eot_id|>",
        "<|end_of_text|>",
        "<|end|>",
        "<end_of_turn>",
        "</s>",
    }
)
"""Control tokens with which instruction-tuned models end a turn."""


def field_name(index: int) -> str:
    """Field that holds the text of a turn."""
    return f"turn_{ascii_lowercase[index]}"


def chatml(roles: Sequence[Role]) -> PublicTemplate:
    """ChatML, the format of Qwen, SmolLM and many others."""
    turns = "".join(
        f"<|im_start|>{role}\n{{{field_name(index)}}}<|im_end|>\n"
        for index, role in enumerate(roles)
    )
    return PublicTemplate(f"{turns}<|im_start|>assistant\n")


CHAT_FORMATS: Final[Mapping[str, ChatFormat]] = MappingProxyType({"chatml": chatml})
"""Chat formats by name."""


def chat_format_named(name: str) -> ChatFormat:
    """Return the chat format of this name.

    Raises:
        ConfigurationError: There is no such format.
    """
    if name not in CHAT_FORMATS:
        raise ConfigurationError(
            f"there is no chat format {name!r}",
            remedy=f"one of {', '.join(CHAT_FORMATS)}, or a function as `ChatFormat` describes it",
        )
    return CHAT_FORMATS[name]


def render(template: PublicTemplate, messages: Sequence[PublicMessage]) -> PublicText:
    """Fill a prompt's template with the texts of its turns.

    Raises:
        ValueError: The template has other fields than the turns.
    """
    fields = {field_name(index): message.text for index, message in enumerate(messages)}
    return PublicText.compose(template, fields)
