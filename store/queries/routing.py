"""Labelled messages, the table of intents, and trained routers."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from core.ids import new_id
from store.tables.routing import RouteIntent, RouteMessage, RouteModel
from store.unit import ReadTx, Tx

_PART = 500
_NEWEST = text(
    "SELECT m.text, i.route FROM route_messages m JOIN route_intents i ON i.tenant_id = m.tenant_id AND i.intent = m.intent "
    "WHERE m.tenant_id = :tenant ORDER BY m.created_at DESC, m.id DESC LIMIT :most"
)

_HEADS = text(
    "SELECT audience, version, messages, sentences, figures, trained_at FROM route_models WHERE tenant_id = :tenant ORDER BY audience"
)


@dataclass(frozen=True, slots=True)
class IntentRow:
    """A line of the table of intents."""

    intent: str
    route: str
    messages: int


@dataclass(frozen=True, slots=True)
class ModelHead:
    """What is known of a trained router without reading it."""

    audience: str
    version: int
    messages: int
    sentences: str
    figures: Mapping[str, Any]
    trained_at: datetime


async def set_routes(tx: Tx, routes: Mapping[str, str]) -> None:
    """Write lines of the table of intents; those of other intents stay."""
    if not routes:
        return
    rows = [{"tenant_id": tx.tenant_id, "intent": intent, "route": route, "updated_at": tx.now} for intent, route in sorted(routes.items())]
    statement = insert(RouteIntent)
    changed = {"route": statement.excluded.route, "updated_at": statement.excluded.updated_at}
    await tx.connection.execute(statement.on_conflict_do_update(index_elements=["tenant_id", "intent"], set_=changed), rows)


async def add_messages(tx: Tx, labelled: Iterable[tuple[str, str]]) -> int:
    """Store messages with their intents, which must be in the table; a text that is there takes the new label. Return how many texts."""
    rows = {
        digest: {"tenant_id": tx.tenant_id, "id": new_id(), "text": said, "digest": digest, "intent": intent, "created_at": tx.now}
        for said, intent in labelled
        for digest in [hashlib.sha256(said.lower().encode()).hexdigest()]
    }
    ordered = [rows[digest] for digest in sorted(rows)]
    statement = insert(RouteMessage)
    again = statement.on_conflict_do_update(
        index_elements=["tenant_id", "digest"], set_={"intent": statement.excluded.intent, "created_at": statement.excluded.created_at}
    )
    for start in range(0, len(ordered), _PART):
        await tx.connection.execute(again, ordered[start : start + _PART])
    return len(ordered)


async def intents(tx: ReadTx) -> list[IntentRow]:
    """Return the table of intents, with how many messages each has."""
    counted = (
        select(RouteIntent.intent, RouteIntent.route, func.count(col(RouteMessage.id)))
        .join(
            RouteMessage,
            (col(RouteMessage.tenant_id) == RouteIntent.tenant_id) & (col(RouteMessage.intent) == RouteIntent.intent),
            isouter=True,
        )
        .where(col(RouteIntent.tenant_id) == tx.tenant_id)
        .group_by(RouteIntent.intent, RouteIntent.route)
        .order_by(RouteIntent.intent)
    )
    return [IntentRow(*row) for row in (await tx.session.exec(counted)).all()]


async def newest(tx: ReadTx, most: int) -> list[tuple[str, str]]:
    """Return the newest labelled messages with their routes, the oldest of them first."""
    rows = await tx.connection.execute(_NEWEST, {"tenant": tx.tenant_id, "most": most})
    return [(str(said), str(route)) for said, route in reversed(rows.all())]


async def put_model(tx: Tx, audience: str, body: bytes, *, messages: int, sentences: str, figures: Mapping[str, Any]) -> int:
    """Store a trained router in the place of the one before, and return its version."""
    values = {"messages": messages, "sentences": sentences, "figures": dict(figures), "body": body, "trained_at": tx.now}
    statement = (
        insert(RouteModel)
        .values(tenant_id=tx.tenant_id, audience=audience, version=1, **values)
        .on_conflict_do_update(index_elements=["tenant_id", "audience"], set_={**values, "version": RouteModel.version + 1})
        .returning(col(RouteModel.version))
    )
    return int((await tx.connection.execute(statement)).scalar_one())


async def model_heads(tx: ReadTx) -> Sequence[ModelHead]:
    """Return what is known of the store's trained routers."""
    rows = (await tx.connection.execute(_HEADS, {"tenant": tx.tenant_id})).all()
    return [ModelHead(*row) for row in rows]


async def model_body(tx: ReadTx, audience: str, version: int) -> bytes | None:
    """Return a trained router if it is still of this version."""
    wanted = select(RouteModel.body).where(
        col(RouteModel.tenant_id) == tx.tenant_id, col(RouteModel.audience) == audience, col(RouteModel.version) == version
    )
    return (await tx.session.exec(wanted)).first()
