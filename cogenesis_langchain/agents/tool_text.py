"""Takes a turn apart while it is written: text, then calls of tools."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final, final

from cogenesis_langchain.agents.tool_grammar import CALL_CLOSE, CALL_OPEN, has_bare_calls
from cogenesis_langchain.models.tools import ToolCall, TurnRules

_CALL: Final = re.compile(r'\s*\{"name": ("(?:[^"\\]|\\.)*"), "arguments": (.*?)(\}\s*)?\Z', re.S)


@final
class TurnText:
    """Reads a turn that follows `turn_grammar`, piece by piece.

    Args:
        rules: Of the turn.
    """

    def __init__(self, rules: TurnRules) -> None:
        self._held = ""
        self._in_call = False
        self._called = False
        self._may_be_bare = has_bare_calls(rules)
        self._may_be_json = rules.answer_schema is not None
        self._bare = False
        self._only_text = not rules.callable_tools

    def feed(self, piece: str) -> Iterator[str | ToolCall]:
        """Add a piece; yields the text and the calls that are complete."""
        if piece:
            self._bare = self._bare or (self._may_be_bare and piece.startswith("{"))
            # A string of the JSON may hold the marks of a call.
            self._only_text |= self._may_be_json and not piece.startswith(CALL_OPEN[0])
            self._may_be_bare = self._may_be_json = False
        if self._only_text:
            yield piece
            return
        self._held += piece
        while not self._bare:
            mark = CALL_CLOSE if self._in_call else CALL_OPEN
            before, found, after = self._held.partition(mark)
            if not found:
                break
            self._held = after
            if self._in_call:
                yield _call(before)
            elif before and not self._called:
                yield before
            self._in_call = not self._in_call
            self._called = True
        if not self._called and not self._bare:
            settled = len(self._held) - _partial(self._held, CALL_OPEN)
            text, self._held = self._held[:settled], self._held[settled:]
            if text:
                yield text

    def close(self) -> Iterator[str | ToolCall]:
        """End the turn; yields what was held back, an incomplete call included."""
        if (self._in_call or self._bare) and _CALL.match(self._held):
            yield _call(self._held)
        elif self._held and not self._called:
            yield self._held


def _call(written: str) -> ToolCall:
    match = _CALL.match(written)
    assert match is not None  # the grammar holds calls to this form
    return ToolCall(json.loads(match[1]), match[2])


def _partial(text: str, mark: str) -> int:
    """Length of the longest end of a text with which a mark begins."""
    return next((size for size in range(len(mark) - 1, 0, -1) if text.endswith(mark[:size])), 0)
