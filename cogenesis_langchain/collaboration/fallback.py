"""Warns when the cloud model takes less part in a text than the mode asks for."""

from __future__ import annotations

import inspect
import logging
import threading
import warnings
from typing import Final, Literal, final

from cogenesis_langchain.errors import CloudNotUsed, CloudNotUsedWarning

OnFallback = Literal["warn", "raise", "silent"]
"""Reactions to a text that the local model has to write without the cloud model."""

_BETWEEN: Final = frozenset({
    "asyncio", "cogenesis_langchain", "concurrent", "langchain", "langchain_core", "langgraph",
    "threading",
})  # fmt: skip
"""Packages whose frames stand between a caller and the warning."""
_LOGGER: Final = logging.getLogger(__name__)


@final
class FallbackNotice:
    """Warns of each cause once, raises, or stays silent. Thread-safe.

    Args:
        reaction: ``warn``, ``raise`` or ``silent``.
    """

    def __init__(self, reaction: OnFallback) -> None:
        self._reaction = reaction
        self._told: set[str] = set()
        self._lock = threading.Lock()

    def tell(self, reason: str) -> None:
        """React to a fallback.

        Args:
            reason: Why, without private text.

        Raises:
            CloudNotUsed: The reaction is ``raise``.
        """
        if self._reaction == "silent":
            return
        if self._reaction == "raise":
            raise CloudNotUsed(reason)
        with self._lock:
            if reason in self._told:
                return
            self._told.add(reason)
        message = f"the cloud model did not take part as asked: {reason}"
        _LOGGER.warning(message)
        warnings.warn(message, CloudNotUsedWarning, stacklevel=_level_of_the_caller())


def _level_of_the_caller() -> int:
    """The `stacklevel` of the caller's line; of the outermost one in a thread, which has none."""
    level, frame = 0, inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] in _BETWEEN:
        level, frame = level + 1, frame.f_back
    return level
