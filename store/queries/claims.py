"""What went wrong with parcels, and what the carriers owe for it."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select

from core.errors import NotFound
from core.fulfilment import ClaimStatus, IncidentKind
from store.tables.carriers import CarrierChoice, CarrierClaim, CarrierIncident
from store.unit import ReadTx, Tx

_FIND = text(
    """
    WITH newest AS MATERIALIZED (
      SELECT k.*, count(*) OVER ()::int AS total, sum(k.amount_minor) OVER (PARTITION BY k.currency)::bigint AS claimed_minor,
             sum(k.awarded_minor) OVER (PARTITION BY k.currency)::bigint AS paid_minor
      FROM carrier_claims k
      WHERE k.tenant_id = :tenant AND (cast(:status AS text) IS NULL OR k.status = :status)
        AND (cast(:carrier AS uuid) IS NULL OR k.carrier_id = :carrier)
      ORDER BY k.opened_at DESC, k.number DESC LIMIT :limit
    )
    SELECT k.number, k.kind, k.status, k.amount_minor, k.awarded_minor, k.currency, k.opened_at, k.decided_at, k.note,
           s.number AS shipment, s.tracking_number, o.number AS order, c.name AS carrier, k.total, k.claimed_minor, k.paid_minor
    FROM newest k JOIN shipments s ON s.tenant_id = :tenant AND s.id = k.shipment_id
    JOIN orders o ON o.tenant_id = :tenant AND o.id = s.order_id
    JOIN carriers c ON c.tenant_id = :tenant AND c.id = k.carrier_id
    ORDER BY k.opened_at DESC, k.number DESC
    """
)


class ListedClaim(NamedTuple):
    """A claim with its parcel. The sums are of all claims that match, in the claim's currency."""

    number: str
    kind: str
    status: str
    amount_minor: int
    awarded_minor: int
    currency: str
    opened_at: datetime
    decided_at: datetime | None
    note: str
    shipment: str
    tracking_number: str
    order: str
    carrier: str
    total: int
    claimed_minor: int
    paid_minor: int


async def find(tx: ReadTx, *, status: ClaimStatus | None, carrier_id: UUID | None, limit: int) -> list[ListedClaim]:
    """Return the newest `limit` claims that match."""
    values = {"tenant": tx.tenant_id, "status": status.value if status else None, "carrier": carrier_id, "limit": limit}
    return [ListedClaim(*row) for row in await tx.connection.execute(_FIND, values)]


async def by_number(tx: Tx, number: str) -> CarrierClaim:
    """Return a claim, locked.

    Raises:
        NotFound: unknown, or another shop's.
    """
    query = select(CarrierClaim).where(col(CarrierClaim.tenant_id) == tx.tenant_id, col(CarrierClaim.number) == number)
    row = (await tx.session.exec(query.with_for_update().execution_options(populate_existing=True))).first()
    if row is None:
        raise NotFound("claim", number)
    return row


async def of_shipment(tx: ReadTx, shipment_id: UUID, kind: IncidentKind) -> CarrierClaim | None:
    """Return the claim of a kind for a parcel, if there is one."""
    query = select(CarrierClaim).where(
        col(CarrierClaim.tenant_id) == tx.tenant_id, col(CarrierClaim.shipment_id) == shipment_id, col(CarrierClaim.kind) == kind
    )
    return (await tx.session.exec(query)).first()


async def incidents(tx: ReadTx, shipment_ids: Sequence[UUID], kind: IncidentKind) -> set[UUID]:
    """Return which of some parcels have a note of a kind."""
    query = select(CarrierIncident.shipment_id).where(
        col(CarrierIncident.tenant_id) == tx.tenant_id,
        col(CarrierIncident.shipment_id).in_(shipment_ids),
        col(CarrierIncident.kind) == kind,
    )
    return set((await tx.session.exec(query)).all())


async def choice_of(tx: ReadTx, shipment_id: UUID) -> CarrierChoice | None:
    """Return why a shipment goes with its carrier; older shipments have no record of it."""
    query = select(CarrierChoice).where(col(CarrierChoice.tenant_id) == tx.tenant_id, col(CarrierChoice.shipment_id) == shipment_id)
    return (await tx.session.exec(query)).first()
