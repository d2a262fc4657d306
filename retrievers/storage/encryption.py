"""Encryption at rest: AES-256-GCM with a key from the system's keyring or a key file."""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cogenesis_langchain.errors import MissingDependency, StoreError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_SERVICE: Final = "cogenesis-langchain"


class Cipher:
    """Seals texts so that they can be read, and changed unnoticed, only with the key.

    What is encrypted and what hashes are made with are two keys, both derived from the one given.

    Args:
        key: 32 secret bytes.

    Raises:
        StoreError: The key has another length.
        MissingDependency: The extra ``chroma`` is not installed.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) != _KEY_BYTES:
            raise StoreError(
                f"the key has {len(key)} bytes instead of {_KEY_BYTES}",
                remedy="make one with new_key_file or keyring_key",
            )
        self._sealing = _gcm(_derive(key, b"seal"))
        self.hash_key = _derive(key, b"hash")

    def seal(self, clear: bytes) -> bytes:
        """Encrypt; sealing the same twice gives two different results."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._sealing.encrypt(nonce, clear, None)

    def open(self, sealed: bytes) -> bytes:
        """Decrypt.

        Raises:
            StoreError: It was sealed with another key or has been changed.
        """
        from cryptography.exceptions import InvalidTag

        try:
            return self._sealing.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None)
        except (InvalidTag, ValueError):
            raise StoreError(
                "a record of the context store cannot be decrypted",
                remedy="open the store with the key it was made with",
            ) from None

    def seal_text(self, clear: str) -> str:
        """Encrypt a text to a text."""
        return base64.b85encode(self.seal(clear.encode())).decode()

    def open_text(self, sealed: str) -> str:
        """Decrypt what `seal_text` returned.

        Raises:
            StoreError: It was sealed with another key or has been changed.
        """
        try:
            raw = base64.b85decode(sealed)
        except ValueError:
            raw = b""
        return self.open(raw).decode()


def new_key_file(path: str | Path) -> bytes:
    """Write a new key to a file that only its owner can read.

    Keep it on another disk than the store, or the encryption protects nothing; without it the
    texts are lost.

    Returns:
        The key.

    Raises:
        StoreError: The file is there already, or cannot be written.
    """
    key = secrets.token_bytes(_KEY_BYTES)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
            file.write(base64.b64encode(key))
    except OSError as error:
        raise StoreError(
            f"the key file {path} cannot be written ({error.strerror})",
            remedy="give a path that is free and can be written",
        ) from None
    return key


def read_key_file(path: str | Path) -> bytes:
    """Read a key that `new_key_file` wrote.

    Raises:
        StoreError: There is no such file, others can read it, or it holds no key.
    """
    file = Path(path)
    try:
        mode, content = file.stat().st_mode, file.read_bytes()
    except OSError as error:
        raise StoreError(
            f"the key file {path} cannot be read ({error.strerror})",
            remedy="give the file the store was made with",
        ) from None
    if mode & 0o077:
        raise StoreError(f"other users can read the key file {path}", remedy=f"chmod 600 {path}")
    return _decoded(content, f"the key file {path}")


def keyring_key(name: str = "context-store") -> bytes:
    """Return the key of this name from the system's keyring, made at the first call.

    Raises:
        StoreError: The keyring cannot be used, or holds something else under that name.
        MissingDependency: The extra ``chroma`` is not installed.
    """
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        raise MissingDependency("keyring", extra="chroma") from None
    try:
        kept = keyring.get_password(_SERVICE, name)
        if kept is None:
            kept = base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
            keyring.set_password(_SERVICE, name, kept)
    except KeyringError:
        raise StoreError(
            "the system's keyring cannot be used",
            remedy="unlock it, or keep the key in a file: new_key_file and read_key_file",
        ) from None
    return _decoded(kept.encode(), f"the keyring's entry {name!r}")


def _decoded(content: bytes, what: str) -> bytes:
    try:
        key = base64.b64decode(content.strip(), validate=True)
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise StoreError(f"{what} holds no key", remedy="give the one the store was made with")
    return key


def _derive(key: bytes, purpose: bytes) -> bytes:
    try:
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
    except ImportError:
        raise MissingDependency("cryptography", extra="chroma") from None

    return HKDFExpand(SHA256(), _KEY_BYTES, b"cogenesis context store: " + purpose).derive(key)


def _gcm(key: bytes) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)
