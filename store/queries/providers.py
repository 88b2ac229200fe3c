"""Connections to providers, and the reports that came in from them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select

from core.ids import new_id
from store.tables.providers import ProviderConnection, ReportStatus
from store.unit import ReadTx, Tx
from store.vault import Vault

SECRETS = ("api_key", "webhook_secret")
"""What of a connection is sealed."""

_RECEIVE = text(
    """
    INSERT INTO provider_reports (tenant_id, id, connection_id, event_id, type, status, reason, received_at)
    VALUES (:tenant, :id, :connection, :event, :type, 'received', '', :now)
    ON CONFLICT (tenant_id, connection_id, event_id) DO UPDATE SET type = provider_reports.type RETURNING status
    """
)
_END = text(
    "UPDATE provider_reports SET status = :status, reason = :reason, recorded_at = :now "
    "WHERE tenant_id = :tenant AND connection_id = :connection AND event_id = :event"
)
_CONNECT = text(
    """
    INSERT INTO provider_connections (tenant_id, id, code, kind, adapter, base_url, api_key, webhook_secret, options, rate_per_second,
      burst, active, created_at)
    VALUES (:tenant, :id, :code, :kind, :adapter, :base_url, :api_key, :webhook_secret, '{}', 10, 20, true, :now)
    ON CONFLICT (tenant_id, code) DO UPDATE SET adapter = excluded.adapter, base_url = excluded.base_url, api_key = excluded.api_key,
      webhook_secret = excluded.webhook_secret, active = true
    """
)


async def connection(tx: ReadTx, codes: list[str]) -> ProviderConnection | None:
    """Return the active connection of the first of `codes` that has one."""
    query = select(ProviderConnection).where(
        col(ProviderConnection.tenant_id) == tx.tenant_id, col(ProviderConnection.code).in_(codes), col(ProviderConnection.active)
    )
    found = {row.code: row for row in await tx.session.exec(query)}
    return next((found[code] for code in codes if code in found), None)


async def connect(tx: Tx, vault: Vault, values: Mapping[str, Any]) -> None:
    """Make a connection, or point the one with its code somewhere else. Its `api_key` and `webhook_secret` are sealed here."""
    sealed = {name: vault.seal(values[name], place(tx.tenant_id, values["code"], name)) for name in SECRETS}
    await tx.connection.execute(_CONNECT, {**values, **sealed, "tenant": tx.tenant_id, "id": new_id(), "now": tx.now})


def place(tenant_id: UUID, code: str, name: str) -> str:
    """Return what a secret of a connection is bound to."""
    return f"{tenant_id}/{code}/{name}"


async def readable(tx: ReadTx, vault: Vault) -> int:
    """Return how many secrets of a store's connections there are.

    Raises:
        Unavailable: one of them cannot be opened.
    """
    rows = (await tx.session.exec(select(ProviderConnection).where(col(ProviderConnection.tenant_id) == tx.tenant_id))).all()
    return sum(bool(vault.open(getattr(row, name), place(row.tenant_id, row.code, name))) for row in rows for name in SECRETS)


async def seal_again(tx: Tx, vault: Vault) -> int:
    """Seal the secrets of a store's connections with the newest key and return how many were not.

    Raises:
        Unavailable: the key of one of them is not there; nothing was changed.
    """
    query = select(ProviderConnection).where(col(ProviderConnection.tenant_id) == tx.tenant_id).order_by(col(ProviderConnection.id))
    changed = 0
    for row in (await tx.session.exec(query.with_for_update())).all():
        for name in SECRETS:
            sealed, where = getattr(row, name), place(row.tenant_id, row.code, name)
            if vault.outdated(sealed):
                setattr(row, name, vault.seal(vault.open(sealed, where), where))
                changed += 1
        tx.session.add(row)
    return changed


async def receive(tx: Tx, connection_id: UUID, event_id: str, kind: str) -> ReportStatus:
    """Write down that a report came in; return where it stands, which is `recorded` when it is known already."""
    values = {"tenant": tx.tenant_id, "id": new_id(), "connection": connection_id, "event": event_id, "type": kind, "now": tx.now}
    return ReportStatus((await tx.connection.execute(_RECEIVE, values)).scalar_one())


async def end(tx: Tx, connection_id: UUID, event_id: str, status: ReportStatus, reason: str) -> None:
    """Write down what became of a report."""
    values = {"tenant": tx.tenant_id, "connection": connection_id, "event": event_id, "status": status.value, "reason": reason[:300]}
    await tx.connection.execute(_END, {**values, "now": tx.now})
