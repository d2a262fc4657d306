"""Renders chat templates so that content cannot inject control tokens.

A chat template marks turns with control tokens such as ``<|im_start|>``. If everything were
rendered as one string, a document that contains these words could open a turn. Here the template
is rendered around placeholders. Only the template's own parts become control tokens; content stays
text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from cogenesis_langchain.errors import LocalModelError
from cogenesis_langchain.models.base import PrivateMessage

# Private-use characters: no template contains them and none trims them away.
_STAND_IN: Final = "\ue000{}\ue001"
_STAND_IN_PATTERN: Final = re.compile("\ue000(\\d+)\ue001")


class Renderer(Protocol):
    """Renders turns of role and content into one prompt."""

    def __call__(self, turns: list[dict[str, str]]) -> str:
        """Return the prompt, ending where the assistant's turn begins."""
        ...


def render_parts(
    render: Renderer, messages: Sequence[PrivateMessage]
) -> Iterator[tuple[str, bool]]:
    """Render a prompt part by part.

    Args:
        render: The model's chat template.
        messages: The turns.

    Yields:
        Text of each part, and whether it is the template's own (control tokens allowed) or
        content (plain text).

    Raises:
        LocalModelError: The template refuses this order of roles, or drops a turn.
    """
    turns = [
        {"role": message.role, "content": _STAND_IN.format(index)}
        for index, message in enumerate(messages)
    ]
    pieces = _STAND_IN_PATTERN.split(render(turns))
    if [int(index) for index in pieces[1::2]] != list(range(len(messages))):
        raise LocalModelError(
            "the chat template drops or reorders turns",
            remedy="use a model whose chat template takes system, user and assistant turns",
        )
    for position, piece in enumerate(pieces):
        if position % 2:
            yield messages[int(piece)].text.reveal(), False
        elif piece:
            yield piece, True
