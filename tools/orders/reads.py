"""Find orders and show one."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from pydantic import Field

from core.identity import Permission, RunContext
from core.money import Money
from core.statuses import OrderStatus
from store.queries import order_view, orders, shipments, tenants
from store.queries.order_view import Entry, ParcelOnItsWay
from store.queries.shipments import Parcel
from store.tables.orders import OrderLine
from store.unit import ReadTx
from tools.addresses import one_line
from tools.arguments import Amount, ChannelCode, CustomerRef, Days, ItemRef, Limit, OrderNumber, Tag
from tools.items import meaning
from tools.orders.module import module
from tools.orders.next_steps import next_steps
from tools.orders.results import (
    Happened,
    ItemSold,
    OrderFound,
    OrderItem,
    OrdersFound,
    OrderShown,
    ParcelSeen,
    PaymentMade,
    ReturnOpened,
    Tracking,
)
from tools.payments.amounts import refundable_of
from tools.result import Quote
from tools.spec import Args, Effect

_CHECKED = "it is being checked"
_INTERNAL = frozenset({"order.held", "order.released"})
"""Entries whose text is written for colleagues."""


class FindOrders(Args):
    """What is known of the orders; every part narrows."""

    status: OrderStatus | None = None
    """Only orders in this state."""
    item: ItemRef | None = None
    """Only orders with such an item."""
    customer: CustomerRef | None = None
    """Only this customer's orders (for staff)."""
    on_hold: Annotated[bool | None, Field(description="Only orders that are on hold, or only those that are not")] = None
    days: Days | None = None
    """Only orders placed in the last so many days."""
    since: Annotated[date | None, Field(description="Only orders placed on or after this date, such as 2026-03-01")] = None
    until: Annotated[date | None, Field(description="Only orders placed on or before this date")] = None
    external_number: Annotated[str | None, Field(min_length=1, max_length=60, description="The channel's own number of the order")] = None
    channel: ChannelCode | None = None
    """Only orders of this sales channel."""
    tag: Tag | None = None
    """Only orders with this tag."""
    at_least: Amount | None = None
    """Only orders of at least this total, such as 100.00."""
    at_most: Amount | None = None
    """Only orders of at most this total."""
    limit: Limit = 10


@module.tool(
    effect=Effect.READ,
    permission=Permission.ORDER_READ,
    examples=(
        "show my orders",
        "what did I order last week",
        "list orders on hold",
        "which order had the headset in it",
        "orders from clara.jensen@mail.example",
        "all cancelled orders of the last 30 days",
        "my last order pls",
        "orders still pending",
        "find the order with the rain jacket",
        "what has Bruno Keller bought",
        "orders over 500 euro",
    ),
)
async def find_orders(tx: ReadTx, args: FindOrders, _ctx: RunContext) -> OrdersFound:
    """List orders, newest first, by status, item, customer, hold or age."""
    currency = (await tenants.current(tx)).currency if args.at_least or args.at_most else ""
    wanted = orders.OrderFilter(
        status=args.status,
        item_words=tuple(sorted(meaning(args.item))) if args.item else (),
        customer=args.customer,
        on_hold=args.on_hold,
        placed_after=_latest(tx.now - timedelta(days=args.days) if args.days else None, _begin(args.since)),
        placed_before=_begin(args.until + timedelta(days=1)) if args.until else None,
        external_id=args.external_number,
        channel=args.channel,
        tag=args.tag,
        at_least_minor=_minor(args.at_least, currency),
        at_most_minor=_minor(args.at_most, currency),
    )
    total, found = await orders.find(tx, wanted, args.limit)
    ids = [row.order.id for row in found]
    lines = await orders.lines_of(tx, ids) if ids else {}
    parcels = await shipments.of_orders(tx, ids) if ids else {}
    return OrdersFound(
        total=total,
        orders=[
            OrderFound(
                order=row.order.number,
                status=row.order.status,
                payment_status=row.order.payment_status,
                placed_at=row.order.placed_at,
                total=Money(minor=row.order.total_minor, currency=row.order.currency),
                items=[_sold(line) for line in lines.get(row.order.id, [])],
                customer=None if tx.principal.is_customer else row.customer,
                on_hold=row.order.on_hold,
                tracking=_tracking(parcels.get(row.order.id, [])),
            )
            for row in found
        ],
    )


