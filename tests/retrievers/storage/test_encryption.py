from __future__ import annotations

import base64
import stat
from pathlib import Path

import keyring
import pytest
from keyring.errors import KeyringLocked
from support.word_embeddings import WordEmbeddings

from cogenesis_langchain.errors import StoreError
from cogenesis_langchain.retrievers.context_store import ContextStore
from cogenesis_langchain.retrievers.storage.encryption import (
    Cipher,
    keyring_key,
    new_key_file,
    read_key_file,
)

KEY, OTHER = bytes(range(32)), bytes(32)
TRACES = (b"qzxvbnm", b"84413", b"wqzjkx", b"vjxqkz")


class FakeKeyring:
    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise KeyringLocked("the secret is Qzxvbnm")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


@pytest.fixture
def system_keyring(monkeypatch: pytest.MonkeyPatch) -> FakeKeyring:
    fake = FakeKeyring()
    monkeypatch.setattr(keyring, "get_password", fake.get_password)
    monkeypatch.setattr(keyring, "set_password", fake.set_password)
    return fake


def traces(folder: Path) -> list[bytes]:
    content = b"\n".join(path.read_bytes() for path in folder.rglob("*") if path.is_file()).lower()
    return [trace for trace in TRACES if trace in content]


@pytest.mark.parametrize("key", [KEY, None], ids=["encrypted", "control"])
def test_no_byte_of_the_folder_contains_a_text_but_search_finds_it(
    folder: Path, key: bytes | None
) -> None:
    with ContextStore(folder, embeddings=WordEmbeddings(), key=key) as store:
        store.add_profile({"Name": "Qzxvbnm"})
        store.add(
            "The safe opens with 84413",
            metadata={"source": "/papers/wqzjkx.txt", "tags": ["vjxqkz"], "date": "2026-03-14"},
        )
        found = set(traces(folder))
        assert found == (set() if key else set(TRACES))
    with ContextStore(folder, embeddings=WordEmbeddings(), key=key) as store:
        assert store.search("84413")[0][0].page_content == "The safe opens with 84413"
        assert store.search("84413")[0][0].metadata["tags"] == ["vjxqkz"]
        assert store.private_values().find("84413")


@pytest.mark.parametrize(
    ("made_with", "opened_with", "problem"),
    [(KEY, OTHER, "decrypted"), (KEY, None, "is encrypted"), (None, KEY, "not encrypted")],
)
def test_another_key_is_refused_and_changes_nothing(
    folder: Path, made_with: bytes | None, opened_with: bytes | None, problem: str
) -> None:
    with ContextStore(folder, embeddings=WordEmbeddings(), key=made_with) as store:
        store.add("one")
    with pytest.raises(StoreError, match=problem) as caught:
        ContextStore(folder, embeddings=WordEmbeddings(), key=opened_with)
    assert caught.value.remedy
    with ContextStore(folder, embeddings=WordEmbeddings(), key=made_with) as store:
        assert [document.page_content for document in store.export()] == ["one"]


def test_a_modified_ciphertext_is_refused() -> None:
    cipher = Cipher(KEY)
    encrypted = bytearray(cipher.encrypt(b"one"))
    assert cipher.decrypt(bytes(encrypted)) == b"one"
    assert cipher.encrypt(b"one") != bytes(encrypted)
    encrypted[-1] ^= 1
    with pytest.raises(StoreError, match="decrypted"):
        cipher.decrypt(bytes(encrypted))


def test_only_the_owner_can_read_a_key_file(tmp_path: Path) -> None:
    path = tmp_path / "key"
    key = new_key_file(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_key_file(path) == key
    with pytest.raises(StoreError, match="cannot be written"):
        new_key_file(path)
    path.chmod(0o644)
    with pytest.raises(StoreError, match="other users can read"):
        read_key_file(path)


@pytest.mark.parametrize("content", [b"", b"not base64!", base64.b64encode(b"short")])
def test_an_invalid_key_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key"
    path.touch(mode=0o600)
    path.write_bytes(content)
    with pytest.raises(StoreError, match="contains no key"):
        read_key_file(path)
    with pytest.raises(StoreError, match="bytes instead of 32"):
        Cipher(content)


def test_the_keyring_creates_a_key_once_and_keeps_it(system_keyring: FakeKeyring) -> None:
    key = keyring_key()
    assert len(key) == 32
    assert keyring_key() == key
    assert keyring_key("another") != key
    system_keyring.locked = True
    with pytest.raises(StoreError, match="keyring cannot be used") as caught:
        keyring_key()
    assert "Qzxvbnm" not in repr(caught.value)
