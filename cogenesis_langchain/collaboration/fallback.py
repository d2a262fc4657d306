"""Warns when the cloud model takes less part in a text than the mode asks for."""

from __future__ import annotations

import logging
import threading
import warnings
from typing import Final, Literal, final

from cogenesis_langchain.errors import CloudNotUsed, CloudNotUsedWarning

OnFallback = Literal["warn", "raise", "silent"]
"""Reactions to a text that the local model has to write without the cloud model."""

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
        # Frames between here and the caller depend on the way of calling.
        warnings.warn(message, CloudNotUsedWarning, stacklevel=2)
