"""Secrets at rest: AES-256-GCM under a key that the database never sees, bound to the place where they stand.

A sealed secret reads `v1.<key>.<nonce and ciphertext>`; `<key>` names the key by its hash, so that several can be in use while secrets
are sealed again. Its place - store, connection, field - is authenticated with it: moved elsewhere, it cannot be opened.
"""

import base64
import binascii
import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.errors import InvalidInput, Unavailable

_VERSION = "v1"
_KEY_BYTES, _NONCE_BYTES = 32, 12
"""AES-256; 96 bits is the nonce for which GCM is specified (NIST SP 800-38D, 5.2.1.1)."""


class Vault:
    """Seals with the first of `keys` and opens with any. Without a key it does neither."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Take keys as `new_key` makes them, the newest first.

        Raises:
            InvalidInput: a key is not 32 bytes in base64.
        """
        self._ciphers = {_name(raw): AESGCM(raw) for raw in map(_decoded, keys)}
        self._newest = next(iter(self._ciphers), "")

    def __repr__(self) -> str:
        """Name the keys, not what they are."""
        return f"Vault({', '.join(self._ciphers)})"

    def seal(self, secret: str, place: str) -> str:
        """Return `secret` sealed for a place; nothing stays nothing.

        Raises:
            Unavailable: there is no key.
        """
        if not secret:
            return ""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + self._cipher(self._newest).encrypt(nonce, secret.encode(), place.encode())
        return f"{_VERSION}.{self._newest}.{base64.urlsafe_b64encode(sealed).decode()}"

    def open(self, sealed: str, place: str) -> str:
        """Return the secret that was sealed for a place.

        Raises:
            Unavailable: there is no key, it is another one, or the secret was changed or moved.
        """
        if not sealed:
            return ""
        version, _, rest = sealed.partition(".")
        name, _, data = rest.partition(".")
        try:
            raw = base64.urlsafe_b64decode(data.encode())
            if version != _VERSION or len(raw) <= _NONCE_BYTES:
                raise _unreadable()
            return self._cipher(name).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], place.encode()).decode()
        except (InvalidTag, binascii.Error, UnicodeError) as error:
            raise _unreadable() from error

    def outdated(self, sealed: str) -> bool:
        """Return whether a secret is sealed with another key than the newest."""
        return bool(sealed) and sealed.split(".")[1:2] != [self._newest]

    def _cipher(self, name: str) -> AESGCM:
        if not self._ciphers:
            raise Unavailable("set STOREHAND_SECRETS__KEY: secrets of providers are sealed with it", code="secrets_key_missing")
        if name not in self._ciphers:
            raise Unavailable(
                f"a provider's secret is sealed with key {name}, which is not set; add it to STOREHAND_SECRETS__PREVIOUS",
                code="secrets_key_missing",
            )
        return self._ciphers[name]


def new_key() -> str:
    """Return a fresh key for `STOREHAND_SECRETS__KEY`."""
    return base64.urlsafe_b64encode(os.urandom(_KEY_BYTES)).decode()


def kept_key(path: Path) -> str:
    """Return the key that a file holds; made once, by whichever process comes first, and readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}")
    try:
        if not path.exists():
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
                file.write(new_key())
            with suppress(FileExistsError):
                path.hardlink_to(fresh)
    finally:
        fresh.unlink(missing_ok=True)
    return path.read_text(encoding="ascii").strip()


def _decoded(key: str) -> bytes:
    try:
        raw = base64.urlsafe_b64decode(key.strip().encode())
    except (binascii.Error, UnicodeError):
        raw = b""
    if len(raw) != _KEY_BYTES:
        raise InvalidInput("32 bytes in base64 are needed; make one with 'storehand secrets new-key'", field="STOREHAND_SECRETS__KEY")
    return raw


def _name(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:8]


def _unreadable() -> Unavailable:
    return Unavailable(
        "a provider's secret cannot be opened: it was changed or moved; connect the provider again", code="secret_unreadable"
    )
