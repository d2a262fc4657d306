from __future__ import annotations

import importlib.util
import time
from pathlib import Path

import pytest

from cogenesis_langchain.errors import (
    ConfigurationError,
    MissingDependency,
    ModelFileUnknown,
    StandInError,
)
from cogenesis_langchain.models.cloud.stand_in import StandInCloud, open_cloud


def test_corrupt_model_file_is_noticed_at_once(tmp_path: Path) -> None:
    corrupt = tmp_path / "corrupt.gguf"
    corrupt.write_bytes(b"GGUF" + bytes(4096))
    began = time.monotonic()
    with pytest.raises(StandInError, match="loading corrupt") as caught:
        StandInCloud(str(corrupt)).start()
    assert time.monotonic() - began < 10
    assert "whole GGUF file" in caught.value.remedy


def test_unknown_model() -> None:
    with pytest.raises(ModelFileUnknown):
        StandInCloud("nope").start()


def test_package_of_the_server_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tmp_path / "model.gguf"
    model.write_bytes(b"GGUF")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingDependency, match="xllamacpp") as caught:
        StandInCloud(str(model)).start()
    assert "[stand-in]" in caught.value.remedy


def test_address_before_the_start() -> None:
    with pytest.raises(StandInError, match="not running"):
        _ = StandInCloud("nope").base_url


def test_close_without_a_start() -> None:
    StandInCloud("nope").close()


def test_a_model_without_an_endpoint_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with (
        pytest.raises(ConfigurationError, match="'my-model' was given without an endpoint"),
        open_cloud(None, "my-model"),
    ):
        pytest.fail("it was opened")
