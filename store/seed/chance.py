"""Ordinary orders: drawn one by one from the order's own stream of chance."""

from datetime import datetime, timedelta
from random import Random
from typing import TypeVar

from core.statuses import CancelReason, ReturnReason, ReturnStatus, ReturnType
from store.seed.catalogue import Catalogue, Good
from store.seed.data.messages import RETURN_NOTES
from store.seed.data.shops import CARRIERS, WAREHOUSES, Courier, Depot
from store.seed.model import Shop
from store.seed.people import People
from store.seed.plan import RETURN_STEPS, Comeback, Plan, Signal, Times

T = TypeVar("T")

FAULTS = frozenset({ReturnReason.DEFECTIVE, ReturnReason.WRONG_ITEM, ReturnReason.NOT_AS_DESCRIBED, ReturnReason.DAMAGED_IN_SHIPPING})
"""Reasons that are the seller's fault."""
_REASONS = (
    (ReturnReason.SIZE_FIT, 30),
    (ReturnReason.CHANGED_MIND, 22),
    (ReturnReason.DEFECTIVE, 14),
    (ReturnReason.NOT_AS_DESCRIBED, 9),
    (ReturnReason.DAMAGED_IN_SHIPPING, 7),
    (ReturnReason.QUALITY, 7),
    (ReturnReason.WRONG_ITEM, 5),
    (ReturnReason.LATE_DELIVERY, 4),
    (ReturnReason.BETTER_PRICE, 2),
)
_CANCELS = (
    (CancelReason.CUSTOMER_REQUEST, 30),
    (CancelReason.NO_LONGER_NEEDED, 20),
    (CancelReason.ORDERED_BY_MISTAKE, 18),
    (CancelReason.DUPLICATE_ORDER, 9),
    (CancelReason.OUT_OF_STOCK, 8),
    (CancelReason.ADDRESS_ISSUE, 6),
    (CancelReason.FRAUD_DETECTED, 5),
    (CancelReason.PRICING_ERROR, 2),
    (CancelReason.OTHER, 2),
)
_CARDS = ("Visa ending 4242", "Visa ending 1881", "Mastercard ending 5100", "Mastercard ending 0044", "Amex ending 3005")
_SETTLED = ((ReturnStatus.COMPLETED, 70), (ReturnStatus.REFUNDED, 8), (ReturnStatus.REJECTED, 12), (ReturnStatus.CANCELLED, 10))


def courier(rng: Random) -> Courier:
    """Return a carrier, by its share of parcels."""
    return rng.choices(CARRIERS, [each.share for each in CARRIERS])[0]


def depot(rng: Random) -> Depot:
    """Return a warehouse, by its share of orders."""
    return rng.choices(WAREHOUSES, [each.share for each in WAREHOUSES])[0]


def ordinary(shop: Shop, people: People, catalogue: Catalogue, position: int) -> Plan:
    """Return the plan of the order at `position`: placed in its slot of the shop's days, everything else drawn."""
    rng = shop.rng(f"order:{position}")
    placed = shop.now - timedelta(days=shop.size.days) * (1 - (position + rng.uniform(0.05, 0.95)) / shop.orders)
    carrier, fate = courier(rng), rng.random()
    unpaid = fate < 0.02
    times, cancel_reason = _times(rng, placed, carrier), None
    if unpaid:
        cancel_reason = CancelReason.PAYMENT_FAILED
        times = Times(placed, promised=times.promised, cancelled=placed + timedelta(hours=20))
    elif fate < 0.08 and times.shipped:
        cancel_reason = _weighted(rng, _CANCELS)
        times = Times(
            placed,
            times.confirmed,
            times.processing,
            promised=times.promised,
            cancelled=rng.uniform(0.1, 0.95) * (times.shipped - placed) + placed,
        )
    method = _weighted(rng, (("card", 70), ("paypal", 24), ("gift_card", 6)))
    lines = _lines(rng, catalogue)
    fraud = cancel_reason is CancelReason.FRAUD_DETECTED
    return Plan(
        buyer=(buyer := people.somebody(rng, placed)),
        lines=lines,
        times=times,
        courier=carrier,
        depot=depot(rng),
        method=method,
        label=rng.choice(_CARDS) if method == "card" else {"paypal": "PayPal account", "gift_card": "Gift card ending 8831"}[method],
        channel=_weighted(rng, (("web", 66), ("amazon", 15), ("shopify", 11), ("ebay", 8))),
        discount_pct=rng.choice((5, 10)) if rng.random() < 0.12 else 0,
        declines=3 if rng.random() < 0.015 else int(rng.random() < 0.05),
        unpaid=unpaid,
        elsewhere=buyer.other is not None and rng.random() < 0.25,
        cancel_reason=cancel_reason,
        signals=(Signal("block_list", 100, "Delivery address is on the block list"),) if fraud else (),
        comeback=_comeback(shop, rng, catalogue, lines, times) if rng.random() < 0.06 else None,
        tags=["gift"] if rng.random() < 0.04 else [],
    )


