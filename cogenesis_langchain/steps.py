"""An iterator whose steps are taken in threads, and which its reader may leave at any time."""

from __future__ import annotations

import threading
from collections.abc import Generator
from typing import Generic, TypeVar

T = TypeVar("T")


class Steps(Generic[T]):
    """A generator that is read from other threads, one step at a time.

    An asynchronous reader can be cancelled while a thread is in the middle of a step. A generator
    cannot be closed then, so it is closed at the end of that step.

    Args:
        generator: What is read.
    """

    def __init__(self, generator: Generator[T]) -> None:
        self._generator = generator
        self._running = threading.Lock()
        self._closed = threading.Event()

    def next(self) -> T | None:
        """Take the next step; returns None at the end, and after `close`."""
        with self._running:
            try:
                return None if self._closed.is_set() else next(self._generator, None)
            finally:
                if self._closed.is_set():
                    self._generator.close()

    def close(self) -> None:
        """Close the generator: now, or at the end of the step that runs. Does not wait for it."""
        self._closed.set()
        if self._running.acquire(blocking=False):
            try:
                self._generator.close()
            finally:
                self._running.release()
