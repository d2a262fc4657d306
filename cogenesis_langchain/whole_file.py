"""Files that appear when they are complete."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Write a file under another name, which it loses when the block ends without an error.

    Args:
        path: Where the file is to appear.

    Yields:
        The path to write to, in the same folder.
    """
    partial = path.with_name(f"{path.name}.part")
    yield partial
    partial.replace(path)