def _times(rng: Random, placed: datetime, carrier: Courier) -> Times:
    """Most orders are confirmed in minutes, some wait for the bank; the carrier is late as often as its rate says."""
    confirmed = placed + timedelta(hours=rng.uniform(2, 18) if rng.random() < 0.15 else rng.uniform(0.05, 0.7))
    processing = confirmed + timedelta(hours=rng.uniform(1, 14))
    shipped = processing + timedelta(hours=rng.uniform(3, 22))
    promised = (shipped + timedelta(days=carrier.transit_days + 1)).replace(hour=18, minute=0, second=0, microsecond=0)
    on_time = rng.random() * 10_000 < carrier.on_time_bp
    arrives = shipped + (promised - shipped) * rng.uniform(0.55, 0.97) if on_time else promised + timedelta(hours=rng.uniform(10, 60))
    return Times(placed, confirmed, processing, shipped, promised, arrives)


def _lines(rng: Random, catalogue: Catalogue) -> tuple[tuple[Good, int], ...]:
    chosen: dict[str, tuple[Good, int]] = {}
    for _ in range(rng.choices((1, 2, 3, 4), (55, 28, 12, 5))[0]):
        good = catalogue.pick(rng)
        chosen[good.sku] = (good, rng.choices((1, 2, 3), (86, 11, 3))[0])
    return tuple(chosen.values())


def _comeback(shop: Shop, rng: Random, catalogue: Catalogue, lines: tuple[tuple[Good, int], ...], times: Times) -> Comeback | None:
    """Return a settled return, if the order arrived long enough ago for it to be settled."""
    good = lines[0][0]
    if times.arrives is None:
        return None
    requested = times.arrives + timedelta(days=rng.uniform(0.5, 9))
    if requested + RETURN_STEPS[ReturnStatus.COMPLETED] > shop.now:
        return None
    reason = _weighted(rng, _REASONS)
    if reason is ReturnReason.SIZE_FIT and good.category not in {"clothing", "shoes"}:
        reason = ReturnReason.CHANGED_MIND
    status = _weighted(rng, _SETTLED)
    if status is ReturnStatus.REJECTED:
        reason = ReturnReason.OTHER
    return comeback(rng, catalogue, good, status, reason, requested, whole=rng.random() < 0.6, swap=rng.random() < 0.35)


def comeback(
    rng: Random,
    catalogue: Catalogue,
    good: Good,
    status: ReturnStatus,
    reason: ReturnReason,
    requested: datetime,
    *,
    whole: bool,
    swap: bool,
) -> Comeback:
    """Return a return of `good` whose type and condition suit its reason; `swap` asks for goods instead of money where that makes sense.

    Store credit is given at once: only what a provider pays back can be pending.
    """
    kind = ReturnType.REFUND
    if reason is ReturnReason.SIZE_FIT and swap:
        kind = ReturnType.EXCHANGE
    elif reason in FAULTS and swap:
        kind = ReturnType.REPLACEMENT
    elif reason not in FAULTS and good.category == "furniture" and status is not ReturnStatus.REFUND_PENDING:
        kind = ReturnType.STORE_CREDIT
    exchange = {ReturnType.EXCHANGE: catalogue.sibling(good).id, ReturnType.REPLACEMENT: good.id}.get(kind)
    damaged = {ReturnReason.DEFECTIVE: "defective", ReturnReason.DAMAGED_IN_SHIPPING: "damaged"}
    condition = damaged.get(reason) or rng.choice(("unopened", "unopened", "opened", "used"))
    return Comeback(
        status, reason, kind, requested, whole and exchange is None, rng.choice(RETURN_NOTES[reason.value]), condition, exchange
    )


def _weighted(rng: Random, choices: tuple[tuple[T, int], ...]) -> T:
    return rng.choices([choice for choice, _ in choices], [weight for _, weight in choices])[0]
