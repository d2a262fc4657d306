"""Reads a generator in a thread of its own, for asynchronous readers that may leave at any time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Generator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Generic, TypeVar

T = TypeVar("T")


async def in_thread(generator: Generator[T]) -> AsyncGenerator[T]:
    """Yield what a generator yields; each of its steps runs in one thread.

    Models block their thread for seconds. The thread is not one of the event loop's own, which has
    few, and needs them to look up hosts. It sees the caller's context variables.

    Args:
        generator: What is read. It is closed when this iterator is closed, or at the end of the
            step that runs then.
    """
    steps, context, loop = _Steps(generator), copy_context(), asyncio.get_running_loop()
    thread = ThreadPoolExecutor(1, thread_name_prefix="cogenesis")
    try:
        while (step := await loop.run_in_executor(thread, context.run, steps.next)) is not None:
            yield step
    finally:
        steps.close()
        thread.shutdown(wait=False)


class _Steps(Generic[T]):
    """A generator that is read from another thread, one step at a time.

    A reader can be cancelled while the thread is in the middle of a step. A generator cannot be
    closed then, so it is closed at the end of that step.
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