def _begin(day: date | None) -> datetime | None:
    return datetime.combine(day, time.min, UTC) if day else None


def _latest(*instants: datetime | None) -> datetime | None:
    return max((each for each in instants if each is not None), default=None)


def _minor(amount: str | None, currency: str) -> int | None:
    return Money.parse(amount, currency).minor if amount else None


class GetOrder(Args):
    """Which order to show."""

    order: OrderNumber


@module.tool(
    effect=Effect.READ,
    permission=Permission.ORDER_READ,
    examples=(
        "show order 1042",
        "what's going on with #1042",
        "order 1042",
        "details of order 1017 please",
        "why is order 1042 on hold",
        "what did I pay for order 1042",
        "what's in 1042?",
        "can I still cancel or return order 1042",
        "status of order 1042",
        "what happened with my order 1017",
    ),
)
async def get_order(tx: ReadTx, args: GetOrder, _ctx: RunContext) -> OrderShown:
    """Show one order: state, items, payments, parcels, returns, timeline, and what can be done with it now."""
    order = await order_view.view(tx, args.order)
    lines = order.lines

    def money(minor: int) -> Money:
        return Money(minor=minor, currency=order.currency)

    return OrderShown(
        order=order.number,
        status=order.status,
        payment_status=order.payment_status,
        placed_at=order.placed_at,
        promised_at=order.promised_at,
        total=money(order.total_minor),
        shipping=money(order.shipping_minor),
        discount=money(order.discount_minor),
        customer=None if tx.principal.is_customer else order.customer,
        ship_to=Quote.customer(one_line(order.ship_to)),
        on_hold=order.on_hold,
        hold_reason=_hold_reason(tx, order.hold_reason),
        items=[
            OrderItem(
                sku=line.sku,
                title=line.title,
                quantity=line.quantity,
                unit_price=money(line.unit_price_minor),
                delivered=line.delivered,
                returning=line.returning,
            )
            for line in lines
        ],
        payments=[
            PaymentMade(method=paid.label, captured=money(paid.captured_minor), refunded=money(paid.refunded_minor))
            for paid in order.payments
        ],
        shipments=[_seen(parcel) for parcel in order.parcels],
        returns=[
            ReturnOpened(
                return_number=back.number,
                status=back.status,
                items=[ItemSold(title=item.title, sku=item.sku, quantity=item.quantity) for item in back.items],
                refund=money(back.quoted_minor),
            )
            for back in order.returns
        ],
        timeline=[_happened(tx, event) for event in order.timeline],
        can=next_steps(order.status, lines, refundable_of(order.payments, order.currency), tx.principal),
    )


def _hold_reason(tx: ReadTx, reason: str | None) -> str | None:
    """Tell staff why an order is held; a customer learns that it is being checked, not by which rule."""
    return _CHECKED if reason and tx.principal.is_customer else reason


def _happened(tx: ReadTx, event: Entry) -> Happened:
    secret = tx.principal.is_customer and event.kind in _INTERNAL
    return Happened(at=event.at, kind=event.kind, what=Quote.external(_CHECKED if secret else event.text))


def _sold(line: OrderLine) -> ItemSold:
    return ItemSold(title=line.title, sku=line.sku, quantity=line.quantity)


def _tracking(parcels: list[Parcel]) -> Tracking | None:
    if not parcels:
        return None
    shipment, carrier = parcels[0]
    return Tracking(carrier=carrier, tracking_number=shipment.tracking_number, status=shipment.status, promised_at=shipment.promised_at)


def _seen(parcel: ParcelOnItsWay) -> ParcelSeen:
    return ParcelSeen(
        carrier=parcel.carrier,
        tracking_number=parcel.tracking_number,
        status=parcel.status,
        promised_at=parcel.promised_at,
        delivered_at=parcel.delivered_at,
        last_event=Quote.external(f"{parcel.last_text} ({parcel.last_place})") if parcel.last_text else None,
        last_event_at=parcel.last_at,
    )
