"""Large files: reading them takes bounded memory, or is refused.

Files of 8 MB show that memory does not grow; with ``--hypothesis-profile=thorough`` the files have
a gigabyte.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support import loader_memory
from support.loader_memory import FORMATS
from support.thorough import THOROUGH

from cogenesis_langchain.errors import UnreadableFile
from cogenesis_langchain.retrievers.loaders import text as text_files
from cogenesis_langchain.retrievers.loaders.files import load

pytestmark = pytest.mark.slow


def written(path: Path, content: str) -> Path:
    path.write_text(content)
    return path


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.ics"])
def test_an_endless_line_is_not_read_into_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(text_files, "MAX_LINE_CHARACTERS", 1000)
    with pytest.raises(UnreadableFile, match="line"):
        list(load(written(tmp_path / name, "x" * 1000)))


def test_an_html_file_that_is_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cogenesis_langchain.retrievers.loaders.pages.MAX_WHOLE_FILE_BYTES", 1000)
    with pytest.raises(UnreadableFile, match="larger"):
        list(load(written(tmp_path / "a.html", "<p>" + "x" * 1000)))


def growth(path: Path, name: str, megabytes: int, *more: str) -> float:
    """Megabytes by which reading a file of this size raises the peak memory of a process."""
    command = [sys.executable, loader_memory.__file__, str(path / name), str(megabytes), *more]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak where Linux tells it")
@pytest.mark.parametrize("name", FORMATS)
def test_memory_does_not_grow_with_the_file(tmp_path: Path, name: str) -> None:
    assert growth(tmp_path, name, 1024 if THOROUGH else 8) < (16 if THOROUGH else 6)


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak where Linux tells it")
def test_control_reading_a_whole_file_is_detected(tmp_path: Path) -> None:
    """The control: the same measurement for a reader that holds the whole file."""
    assert growth(tmp_path, "a.txt", 8, "whole") > 8
