"""Versions of a tenant's policy. A stored version never changes; the highest of those that took effect holds."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import text

from core.ids import new_id
from store.unit import ReadTx, Tx

_CURRENT_VERSION = "SELECT max(version) FROM policy_versions WHERE tenant_id = %s AND effective_at <= %s"
_BODY = text("SELECT body FROM policy_versions WHERE tenant_id = :tenant AND version = :version")
_COLUMNS = "version, based_on, author, note, created_at, effective_at"
_NEWEST = text(f"SELECT {_COLUMNS} FROM policy_versions WHERE tenant_id = :tenant ORDER BY version DESC LIMIT :limit")
_COUNT = text("SELECT count(*) FROM policy_versions WHERE tenant_id = :tenant")
_LOCK = text("SELECT 1 FROM tenants WHERE id = :tenant FOR NO KEY UPDATE")
_INSERT = text(
    "INSERT INTO policy_versions (tenant_id, id, version, based_on, body, author, note, created_at, effective_at) "
    "VALUES (:tenant, :id, :version, :based_on, cast(:body AS jsonb), :author, :note, :now, :effective_at)"
)


class Version(NamedTuple):
    """One version without its rules."""

    version: int
    based_on: int
    author: str
    note: str
    created_at: datetime
    effective_at: datetime


async def current_version(tx: ReadTx) -> int:
    """Return the newest version in effect, 0 when the tenant has none and the defaults hold."""
    rows = await tx.run(_CURRENT_VERSION, (tx.tenant_id, tx.now))
    return int(rows[0][0] or 0)


async def body(tx: ReadTx, version: int) -> dict[str, Any] | None:
    """Return the policy object of a version, as stored; None when there is no such version."""
    return (await tx.connection.execute(_BODY, {"tenant": tx.tenant_id, "version": version})).scalar()


async def history(tx: ReadTx, limit: int) -> tuple[int, list[Version]]:
    """Return how many versions there are, and the newest of them, planned ones too."""
    total = (await tx.connection.execute(_COUNT, {"tenant": tx.tenant_id})).scalar_one()
    rows = await tx.connection.execute(_NEWEST, {"tenant": tx.tenant_id, "limit": limit})
    return int(total), [Version(*row) for row in rows]


async def newest(tx: ReadTx, *, lock: bool = False) -> Version | None:
    """Return the version with the highest number, None when there is none; with `lock` nobody else adds one before the commit."""
    if lock:
        await tx.connection.execute(_LOCK, {"tenant": tx.tenant_id})
    row = (await tx.connection.execute(_NEWEST, {"tenant": tx.tenant_id, "limit": 1})).first()
    return Version(*row) if row else None


async def add(tx: Tx, version: Version, rules: Mapping[str, Any]) -> None:
    """Store a new version."""
    values = {**version._asdict(), "tenant": tx.tenant_id, "id": new_id(), "now": tx.now, "body": orjson.dumps(rules).decode()}
    await tx.connection.execute(_INSERT, values)
