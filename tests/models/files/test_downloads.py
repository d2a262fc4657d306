from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pytest
from support.model_sources import Hub
from support.small_catalog import (
    CONTENT,
    ENTRY,
    REFERENCE,
    fetching_process,
    left_in,
    wait_until,
)

from cogenesis_langchain.errors import (
    DiskFull,
    DownloadInterrupted,
    ModelFileDamaged,
    ModelFileError,
)
from cogenesis_langchain.models.files import catalog

pytestmark = pytest.mark.usefixtures("home")


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
