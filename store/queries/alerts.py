"""Alerts: raised once while they last, listed and put aside."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, text, update
from sqlmodel import col, select

from core.errors import NotFound
from core.ids import new_id
from core.statuses import AlertLevel, AlertStatus
from store.tables.alerts import Alert
from store.unit import ReadTx, Tx

_RAISE = text(
    "SELECT number, fresh FROM raise_alert(:id, :kind, :subject, :level, :title, :detail, cast(:data AS jsonb), :now, :expires_at)"
)
_RANK = {level: place for place, level in enumerate(AlertLevel)}


class Raised(NamedTuple):
    """An alert's number, and whether it is new: not the same one raised again."""

    number: str
    fresh: bool


async def put(
    tx: Tx, *, kind: str, subject: str, level: AlertLevel, title: str, detail: str, data: Mapping[str, Any], expires_at: datetime
) -> Raised:
    """Raise an alert, in whoever's transaction: customers cause alerts and see none. Takes the counter's lock: call it late."""
    values = {
        "id": new_id(),
        "kind": kind,
        "subject": subject[:120],
        "level": level.value,
        "title": title[:200],
        "detail": detail,
        "data": json.dumps(dict(data), default=str),
        "now": tx.now,
        "expires_at": expires_at,
    }
    if tx.dirty:
        await tx.session.flush()
    return Raised(*(await tx.connection.execute(_RAISE, values)).one())


async def settle(tx: Tx, kind: str, subject: str) -> None:
    """Close the alert of a kind and subject, if one is open: its cause is gone."""
    query = (
        update(Alert)
        .where(col(Alert.tenant_id) == tx.tenant_id, col(Alert.kind) == kind, col(Alert.subject) == subject)
        .where(col(Alert.status) != AlertStatus.RESOLVED)
        .values(status=AlertStatus.RESOLVED, resolved_at=tx.now, handled_by=(tx.principal.name or tx.principal.role.value)[:120])
    )
    await tx.connection.execute(query)


async def by_number(tx: ReadTx, number: str, *, lock: bool = False) -> Alert:
    """Return an alert, locked when `lock`.

    Raises:
        NotFound: unknown, or of another shop.
    """
    query = select(Alert).where(col(Alert.tenant_id) == tx.tenant_id, col(Alert.number) == number)
    row = (await tx.session.exec(query.with_for_update().execution_options(populate_existing=True) if lock else query)).first()
    if row is None:
        raise NotFound("alert", number)
    return row


async def find(tx: ReadTx, *, status: AlertStatus, at_least: AlertLevel, kind: str | None, limit: int) -> tuple[int, list[Alert]]:
    """Return how many unexpired alerts of `status` there are and the worst and newest of them; resolved ones whenever they were."""
    where = [
        col(Alert.tenant_id) == tx.tenant_id,
        col(Alert.status) == status,
        col(Alert.level).in_([level for level in AlertLevel if _RANK[level] >= _RANK[at_least]]),
    ]
    if status is not AlertStatus.RESOLVED:
        where.append(col(Alert.expires_at) > tx.now)
    if kind is not None:
        where.append(col(Alert.kind) == kind)
    total = (await tx.session.exec(select(func.count()).select_from(Alert).where(*where))).one()
    worst = func.array_position([level.value for level in AlertLevel], col(Alert.level))
    query = select(Alert).where(*where).order_by(worst.desc(), col(Alert.raised_at).desc(), col(Alert.number).desc()).limit(limit)
    return int(total), list((await tx.session.exec(query)).all())
