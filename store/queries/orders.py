"""Orders: found by number or by what is known of them, with lines and timeline."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, cast, func
from sqlmodel import col, select

from core.errors import NotFound
from core.statuses import OrderStatus
from store.queries.customer_words import query_of
from store.queries.own import own
from store.tables.catalog import Category, Product, Variant
from store.tables.customers import Customer
from store.tables.orders import Order, OrderEvent, OrderLine
from store.unit import ReadTx, Tx

NOTE = "order.note"
"""An entry of the timeline that colleagues wrote for one another."""
COUNTED = 1_000
"""Matches are counted up to here: who finds more has to narrow the search anyway, and no list needs all orders read."""


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """What is known of the orders that are looked for; every part narrows."""

    status: OrderStatus | None = None
    item_words: tuple[str, ...] = ()
    """Each must occur in one line's title, category or SKU."""
    customer: str | None = None
    """An e-mail address, or part of a name."""
    customer_id: UUID | None = None
    on_hold: bool | None = None
    placed_after: datetime | None = None
    placed_before: datetime | None = None
    external_id: str | None = None
    """The channel's own number."""
    channel: str | None = None
    tag: str | None = None
    at_least_minor: int | None = None
    at_most_minor: int | None = None


class OrderOfCustomer(NamedTuple):
    """An order with who placed it."""

    order: Order
    customer: str
    email: str


async def by_number(tx: ReadTx, number: str, *, lock: bool = False) -> Order:
    """Return an order that the caller may see, locked when `lock`: first in the lock order of order, payment, stock, return.

    Raises:
        NotFound: unknown, or somebody else's.
    """
    query = select(Order).where(col(Order.tenant_id) == tx.tenant_id, col(Order.number) == number)
    row = (await tx.session.exec(query.with_for_update().execution_options(populate_existing=True) if lock else query)).first()
    if row is None:
        raise NotFound("order", number)
    return row


async def by_id(tx: ReadTx, order_id: UUID, *, lock: bool = False) -> Order:
    """Return the order of a row that points to it, locked when `lock`."""
    query = select(Order).where(col(Order.tenant_id) == tx.tenant_id, col(Order.id) == order_id)
    return (await tx.session.exec(query.with_for_update().execution_options(populate_existing=True) if lock else query)).one()


async def find(tx: ReadTx, wanted: OrderFilter, limit: int) -> tuple[int, list[OrderOfCustomer]]:
    """Return how many orders match, counted up to `COUNTED`, and the newest `limit` of them."""
    conditions = _conditions(tx, wanted)
    some = select(Order.id).where(*conditions).limit(COUNTED).subquery()
    total = (await tx.session.exec(select(func.count()).select_from(some))).one()
    if total == 0:
        return 0, []
    same_customer = and_(col(Customer.tenant_id) == col(Order.tenant_id), col(Customer.id) == col(Order.customer_id))
    newest = select(Order.id).where(*conditions).order_by(col(Order.placed_at).desc(), col(Order.number).desc()).limit(limit)
    query = (
        select(Order, col(Customer.name), col(Customer.email))
        .join(Customer, same_customer)
        .where(col(Order.tenant_id) == tx.tenant_id, col(Order.id).in_((await tx.session.exec(newest)).all()))
        .order_by(col(Order.placed_at).desc(), col(Order.number).desc())
    )
    return total, [OrderOfCustomer(*row) for row in (await tx.session.exec(query)).all()]


async def numbers(tx: ReadTx, customer_id: UUID, statuses: Sequence[OrderStatus], *, besides: UUID, limit: int = 3) -> list[str]:
    """Return the newest orders of a customer in any of `statuses`, without one of them."""
    query = select(Order.number).where(
        col(Order.tenant_id) == tx.tenant_id,
        col(Order.customer_id) == customer_id,
        col(Order.status).in_(statuses),
        col(Order.id) != besides,
    )
    return list((await tx.session.exec(query.order_by(col(Order.placed_at).desc()).limit(limit))).all())


async def customer_of(tx: ReadTx, order: Order) -> Customer:
    """Return who placed an order."""
    query = select(Customer).where(col(Customer.tenant_id) == tx.tenant_id, col(Customer.id) == order.customer_id)
    return (await tx.session.exec(query)).one()


