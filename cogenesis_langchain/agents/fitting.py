"""Shortens a conversation with tools that does not fit the local model's window.

A tool may return a whole mailbox. The run goes on with the beginning of the longest results, and of
the private context where that is not enough.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from langchain_core.messages import BaseMessage, ToolMessage

from cogenesis_langchain.agent_prompts import RESULT_CUT
from cogenesis_langchain.collaboration.packing import MARGIN, without_end
from cogenesis_langchain.errors import ContextTooLong
from cogenesis_langchain.privacy.text import PrivateText

_KEPT: Final = 400
"""Characters of a result that are not cut off."""
_LEAST_STEP: Final = 100


@dataclass(frozen=True, slots=True)
class TurnInput:
    """What the local model is told in a turn.

    Attributes:
        messages: The conversation.
        context: Texts of the private context, most important first.
        left_out: Characters that were left out.
    """

    messages: Sequence[BaseMessage]
    context: Sequence[PrivateText]
    left_out: int = 0

    def shortened(self, error: ContextTooLong) -> TurnInput:
        """Leave out about as much as does not fit.

        Raises:
            ContextTooLong: The given error; there is nothing that could be left out.
        """
        size = sum(len(one.text) for one in self.messages) + sum(map(len, self.context))
        excess = math.ceil((error.needed - error.window) * MARGIN * size / error.needed)
        excess = max(excess, _LEAST_STEP)
        results = [one for one in self.messages if isinstance(one, ToolMessage)]
        longest = max(results, key=lambda one: len(one.text), default=None)
        mark = RESULT_CUT.fill({})
        if longest is not None and len(longest.text) > _KEPT + _LEAST_STEP + len(mark):
            text = longest.text.removesuffix(mark)
            kept = text[: max(_KEPT, len(text) - excess)]
            cut = longest.model_copy(update={"content": kept + mark})
            messages = [cut if one is longest else one for one in self.messages]
            return TurnInput(messages, self.context, self.left_out + len(text) - len(kept))
        if self.context:
            context = without_end(self.context, excess)
            less = sum(map(len, self.context)) - sum(map(len, context))
            return TurnInput(self.messages, context, self.left_out + less)
        raise error
