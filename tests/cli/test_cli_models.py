from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest
from support.model_sources import Hub, running_hub

from cogenesis_langchain.cli import main
from cogenesis_langchain.models.files import catalog
from cogenesis_langchain.models.files.entries import ModelFile
from cogenesis_langchain.models.files.huggingface import HubFile
from cogenesis_langchain.models.files.wheel_mirror import WheelMirror

CONTENT = b"weights" * 1000
ENTRY = ModelFile(
    name="tiny-model-with-a-long-name",
    purpose="tests",
    filename="tiny.gguf",
    size=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    licence="MIT",
    mirror=WheelMirror("tiny==1", "data.bin", len(CONTENT)),
    hub=HubFile("owner/repository", "tiny.gguf"),
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COGENESIS_HOME", str(tmp_path))
    monkeypatch.delenv("COGENESIS_MODEL_MIRROR", raising=False)
    monkeypatch.setattr(catalog, "ENTRIES", (ENTRY,))
    return tmp_path


def cogenesis(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run the command line as a shell would and return its exit code."""
    monkeypatch.setattr(sys, "argv", ["cogenesis", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    code = ended.value.code
    return code if isinstance(code, int) else 0


def test_pull_then_list_then_path(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cogenesis(monkeypatch, "models", "list") == 0
    assert "no" in capsys.readouterr().out.split()

    with running_hub(Hub(CONTENT)) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        reference = "hf:owner/other/file.gguf"
        assert cogenesis(monkeypatch, "models", "pull", ENTRY.name, reference) == 0
    pulled = capsys.readouterr()
    target = home / "models" / ENTRY.name / "tiny.gguf"
    assert pulled.out.splitlines() == [str(target), str(home / "models/hf/owner/other/file.gguf")]
    assert "verified" in pulled.err

    assert cogenesis(monkeypatch, "models", "list") == 0
    listed = capsys.readouterr().out
    assert ENTRY.name in listed
    assert "yes" in listed.split()

    assert cogenesis(monkeypatch, "models", "path", ENTRY.name) == 0
    assert capsys.readouterr().out.strip() == str(target)

    target.write_bytes(b"half")
    assert cogenesis(monkeypatch, "models", "list") == 0
    assert "damaged" in capsys.readouterr().out


def test_pull_reports_an_unverified_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with running_hub(Hub(CONTENT, etag="no hash")) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        assert cogenesis(monkeypatch, "models", "pull", "hf:owner/other/file.gguf") == 0
    assert "no published hash" in capsys.readouterr().err


def test_pull_of_a_local_path_leaves_it_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own.gguf"
    own.write_bytes(CONTENT)
    assert cogenesis(monkeypatch, "models", "pull", str(own)) == 0
    assert capsys.readouterr().out.strip() == str(own)


@pytest.mark.parametrize(
    ("arguments", "error", "remedy"),
    [
        (("path", ENTRY.name), "ModelFileMissing", f"cogenesis models pull {ENTRY.name}"),
        (("path", "nope"), "ModelFileUnknown", "cogenesis models list"),
        (("pull", "nope"), "ModelFileUnknown", "cogenesis models list"),
    ],
)
def test_errors_end_with_their_remedy_and_no_traceback(
    arguments: tuple[str, ...],
    error: str,
    remedy: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cogenesis(monkeypatch, "models", *arguments) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(error)
    assert remedy in printed.err
    assert "Traceback" not in printed.err