async def lines_of(tx: ReadTx, order_ids: Sequence[UUID]) -> dict[UUID, list[OrderLine]]:
    """Return the lines of several orders by order."""
    query = (
        select(OrderLine)
        .where(col(OrderLine.tenant_id) == tx.tenant_id, col(OrderLine.order_id).in_(order_ids))
        .order_by(col(OrderLine.title), col(OrderLine.id))
    )
    grouped: dict[UUID, list[OrderLine]] = defaultdict(list)
    for line in await tx.session.exec(query):
        grouped[line.order_id].append(line)
    return grouped


async def line(tx: Tx, line_id: UUID) -> OrderLine:
    """Return a line of an order that is locked."""
    query = select(OrderLine).where(col(OrderLine.tenant_id) == tx.tenant_id, col(OrderLine.id) == line_id)
    return (await tx.session.exec(query.execution_options(populate_existing=True))).one()


async def timeline(tx: ReadTx, order_id: UUID, limit: int = 10) -> Sequence[OrderEvent]:
    """Return the last `limit` entries of an order's timeline, oldest first; colleagues' notes are for staff only."""
    query = (
        select(OrderEvent)
        .where(col(OrderEvent.tenant_id) == tx.tenant_id, col(OrderEvent.order_id) == order_id)
        .where(col(OrderEvent.kind) != (NOTE if tx.principal.is_customer else ""))
        .order_by(col(OrderEvent.at).desc(), col(OrderEvent.id).desc())
        .limit(limit)
    )
    return list(reversed((await tx.session.exec(query)).all()))


def note(tx: Tx, order: Order, kind: str, text: str) -> None:
    """Add an entry to an order's timeline in the name of the transaction's principal."""
    actor = tx.principal.name or tx.principal.role.value
    tx.add(OrderEvent(tenant_id=tx.tenant_id, order_id=order.id, kind=kind, text=text[:300], actor=actor[:120], at=tx.now))


def like(text: str) -> str:
    """Return a pattern for ILIKE that finds `text` anywhere, with its wildcards taken literally."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _conditions(tx: ReadTx, wanted: OrderFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [col(Order.tenant_id) == tx.tenant_id, *own(tx, col(Order.customer_id))]
    if wanted.status is not None:
        found.append(col(Order.status) == wanted.status)
    if wanted.customer_id is not None:
        found.append(col(Order.customer_id) == wanted.customer_id)
    if wanted.on_hold is not None:
        found.append(col(Order.on_hold) == wanted.on_hold)
    if wanted.placed_after is not None:
        found.append(col(Order.placed_at) >= wanted.placed_after)
    if wanted.placed_before is not None:
        found.append(col(Order.placed_at) < wanted.placed_before)
    if wanted.external_id is not None:
        found.append(col(Order.external_id) == wanted.external_id)
    if wanted.channel is not None:
        found.append(col(Order.channel) == wanted.channel)
    if wanted.tag is not None:
        found.append(col(Order.tags).op("@>")(func.jsonb_build_array(wanted.tag)))
    if wanted.at_least_minor is not None:
        found.append(col(Order.total_minor) >= wanted.at_least_minor)
    if wanted.at_most_minor is not None:
        found.append(col(Order.total_minor) <= wanted.at_most_minor)
    if wanted.customer is not None:
        meant = func.customers_with_words(query_of(wanted.customer), None).table_valued("id")
        found.append(col(Order.customer_id).in_(select(meant.c.id)))
    if wanted.item_words:
        searched = func.concat_ws(" ", Product.name, Product.brand, Variant.sku, Category.slug, cast(Variant.options, Text))
        of_product = and_(col(Product.tenant_id) == col(Variant.tenant_id), col(Product.id) == col(Variant.product_id))
        of_category = and_(col(Category.tenant_id) == col(Product.tenant_id), col(Category.id) == col(Product.category_id))
        meant = (
            select(Variant.id)
            .join(Product, of_product)
            .join(Category, of_category)
            .where(col(Variant.tenant_id) == tx.tenant_id, *(searched.ilike(like(word)) for word in wanted.item_words))
        )
        same_order = (col(OrderLine.tenant_id) == col(Order.tenant_id), col(OrderLine.order_id) == col(Order.id))
        found.append(select(1).where(*same_order, col(OrderLine.variant_id).in_(meant)).exists())
    return found
