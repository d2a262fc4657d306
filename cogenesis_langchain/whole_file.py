"""Files that appear when they are complete, and files for their owner alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Write a file under another name, which it loses when the block ends without an error.

    After an error nothing remains of it. After a kill the half-written file has the other name.

    Args:
        path: Where the file is to appear.

    Yields:
        The path to write to, in the same folder.
    """
    partial = path.with_name(f"{path.name}.part")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_private(path: Path, text: str) -> None:
    """Write a text file that only its owner can read."""
    path.touch(mode=0o600)
    path.chmod(0o600)  # it may have been there
    path.write_text(text, encoding="utf-8")
