"""Rows of an order itself: the order, its lines, its timeline, the stock that it holds or took."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

from core.money import Money
from core.statuses import FulfilmentStatus, OrderStatus, ReservationStatus
from store.seed import fraud, payments
from store.seed.draft import Draft
from store.seed.model import Row

StockKey = tuple[UUID, str]
"""A variant and the code of a warehouse."""


class StockBook:
    """What the orders hold and moved, so that stock levels can be written to match."""

    def __init__(self) -> None:
        self.reserved: Counter[StockKey] = Counter()
        self.moved: Counter[StockKey] = Counter()


def order(draft: Draft) -> Row:
    """Return the order's row."""
    plan, times, score = draft.plan, draft.plan.times, fraud.score(draft)
    return draft.shop.row(
        "orders",
        draft.number,
        number=str(draft.number),
        customer_id=plan.buyer.id,
        channel=plan.channel,
        external_id=_external_id(draft),
        status=draft.status.value,
        payment_status=payments.status(draft).value,
        fulfilment_status=_fulfilment(draft).value,
        on_hold=plan.hold,
        hold_reason=f"Fraud review: score {score}" if plan.hold else None,
        currency=draft.shop.profile.currency,
        subtotal_minor=draft.subtotal,
        shipping_minor=draft.shipping,
        discount_minor=draft.discount,
        total_minor=draft.total,
        ship_to=ship_to(draft),
        bill_to=plan.buyer.home,
        tags=plan.tags,
        cancel_reason=plan.cancel_reason.value if draft.cancelled and plan.cancel_reason else None,
        placed_at=times.placed,
        promised_at=times.promised,
        shipped_at=times.shipped if draft.shipped else None,
        delivered_at=times.arrives if draft.delivered else None,
        cancelled_at=times.cancelled if draft.cancelled else None,
        parent_order_id=None,
    )


def ship_to(draft: Draft) -> dict[str, Any]:
    """Return the address that the parcel goes to."""
    return (draft.plan.buyer.other if draft.plan.elsewhere else None) or draft.plan.buyer.home


def lines(draft: Draft) -> Iterator[Row]:
    """Yield the order's lines."""
    for position, (good, quantity) in enumerate(draft.plan.lines):
        yield draft.shop.row(
            "order_lines",
            f"{draft.number}-{position}",
            order_id=draft.order_id,
            variant_id=good.id,
            sku=good.sku,
            title=good.title,
            category=good.category,
            quantity=quantity,
            shipped=quantity if draft.shipped else 0,
            unit_price_minor=good.price,
            unit_cost_minor=good.cost,
        )


def reservations(draft: Draft, book: StockBook) -> Iterator[Row]:
    """Yield what the lines reserve: active until they ship, fulfilled afterwards, released by a cancellation."""
    plan = draft.plan
    status = ReservationStatus.ACTIVE
    if draft.cancelled:
        status = ReservationStatus.RELEASED
    elif draft.shipped:
        status = ReservationStatus.FULFILLED
    for position, (good, quantity) in enumerate(plan.lines):
        if status is ReservationStatus.ACTIVE:
            book.reserved[good.id, plan.depot.code] += quantity
        yield draft.shop.row(
            "reservations",
            f"{draft.number}-{position}",
            order_line_id=draft.line_id(position),
            variant_id=good.id,
            warehouse_id=draft.warehouse_id,
            quantity=quantity,
            status=status.value,
            created_at=plan.times.placed,
            expires_at=None,
        )


def movements(draft: Draft, book: StockBook) -> Iterator[Row]:
    """Yield how shipping lowered on_hand."""
    for position, (good, quantity) in enumerate(draft.plan.lines if draft.shipped else ()):
        book.moved[good.id, draft.plan.depot.code] -= quantity
        yield draft.shop.row(
            "stock_movements",
            f"{draft.number}-{position}",
            variant_id=good.id,
            warehouse_id=draft.warehouse_id,
            delta=-quantity,
            reason="shipped",
            reference=str(draft.number),
            created_at=draft.plan.times.shipped,
        )


def events(draft: Draft) -> Iterator[Row]:
    """Yield the order's timeline up to now, oldest first."""
    plan, times = draft.plan, draft.plan.times
    total = Money(minor=draft.total, currency=draft.shop.profile.currency)
    reason = plan.cancel_reason.value.replace("_", " ") if plan.cancel_reason else ""
    told = [
        ("order.placed", f"Order placed for {total}", plan.buyer.name, times.placed),
        ("order.confirmed", "Order confirmed", "system", times.confirmed),
        ("order.processing", f"Being prepared at {plan.depot.name}", "system", times.processing),
        ("order.shipped", f"Handed to {plan.courier.name}", "system", times.shipped),
        ("shipment.delivered", f"Delivered by {plan.courier.name}", plan.courier.name, times.arrives if draft.delivered else None),
        ("order.cancelled", f"Cancelled: {reason}", "system", times.cancelled),
        *payments.events(draft),
    ]
    if plan.hold:
        told.append(
            ("order.held", f"Put on hold for a fraud review, score {fraud.score(draft)}", "system", times.placed + timedelta(minutes=3))
        )
    happened = [entry for entry in told if draft.happened(entry[3])]
    for position, (kind, text, actor, at) in enumerate(sorted(happened, key=lambda entry: entry[3] or times.placed)):
        yield draft.shop.row(
            "order_events", f"{draft.number}-{position}", order_id=draft.order_id, kind=kind, text=text, actor=actor, at=at
        )


def _external_id(draft: Draft) -> str:
    formats = {
        "amazon": f"402-{draft.number:07d}-{draft.number * 37 % 9_999_991:07d}",
        "ebay": f"11-{draft.number:05d}-54021",
        "shopify": f"#SH{draft.number}",
    }
    return formats.get(draft.plan.channel, str(draft.number))


def _fulfilment(draft: Draft) -> FulfilmentStatus:
    if draft.status is OrderStatus.RETURNED:
        return FulfilmentStatus.RETURNED
    return FulfilmentStatus.FULFILLED if draft.shipped else FulfilmentStatus.UNFULFILLED
