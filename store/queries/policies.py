"""Versions of a tenant's policy."""

from typing import Any

from sqlalchemy import text

from store.unit import ReadTx

_CURRENT_VERSION = "SELECT max(version) FROM policy_versions WHERE tenant_id = %s AND effective_at <= %s"
_BODY = text("SELECT body FROM policy_versions WHERE tenant_id = :tenant AND version = :version")


async def current_version(tx: ReadTx) -> int:
    """Return the newest version in effect, 0 when the tenant has none and the defaults hold."""
    rows = await tx.run(_CURRENT_VERSION, (tx.tenant_id, tx.now))
    return int(rows[0][0] or 0)


async def body(tx: ReadTx, version: int) -> dict[str, Any]:
    """Return the policy object of a version, as stored."""
    return (await tx.connection.execute(_BODY, {"tenant": tx.tenant_id, "version": version})).scalar_one()
