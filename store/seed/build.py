"""The demo shop's table of contents: read this first."""

from collections import deque
from collections.abc import Iterator
from datetime import datetime, timedelta

from store.seed import (
    care,
    catalogue,
    channel_traffic,
    channels,
    coupons,
    fraud,
    handling,
    knowledge,
    merchandise,
    orders,
    parcels,
    payments,
    people,
    rates,
    relations,
    returns,
    stock,
    tickets,
    wallets,
)
from store.seed.chance import ordinary
from store.seed.data.shops import BLOCKED, FIRST, SECOND
from store.seed.draft import Draft
from store.seed.model import Batch, Extras, Row, Rows, Shop, Size
from store.seed.specials import FIRST_NUMBER, Specials

_CHUNK = 500
"""Orders that are in memory at a time."""
ORDER_TABLES = (
    "orders", "order_lines", "order_changes", "order_change_lines", "order_events", "reservations", "stock_movements",
    "payment_methods", "balance_movements", "payments", "payment_transactions", "refund_lines",
    "shipments", "shipment_lines", "tracking_events", "pick_lists", "pick_lines", "carrier_incidents", "carrier_claims",
    "fraud_checks", "returns", "return_lines", "defects", "tickets",
    "ticket_messages", "surveys",
)  # fmt: skip


def build(seed: int, size: Size, now: datetime, extras: Extras) -> Iterator[Batch]:
    """Yield the rows of both demo shops, in the order that foreign keys need, without holding all orders in memory.

    The same arguments give the same rows. `now` must carry a time zone; every date is relative to it.
    """
    if now.tzinfo is None:
        raise ValueError("now: must carry a time zone; pass datetime(..., tzinfo=UTC)")
    shops = [Shop(seed, profile, first, now, size, extras) for profile, first in ((FIRST, True), (SECOND, False))]
    for shop in shops:
        yield Batch(shop.tenant_id, "tenants", [_tenant(shop)])
    for shop in shops:
        yield from _fill(shop)


def _fill(shop: Shop) -> Iterator[Batch]:
    crowd, goods = people.People(shop), catalogue.Catalogue(shop)
    yield from people.batches(shop, crowd)
    yield from merchandise.batches(shop, goods)
    yield from stock.places(shop)
    yield from rates.batches(shop)
    yield from knowledge.batches(shop)
    yield Batch(shop.tenant_id, "block_entries", list(_blocked(shop)))
    yield Batch(shop.tenant_id, "coupons", coupons.coupons(shop))
    yield from relations.batches(shop, crowd)
    history = History(shop, crowd, goods)
    yield from history.batches()
    yield from care.inspections(shop, goods.goods, FIRST_NUMBER)
    shelves = stock.shelves(shop, goods, history.book)
    yield Batch(shop.tenant_id, "stock_levels", shelves.levels)
    yield Batch(shop.tenant_id, "stock_movements", shelves.movements)
    purchases = stock.purchases(shop, goods, FIRST_NUMBER)
    yield Batch(shop.tenant_id, "purchase_orders", purchases)
    yield from channels.batches(shop, goods, shelves.available)
    yield from channel_traffic.batches(shop)
    last = {
        "order": FIRST_NUMBER + shop.orders - 1,
        "return": history.last_return,
        "ticket": history.last_ticket,
        "purchase_order": FIRST_NUMBER + len(purchases) - 1,
        **relations.last_numbers(shop),
        "shipment": FIRST_NUMBER + shop.orders - 1,
        "pick_list": history.last_pick,
        "claim": history.last_claim,
        "warranty": history.last_warranty,
        "inspection": FIRST_NUMBER + care.INSPECTIONS - 1,
        "sync_run": channel_traffic.LAST_RUN,
        "correction_rule": channel_traffic.LAST_RULE,
    }
    yield Batch(
        shop.tenant_id, "counters", [{"tenant_id": shop.tenant_id, "series": series, "last": number} for series, number in last.items()]
    )


