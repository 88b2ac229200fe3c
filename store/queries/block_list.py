"""The block list: entries are compared by `block_key`, so that spelling makes no difference."""

from sqlalchemy import func, text
from sqlmodel import col, select

from core.statuses import BlockKind
from store.queries.orders import like
from store.tables.fraud import BlockEntry
from store.tables.orders import Order
from store.unit import ReadTx, Tx

_SAME = text("kind = :kind AND block_key(kind, value) = block_key(:kind, :value)")
_OF_ORDER = text(
    """
    SELECT c.email,
      (SELECT max(g.ip) FROM order_origins g WHERE g.tenant_id = :tenant AND g.order_id = :order) AS ip,
      coalesce(
        (SELECT max(m.reference) FROM payments p
           JOIN payment_methods m ON m.tenant_id = p.tenant_id AND m.id = p.payment_method_id AND m.kind = 'card'
           WHERE p.tenant_id = :tenant AND p.order_id = :order),
        (SELECT max(g.card) FROM order_origins g WHERE g.tenant_id = :tenant AND g.order_id = :order)
      ) AS card
    FROM customers c WHERE c.tenant_id = :tenant AND c.id = :customer
    """
)


async def find(tx: ReadTx, *, kind: BlockKind | None, words: str, expired: bool, limit: int) -> tuple[int, list[BlockEntry]]:
    """Return how many entries match and the newest of them; those that have expired only when asked for."""
    where = [col(BlockEntry.tenant_id) == tx.tenant_id]
    if kind is not None:
        where.append(col(BlockEntry.kind) == kind)
    if words:
        where.append(col(BlockEntry.value).ilike(like(words)) | col(BlockEntry.reason).ilike(like(words)))
    if not expired:
        where.append(col(BlockEntry.expires_at).is_(None) | (col(BlockEntry.expires_at) > tx.now))
    total = (await tx.session.exec(select(func.count()).select_from(BlockEntry).where(*where))).one()
    query = select(BlockEntry).where(*where).order_by(col(BlockEntry.created_at).desc(), col(BlockEntry.id).desc()).limit(limit)
    return int(total), list((await tx.session.exec(query)).all())


async def entry(tx: ReadTx, kind: BlockKind, value: str) -> BlockEntry | None:
    """Return the entry of a value however it is written, locked; it may have expired."""
    same = _SAME.bindparams(kind=kind.value, value=value)
    query = select(BlockEntry).where(col(BlockEntry.tenant_id) == tx.tenant_id, same).with_for_update()
    return (await tx.session.exec(query)).first()


async def put(tx: Tx, row: BlockEntry, expired: BlockEntry | None) -> None:
    """Store an entry in the place of an expired one."""
    if expired is not None:
        await tx.session.delete(expired)
        await tx.session.flush()
    tx.add(row)
    await tx.session.flush()


async def remove(tx: Tx, row: BlockEntry) -> None:
    """Take an entry off the list."""
    await tx.session.delete(row)


async def of_order(tx: ReadTx, order: Order) -> dict[BlockKind, str]:
    """Return what an order offers to be blocked by: e-mail, card and IP, as far as they are known."""
    values = {"tenant": tx.tenant_id, "order": order.id, "customer": order.customer_id}
    row = (await tx.session.execute(_OF_ORDER, values)).one()
    known = {BlockKind.EMAIL: row.email, BlockKind.IP: row.ip, BlockKind.CARD: row.card}
    return {kind: value for kind, value in known.items() if value}
