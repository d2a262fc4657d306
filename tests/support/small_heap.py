"""Keeps the heap small that is searched for fallbacks when a local model fails."""

from __future__ import annotations

import gc


def leave_out_what_is_kept() -> None:
    """Take all objects there are out of the collector's work, and so out of that search.

    Wrappers of models that a test makes later are found.
    """
    gc.collect()
    gc.freeze()