class History:
    """All orders of a shop with everything that hangs on them, numbered as they come."""

    def __init__(self, shop: Shop, crowd: people.People, goods: catalogue.Catalogue) -> None:
        self._shop, self._people, self._catalogue = shop, crowd, goods
        self.book = orders.StockBook()
        self._wallets = wallets.Wallets(shop, crowd)
        self.last_return = self.last_ticket = self.last_pick = self.last_claim = self.last_warranty = FIRST_NUMBER - 1

    def batches(self) -> Iterator[Batch]:
        """Yield chunks of orders, each with its children, then the live tickets."""
        yield from self._wallets.credits()
        specials = Specials(self._shop, self._people, self._catalogue).plans
        known = {person.id for person in self._people.everyone[: self._people.pinned]}
        recent: deque[Draft] = deque(maxlen=_CHUNK)
        for start in range(0, self._shop.orders, _CHUNK):
            chunk: Rows = {table: [] for table in ORDER_TABLES}
            for position in range(start, min(start + _CHUNK, self._shop.orders)):
                plan = specials.get(position) or ordinary(self._shop, self._people, self._catalogue, position)
                draft = Draft(self._shop, FIRST_NUMBER + position, plan, self.last_return + 1)
                self._add(chunk, draft, quiet=position in specials)
                if plan.buyer.id not in known:
                    recent.append(draft)
            yield from (Batch(self._shop.tenant_id, table, rows) for table, rows in chunk.items() if rows)
        live = list(tickets.live(self._shop, recent, self.last_ticket + 1))
        self.last_ticket += len(live)
        yield Batch(self._shop.tenant_id, "tickets", live)
        names = {person.id: person.name for person in self._people.everyone}
        said = [row for ticket in live for row in care.conversation(self._shop, ticket, names[ticket["customer_id"]])]
        yield Batch(self._shop.tenant_id, "ticket_messages", said)
        claims = care.claims(self._shop, recent, FIRST_NUMBER)
        self.last_warranty = FIRST_NUMBER + len(claims) - 1
        yield Batch(self._shop.tenant_id, "warranty_claims", claims)

    def _add(self, chunk: Rows, draft: Draft, *, quiet: bool) -> None:
        chunk["orders"].append(orders.order(draft))
        chunk["order_lines"].extend(orders.lines(draft))
        chunk["order_events"].extend(orders.events(draft))
        chunk["order_events"].extend(returns.events(draft))
        chunk["reservations"].extend(orders.reservations(draft, self.book))
        chunk["stock_movements"].extend(orders.movements(draft, self.book))
        chunk["stock_movements"].extend(returns.movements(draft, self.book))
        self._wallets.add(chunk, draft)
        if not quiet:
            self._wallets.changes(chunk, draft, self._catalogue)
        chunk["payments"].append(payments.payment(draft))
        chunk["payment_transactions"].extend(payments.transactions(draft))
        chunk["refund_lines"].extend(payments.refund_lines(draft))
        chunk["fraud_checks"].append(fraud.check(draft))
        if draft.shipped:
            chunk["shipments"].append(parcels.shipment(draft))
            chunk["shipment_lines"].extend(parcels.contents(draft))
            chunk["tracking_events"].extend(parcels.tracking(draft))
            chunk["carrier_incidents"].extend(handling.incident(draft))
        for row in handling.claim(draft, self.last_claim + 1):
            self.last_claim += 1
            chunk["carrier_claims"].append(row)
        for row in handling.pick_list(draft, self.last_pick + 1):
            self.last_pick += 1
            chunk["pick_lists"].append(row)
            chunk["pick_lines"].extend(handling.pick_lines(draft, row))
        for row in returns.rma(draft):
            self.last_return += 1
            chunk["returns"].append(row)
            chunk["return_lines"].extend(returns.lines(draft))
            chunk["defects"].extend(returns.defects(draft))
        for row in () if quiet else tickets.settled(draft, self.last_ticket + 1):
            self.last_ticket += 1
            chunk["tickets"].append(row)
            chunk["ticket_messages"].extend(care.conversation(self._shop, row, draft.plan.buyer.name))
        chunk["surveys"].extend(care.survey(draft))


def _tenant(shop: Shop) -> Row:
    began = shop.now - timedelta(days=shop.size.days + 60)
    return {"id": shop.tenant_id, **shop.profile._asdict(), "created_at": began}


def _blocked(shop: Shop) -> Iterator[Row]:
    for kind, value, reason in BLOCKED:
        at = shop.now - timedelta(days=20)
        expires = at + timedelta(days=180) if kind == "ip" else None
        entry = {"kind": kind, "value": value, "reason": reason, "created_by": "Teo Barros"}
        yield shop.row("block_entries", value, **entry, created_at=at, expires_at=expires)
