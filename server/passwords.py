"""Password hashes: argon2id with the library's defaults (RFC 9106, low-memory profile)."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

_HASHER = PasswordHasher()


def hash_password(password: str) -> str:
    """Return a salted hash. Takes tens of milliseconds: call it in a thread."""
    return _HASHER.hash(password)


def verify_password(password: str, hashed: str) -> bool:
    """Return whether `password` made `hashed`. Takes tens of milliseconds: call it in a thread."""
    try:
        return _HASHER.verify(hashed, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
