"""Identifiers: time-ordered UUIDs (RFC 9562, version 7), so that primary keys insert in order."""

from typing import NewType
from uuid import UUID

from uuid_utils.compat import uuid7

TenantId = NewType("TenantId", UUID)
UserId = NewType("UserId", UUID)
CustomerId = NewType("CustomerId", UUID)
ThreadId = NewType("ThreadId", UUID)
RunId = NewType("RunId", UUID)

__all__ = ["CustomerId", "RunId", "TenantId", "ThreadId", "UserId", "new_id"]


def new_id() -> UUID:
    """Return a fresh UUID that sorts after those made before it."""
    return uuid7()
