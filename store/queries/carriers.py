"""Carriers: what they offer for a parcel, and how punctual they are."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select

from core.errors import InvalidInput
from core.fulfilment import RateZone
from store.queries.figures import period
from store.tables.shipping import Carrier
from store.unit import ReadTx

_OFFERS = text(
    """
    SELECT c.id, c.code, c.name, c.on_time_bp, c.rating, s.code AS service, r.price_minor, r.transit_days
    FROM carriers c JOIN carrier_services s ON s.tenant_id = c.tenant_id AND s.carrier_id = c.id AND s.active
    JOIN LATERAL (
      SELECT price_minor, transit_days FROM carrier_rates r
      WHERE r.tenant_id = s.tenant_id AND r.service_id = s.id AND r.zone = :zone AND r.currency = :currency AND r.up_to_grams >= :grams
      ORDER BY r.up_to_grams LIMIT 1) r ON true
    WHERE c.tenant_id = :tenant
    UNION ALL
    SELECT c.id, c.code, c.name, c.on_time_bp, c.rating, 'standard', c.price_minor, c.transit_days
    FROM carriers c JOIN tenants t ON t.id = c.tenant_id AND t.currency = :currency
    WHERE c.tenant_id = :tenant
      AND NOT EXISTS (SELECT 1 FROM carrier_services s WHERE s.tenant_id = c.tenant_id AND s.carrier_id = c.id)
    ORDER BY 2, 6
    """
)
"""A carrier without services of its own is offered at its base price."""
_RECORDS = text(
    """
    SELECT c.id, c.code, c.name, c.on_time_bp, coalesce(seen.parcels, 0), coalesce(seen.on_time, 0), coalesce(seen.late_days, 0),
           coalesce(seen.overdue, 0),
           (SELECT count(*) FROM carrier_incidents i
            WHERE i.tenant_id = c.tenant_id AND i.carrier_id = c.id AND i.created_at >= :since)::int AS incidents,
           (SELECT count(*) FROM carrier_claims k
            WHERE k.tenant_id = c.tenant_id AND k.carrier_id = c.id AND k.status = 'open')::int AS open_claims
    FROM carriers c LEFT JOIN (
      SELECT carrier_id, sum(parcels)::int AS parcels, sum(on_time)::int AS on_time, sum(overdue)::int AS overdue,
             (sum(late_seconds) / 86400.0)::float AS late_days
      FROM (
        SELECT carrier_id, parcels, on_time, 0 AS overdue, late_seconds FROM arrival_days
        WHERE tenant_id = :tenant AND arrived > utc_day(:since)
        UNION ALL
        SELECT s.carrier_id, 1, (s.delivered_at <= s.promised_at)::int, 0, seconds_late(s.promised_at, s.delivered_at)
        FROM carriers d JOIN shipments s ON s.tenant_id = :tenant AND s.carrier_id = d.id
          AND s.delivered_at >= :since AND s.delivered_at < cast(:first_day_ends AS timestamptz)
        WHERE d.tenant_id = :tenant AND s.promised_at IS NOT NULL AND s.status NOT IN ('pending', 'cancelled', 'returned')
        UNION ALL
        SELECT carrier_id, 1, 0, 1, seconds_late(promised_at, :now) FROM shipments
        WHERE tenant_id = :tenant AND delivered_at IS NULL AND promised_at >= :since AND promised_at < :now
          AND status NOT IN ('pending', 'cancelled', 'returned')
      ) parts GROUP BY carrier_id
    ) seen ON seen.carrier_id = c.id
    WHERE c.tenant_id = :tenant AND (cast(:carrier AS uuid) IS NULL OR c.id = :carrier) ORDER BY c.code
    """
)
"""A parcel that is overdue counts as late before it arrives. The first day is counted; the others come from the figures."""


class RateOffer(NamedTuple):
    """What a carrier asks for a parcel."""

    carrier_id: UUID
    code: str
    name: str
    on_time_bp: int
    rating: float
    service: str
    price_minor: int
    transit_days: int


class Record(NamedTuple):
    """How a carrier did with the parcels that arrived, or should have arrived, since an instant."""

    carrier_id: UUID
    code: str
    name: str
    stated_bp: int
    parcels: int
    on_time: int
    late_days: float
    overdue: int
    incidents: int
    open_claims: int

    @property
    def on_time_bp(self) -> int:
        """The measured share of parcels on time, in basis points."""
        return self.on_time * 10_000 // self.parcels if self.parcels else 0


async def offers(tx: ReadTx, zone: RateZone, grams: int, currency: str) -> list[RateOffer]:
    """Return what the carriers ask for a parcel of a weight, by carrier and service."""
    values = {"tenant": tx.tenant_id, "zone": zone.value, "grams": grams, "currency": currency}
    return [RateOffer(*row) for row in await tx.connection.execute(_OFFERS, values)]


async def records(tx: ReadTx, since: datetime, carrier_id: UUID | None = None) -> list[Record]:
    """Return how the carriers, or one of them, did since an instant, by code."""
    ends = period(since, tx.now)["first_day_ends"]
    values = {"tenant": tx.tenant_id, "since": since, "now": tx.now, "carrier": carrier_id, "first_day_ends": ends}
    return [Record(*row) for row in await tx.connection.execute(_RECORDS, values)]


async def by_ref(tx: ReadTx, ref: str) -> Carrier:
    """Return the carrier of a code or a name.

    Raises:
        InvalidInput: there is none; the message lists them.
    """
    rows = (await tx.session.exec(select(Carrier).where(col(Carrier.tenant_id) == tx.tenant_id).order_by(col(Carrier.code)))).all()
    wanted = _plain(ref)
    for row in rows:
        if wanted in {_plain(row.code), _plain(row.name)}:
            return row
    known = ", ".join(row.name for row in rows)
    raise InvalidInput(f"there is no carrier “{ref}”; there are: {known}", field="carrier", code="unknown_carrier")


async def by_id(tx: ReadTx, carrier_id: UUID) -> Carrier:
    """Return the carrier of a shipment."""
    return (await tx.session.exec(select(Carrier).where(col(Carrier.tenant_id) == tx.tenant_id, col(Carrier.id) == carrier_id))).one()


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
