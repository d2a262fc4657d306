"""Encryption at rest: AES-256-GCM with a key from the system keyring or a key file."""

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
    """Authenticated encryption with AES-256-GCM.

    Encryption and hashing use two different keys, both derived from the given one.

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
                remedy="create one with new_key_file or keyring_key",
            )
        self._aes = _gcm(_derive(key, b"seal"))
        self.hash_key = _derive(key, b"hash")

    def encrypt(self, clear: bytes) -> bytes:
        """Encrypt; encrypting the same bytes twice gives different results."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._aes.encrypt(nonce, clear, None)

    def decrypt(self, encrypted: bytes) -> bytes:
        """Decrypt.

        Raises:
            StoreError: The bytes were encrypted with another key, or have been modified.
        """
        from cryptography.exceptions import InvalidTag

        try:
            nonce, ciphertext = encrypted[:_NONCE_BYTES], encrypted[_NONCE_BYTES:]
            return self._aes.decrypt(nonce, ciphertext, None)
        except (InvalidTag, ValueError):
            raise StoreError(
                "a record of the context store cannot be decrypted",
                remedy="open the store with the key it was created with",
            ) from None

    def encrypt_text(self, clear: str) -> str:
        """Encrypt a string to a string."""
        return base64.b85encode(self.encrypt(clear.encode())).decode()

    def decrypt_text(self, encrypted: str) -> str:
        """Decrypt the output of `encrypt_text`.

        Raises:
            StoreError: The text was encrypted with another key, or has been modified.
        """
        try:
            raw = base64.b85decode(encrypted)
        except ValueError:
            raw = b""  # which `decrypt` refuses
        return self.decrypt(raw).decode()


def new_key_file(path: str | Path) -> bytes:
    """Write a new key to a file that only its owner can read.

    Keep the file on another disk than the store, or the encryption protects nothing. Without the
    key the texts are lost.

    Returns:
        The key.

    Raises:
        StoreError: The file already exists, or cannot be written.
    """
    key = secrets.token_bytes(_KEY_BYTES)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        _write_new(os.open(path, flags, 0o600), base64.b64encode(key), Path(path))
    except OSError as error:
        raise StoreError(
            f"the key file {path} cannot be written ({error.strerror})",
            remedy="use a path that can be written and does not exist yet",
        ) from None
    return key


def _write_new(descriptor: int, content: bytes, path: Path) -> None:
    """Write a file that was just created; on an error, such as a full disk, nothing remains."""
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
    except BaseException:
        path.unlink()
        raise


def read_key_file(path: str | Path) -> bytes:
    """Read a key written by `new_key_file`.

    Raises:
        StoreError: The file does not exist, other users can read it, or it contains no key.
    """
    file = Path(path)
    try:
        mode, content = file.stat().st_mode, file.read_bytes()
    except OSError as error:
        raise StoreError(
            f"the key file {path} cannot be read ({error.strerror})",
            remedy="give the key file that the store was created with",
        ) from None
    if mode & 0o077:
        raise StoreError(f"other users can read the key file {path}", remedy=f"chmod 600 {path}")
    return _decode_key(content, f"the key file {path}")


def keyring_key(name: str = "context-store") -> bytes:
    """Return the key with this name from the system keyring; the first call creates it.

    Raises:
        StoreError: The keyring cannot be used, or has something else under this name.
        MissingDependency: The extra ``chroma`` is not installed.
    """
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        raise MissingDependency("keyring", extra="chroma") from None
    try:
        encoded = keyring.get_password(_SERVICE, name)
        if encoded is None:
            encoded = base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
            keyring.set_password(_SERVICE, name, encoded)
    except KeyringError:
        raise StoreError(
            "the system's keyring cannot be used",
            remedy="unlock it, or keep the key in a file: new_key_file and read_key_file",
        ) from None
    return _decode_key(encoded.encode(), f"the keyring's entry {name!r}")


def _decode_key(content: bytes, what: str) -> bytes:
    try:
        key = base64.b64decode(content.strip(), validate=True)
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise StoreError(
            f"{what} contains no key", remedy="give the key that the store was created with"
        )
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
