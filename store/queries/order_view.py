"""Everything about one order in one statement: what people ask for most."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from core.errors import NotFound
from core.statuses import OrderStatus, PaymentStatus, ReturnStatus, ShipmentStatus
from store.queries.order_lines import LINES, LineRow, LineState, states_of
from store.queries.orders import NOTE
from store.unit import ReadTx

_VIEW = f"""
SELECT row_to_json(whole)::text FROM (
  SELECT o.number, o.status, o.payment_status, o.placed_at, o.promised_at, o.delivered_at, o.currency, o.total_minor, o.shipping_minor,
    o.discount_minor, o.ship_to, o.on_hold, o.hold_reason,
    (SELECT c.name FROM customers c WHERE c.tenant_id = o.tenant_id AND c.id = o.customer_id) AS customer,
    (SELECT coalesce(json_agg(line), '[]') FROM ({LINES.format(tenant="o.tenant_id", order="o.id")}) line) AS rows,
    (SELECT coalesce(json_agg(json_build_object('label', p.label, 'captured_minor', p.captured_minor, 'refunded_minor', p.refunded_minor)
                              ORDER BY p.created_at, p.id), '[]')
     FROM payments p WHERE p.tenant_id = o.tenant_id AND p.order_id = o.id) AS payments,
    (SELECT coalesce(json_agg(parcel), '[]') FROM (
       SELECT c.name AS carrier, s.tracking_number, s.status, s.promised_at, s.delivered_at,
              e.text AS last_text, e.place AS last_place, e.at AS last_at
       FROM shipments s JOIN carriers c ON c.tenant_id = s.tenant_id AND c.id = s.carrier_id
       LEFT JOIN LATERAL (SELECT t.text, t.place, t.at FROM tracking_events t WHERE t.tenant_id = s.tenant_id AND t.shipment_id = s.id
                          ORDER BY t.at DESC, t.id DESC LIMIT 1) e ON true
       WHERE s.tenant_id = o.tenant_id AND s.order_id = o.id ORDER BY s.shipped_at DESC NULLS LAST, s.id DESC) parcel) AS parcels,
    (SELECT coalesce(json_agg(back), '[]') FROM (
       SELECT r.number, r.status, r.quoted_minor,
              (SELECT coalesce(json_agg(json_build_object('sku', l.sku, 'title', l.title, 'quantity', i.quantity) ORDER BY l.title), '[]')
               FROM return_lines i JOIN order_lines l ON l.tenant_id = i.tenant_id AND l.id = i.order_line_id
               WHERE i.tenant_id = r.tenant_id AND i.return_id = r.id) AS items
       FROM returns r WHERE r.tenant_id = o.tenant_id AND r.order_id = o.id
       ORDER BY r.requested_at DESC, r.number DESC LIMIT 5) back) AS returns,
    (SELECT coalesce(json_agg(entry ORDER BY entry.at, entry.id), '[]') FROM (
       SELECT e.id, e.at, e.kind, e.text FROM order_events e
       WHERE e.tenant_id = o.tenant_id AND e.order_id = o.id AND e.kind <> %(hidden)s
       ORDER BY e.at DESC, e.id DESC LIMIT 10) entry) AS timeline
  FROM orders o WHERE o.tenant_id = %(tenant)s AND o.number = %(number)s) whole
"""


class PaidBy(BaseModel):
    """A payment of the order."""

    label: str
    captured_minor: int
    refunded_minor: int


class ParcelOnItsWay(BaseModel):
    """A parcel with the newest report of its carrier."""

    carrier: str
    tracking_number: str
    status: ShipmentStatus
    promised_at: datetime | None
    delivered_at: datetime | None
    last_text: str | None
    last_place: str | None
    last_at: datetime | None


class UnitsBack(BaseModel):
    """Units of a line that come back."""

    sku: str
    title: str
    quantity: int


class ReturnOfIt(BaseModel):
    """A return of items of the order."""

    number: str
    status: ReturnStatus
    quoted_minor: int
    items: list[UnitsBack]


class Entry(BaseModel):
    """An entry of the timeline."""

    at: datetime
    kind: str
    text: str


class OrderView(BaseModel):
    """An order with all that belongs to it; at most five returns and ten entries of its timeline, the newest."""

    number: str
    status: OrderStatus
    payment_status: PaymentStatus
    placed_at: datetime
    promised_at: datetime | None
    delivered_at: datetime | None
    currency: str
    total_minor: int
    shipping_minor: int
    discount_minor: int
    ship_to: dict[str, Any]
    on_hold: bool
    hold_reason: str | None
    customer: str
    rows: list[LineRow]
    payments: list[PaidBy]
    parcels: list[ParcelOnItsWay]
    returns: list[ReturnOfIt]
    timeline: list[Entry]

    @property
    def lines(self) -> list[LineState]:
        """The order's lines, by title, with what became of them."""
        return states_of(self.rows, self.delivered_at)


async def view(tx: ReadTx, number: str) -> OrderView:
    """Return an order that the caller may see; colleagues' notes are for staff only.

    Raises:
        NotFound: unknown, or somebody else's.
    """
    rows = await tx.run(_VIEW, {"tenant": tx.tenant_id, "number": number, "hidden": NOTE if tx.principal.is_customer else ""})
    if not rows:
        raise NotFound("order", number)
    return OrderView.model_validate_json(rows[0][0])
