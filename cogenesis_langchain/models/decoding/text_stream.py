"""Turns settled tokens into text, across split characters and stop strings."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from typing import final


@final
class TextStream:
    """Decodes bytes as they arrive and holds back what may become a stop string.

    Args:
        stop: Strings that end the text. They are not part of it.
    """

    def __init__(self, stop: Sequence[str] = ()) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._stop = tuple(filter(None, stop))
        self._held = ""
        self.stopped = False

    def feed(self, piece: bytes) -> str:
        """Add the bytes of a token and return the text that cannot change any more.

        Sets `stopped` once a stop string has occurred; everything after it is dropped.
        """
        if self.stopped:
            return ""
        self._held += self._decoder.decode(piece)
        found = [at for stop in self._stop if (at := self._held.find(stop)) >= 0]
        if found:
            self.stopped = True
            text, self._held = self._held[: min(found)], ""
            return text
        certain = len(self._held) - self._partial_stop()
        text, self._held = self._held[:certain], self._held[certain:]
        return text

    def close(self) -> str:
        """Return the text held back; an unfinished character becomes U+FFFD."""
        if self.stopped:
            return ""
        text, self._held = self._held + self._decoder.decode(b"", final=True), ""
        return text

    def _partial_stop(self) -> int:
        """Length of the longest suffix of the text that is a prefix of a stop string."""
        return max(
            (
                size
                for stop in self._stop
                for size in range(1, min(len(stop) - 1, len(self._held)) + 1)
                if self._held.endswith(stop[:size])
            ),
            default=0,
        )
