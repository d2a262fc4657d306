"""Measures the memory for reading a large file.

Run: ``python loader_memory.py FILE MEGABYTES [whole]``. It writes the file, reads it piece by piece
(or as a whole, for the control) and prints by how many megabytes the peak memory of the process
grew.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final

from cogenesis_langchain.retrievers.loaders.files import load

FORMATS: Final = {
    "a.txt": ("", "The spare key is with Noor, who lives at Dok Noord 4.\n\n"),
    "a.csv": ("name,town,note\n", "Noor,Ghent,She has the spare key of the flat\n"),
    "a.jsonl": ("", '{"name": "Noor", "town": "Ghent", "note": "has the key"}\n'),
    "a.json": ("[1\n", ', {"name": "Noor", "town": "Ghent", "note": "has the key"}\n'),
    "a.mbox": (
        "",
        "From x Sat Mar 14 09:30:00 2026\nFrom: noor@mail.example\nSubject: Key\n\n"
        + "It is here. " * 50
        + "\n\n",
    ),
}
"""Start of a file of each format, and the text that is repeated after it."""


def write(path: Path, megabytes: float) -> None:
    begin, more = FORMATS[path.name]
    block = more * 1000
    with path.open("w") as file:
        file.write(begin)
        while file.tell() < megabytes * 1e6:
            file.write(block)
        file.write("]" if path.suffix == ".json" else "")


def peak() -> float:
    """Peak memory of this process in MB; the value of `resource` would include the parent's."""
    status = Path("/proc/self/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024


def read(path: Path, whole: bool) -> None:
    pieces = list(load(path)) if whole else load(path)
    for _ in pieces:
        pass


if __name__ == "__main__":
    path, megabytes, whole = Path(sys.argv[1]), float(sys.argv[2]), "whole" in sys.argv
    write(path, 2)
    read(path, whole)
    before = peak()
    write(path, megabytes)
    read(path, whole)
    sys.stdout.write(f"{peak() - before:.1f}\n")
