"""Items that clients of the API keep. Each user sees their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, literal, or_, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from core.errors import Conflict, NotFound
from core.ids import new_id
from store.tables.service import StoreItem
from store.unit import ReadTx, Tx

MOST_ITEMS = 1000
"""At most this many items are kept for one user."""
_NAMESPACES = text(
    "SELECT DISTINCT namespace[1:CAST(:depth AS int)] AS namespace FROM store_items WHERE tenant_id = :tenant AND user_id = :user "
    "AND (expires_at IS NULL OR expires_at > :now) AND namespace[1:cardinality(CAST(:prefix AS text[]))] = CAST(:prefix AS text[]) "
    "AND namespace[cardinality(namespace) - cardinality(CAST(:suffix AS text[])) + 1:] = CAST(:suffix AS text[]) "
    "ORDER BY 1 LIMIT :limit OFFSET :offset"
)


@dataclass(frozen=True, slots=True)
class FoundItem:
    """An item, with how well it fits the words of a search."""

    item: StoreItem
    score: float | None


async def put(tx: Tx, namespace: Sequence[str], key: str, value: Mapping[str, Any], expires_at: datetime | None) -> None:
    """Keep a value, in place of the one that was there.

    Raises:
        Conflict: the user's store is full.
    """
    who = tx.principal
    count = (await tx.session.exec(select(func.count()).select_from(StoreItem).where(*_own(tx)))).one()
    if int(count) >= MOST_ITEMS and await _find(tx, namespace, key) is None:
        raise Conflict(f"the store holds {MOST_ITEMS} items; delete some first", code="store_full")
    row = {
        "tenant_id": tx.tenant_id,
        "id": new_id(),
        "user_id": who.user_id,
        "customer_id": who.customer_id,
        "namespace": list(namespace),
        "key": key,
        "value": dict(value),
        "created_at": tx.now,
        "updated_at": tx.now,
        "expires_at": expires_at,
    }
    fresh = {name: row[name] for name in ("value", "updated_at", "expires_at")}
    statement = insert(StoreItem).values(row)
    await tx.session.execute(statement.on_conflict_do_update(index_elements=["tenant_id", "user_id", "namespace", "key"], set_=fresh))


async def get(tx: ReadTx, namespace: Sequence[str], key: str) -> StoreItem:
    """Return an item of the caller.

    Raises:
        NotFound: there is none, or it has expired.
    """
    row = await _find(tx, namespace, key)
    if row is None:
        raise NotFound("item", key[:60])
    return row


async def remove(tx: Tx, namespace: Sequence[str], key: str) -> None:
    """Delete an item of the caller, if there is one."""
    row = await _find(tx, namespace, key)
    if row is not None:
        await tx.session.delete(row)


async def search(
    tx: ReadTx, prefix: Sequence[str], *, matching: Mapping[str, Any] | None, words: str | None, limit: int, offset: int
) -> list[FoundItem]:
    """Return items beneath a namespace whose value contains `matching`; with `words`, those that name all of them, best first."""
    found: ColumnElement[Any] = literal(None)
    where = [*_own(tx), _alive(tx)]
    if prefix:
        where.append(text("namespace[1:cardinality(CAST(:prefix AS text[]))] = CAST(:prefix AS text[])").bindparams(prefix=list(prefix)))  # type: ignore[arg-type]
    if matching:
        where.append(col(StoreItem.value).contains(dict(matching)))
    if words:
        document, query = func.to_tsvector("simple", StoreItem.value), func.websearch_to_tsquery("simple", words)
        where.append(document.op("@@")(query))
        found = func.ts_rank(document, query)
    order = [found.desc()] if words else []
    statement = select(StoreItem, found).where(*where).order_by(*order, col(StoreItem.updated_at).desc(), col(StoreItem.id))
    rows = (await tx.session.exec(statement.limit(limit).offset(offset))).all()
    return [FoundItem(item, None if score is None else float(score)) for item, score in rows]


async def namespaces(
    tx: ReadTx, *, prefix: Sequence[str], suffix: Sequence[str], depth: int | None, limit: int, offset: int
) -> list[list[str]]:
    """Return the namespaces that hold items of the caller, cut at a depth."""
    values = {
        "tenant": tx.tenant_id,
        "user": tx.principal.user_id,
        "now": tx.now,
        "prefix": list(prefix),
        "suffix": list(suffix),
        "depth": depth or 10,
        "limit": limit,
        "offset": offset,
    }
    return [list(row.namespace) for row in await tx.session.execute(_NAMESPACES, values)]


async def _find(tx: ReadTx, namespace: Sequence[str], key: str) -> StoreItem | None:
    where = [*_own(tx), _alive(tx), col(StoreItem.namespace) == list(namespace), col(StoreItem.key) == key]
    return (await tx.session.exec(select(StoreItem).where(*where))).first()


def _own(tx: ReadTx) -> list[ColumnElement[bool]]:
    return [col(StoreItem.tenant_id) == tx.tenant_id, col(StoreItem.user_id) == tx.principal.user_id]


def _alive(tx: ReadTx) -> ColumnElement[bool]:
    return or_(col(StoreItem.expires_at).is_(None), col(StoreItem.expires_at) > tx.now)
