"""Segments and who is in them: by a rule over orders, or by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, or_, text
from sqlmodel import col, select

from store.tables.relations import Segment, SegmentMember
from store.unit import ReadTx, Tx

_BY_RULE = """
    FROM customers c
    LEFT JOIN (
      SELECT o.customer_id, count(*) AS orders, sum(o.total_minor) FILTER (WHERE o.currency = :currency) AS spent, max(o.placed_at) AS last
      FROM orders o WHERE o.tenant_id = :tenant AND o.status <> 'cancelled' AND o.placed_at >= :since {one_order} GROUP BY o.customer_id
    ) bought ON bought.customer_id = c.id
    LEFT JOIN (
      SELECT r.customer_id, count(*) AS returns FROM returns r
      WHERE r.tenant_id = :tenant AND r.status NOT IN ('rejected', 'cancelled') AND r.requested_at >= :since {one_return}
      GROUP BY r.customer_id
    ) sent_back ON sent_back.customer_id = c.id
    WHERE c.tenant_id = :tenant AND c.erased_at IS NULL {one_customer}
      AND coalesce(bought.orders, 0) >= :min_orders AND coalesce(bought.spent, 0) >= :min_spent
      AND coalesce(sent_back.returns, 0) >= :min_returns
      AND (cast(:idle_since AS timestamptz) IS NULL OR (bought.last IS NOT NULL AND bought.last < :idle_since))
      AND (cast(:joined_since AS timestamptz) IS NULL OR c.created_at >= :joined_since)
"""
_ONE = {
    "one_order": "AND o.customer_id = :customer",
    "one_return": "AND r.customer_id = :customer",
    "one_customer": "AND c.id = :customer",
}
_ALL = dict.fromkeys(_ONE, "")
_COUNT = text(
    f"""
    WITH fitting AS MATERIALIZED (SELECT c.id {_BY_RULE.format(**_ALL)}),
    gone AS (
      DELETE FROM segment_members m WHERE m.tenant_id = :tenant AND m.segment_id = :segment
        AND NOT EXISTS (SELECT 1 FROM fitting f WHERE f.id = m.customer_id)
    ),
    come AS (
      INSERT INTO segment_members (tenant_id, id, segment_id, customer_id, added_by, added_at)
      SELECT :tenant, gen_random_uuid(), :segment, f.id, 'rule', :now FROM fitting f
      WHERE NOT EXISTS (SELECT 1 FROM segment_members m
        WHERE m.tenant_id = :tenant AND m.segment_id = :segment AND m.customer_id = f.id)
    )
    UPDATE segments SET members = (SELECT count(*) FROM fitting), counted_at = :now WHERE tenant_id = :tenant AND id = :segment
    """
)
_IS_MEMBER = text(f"SELECT EXISTS (SELECT 1 {_BY_RULE.format(**_ONE)})")
_NEWEST = text(
    "SELECT c.name, c.email FROM segment_members m JOIN customers c ON c.tenant_id = m.tenant_id AND c.id = m.customer_id "
    "WHERE m.tenant_id = :tenant AND m.segment_id = :segment ORDER BY m.added_at DESC, m.id DESC LIMIT :limit"
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """A segment's rule as instants and amounts."""

    currency: str
    since: datetime
    min_orders: int
    min_spent: int
    min_returns: int
    idle_since: datetime | None
    joined_since: datetime | None


@dataclass(frozen=True, slots=True)
class Member:
    """A customer in a segment."""

    name: str
    email: str


async def everything(tx: ReadTx) -> Sequence[Segment]:
    """Return all segments by name."""
    return (await tx.session.exec(select(Segment).where(col(Segment.tenant_id) == tx.tenant_id).order_by(col(Segment.slug)))).all()


async def by_slug(tx: ReadTx, slug: str) -> Segment | None:
    """Return a segment, None when there is none of that name."""
    return (await tx.session.exec(select(Segment).where(col(Segment.tenant_id) == tx.tenant_id, col(Segment.slug) == slug))).first()


async def newest(tx: ReadTx, segment_id: UUID, limit: int) -> list[Member]:
    """Return who is in a segment, who came last first."""
    rows = (await tx.session.execute(_NEWEST, {"tenant": tx.tenant_id, "segment": segment_id, "limit": limit})).all()
    return [Member(row.name, row.email) for row in rows]


async def to_count(tx: Tx, before: datetime) -> Sequence[Segment]:
    """Return and lock the segments by rule that were not counted since then; what somebody else counts now is left out."""
    query = (
        select(Segment)
        .where(col(Segment.tenant_id) == tx.tenant_id, func.jsonb_typeof(Segment.rule) == "object")
        .where(or_(col(Segment.counted_at).is_(None), col(Segment.counted_at) < before))
        .order_by(col(Segment.slug))
        .with_for_update(skip_locked=True)
    )
    return (await tx.session.exec(query)).all()


async def count(tx: Tx, segment_id: UUID, bounds: Bounds) -> None:
    """Write down who fits a segment's rule now, and how many."""
    await tx.session.execute(_COUNT, {"tenant": tx.tenant_id, "segment": segment_id, "now": tx.now, **_values(bounds)})


async def is_member(tx: ReadTx, segment: Segment, bounds: Bounds | None, customer_id: UUID) -> bool:
    """Return whether a customer is in a segment."""
    if bounds is None:
        return await member(tx, segment.id, customer_id) is not None
    values = {"tenant": tx.tenant_id, "customer": customer_id, **_values(bounds)}
    return bool((await tx.session.execute(_IS_MEMBER, values)).scalar())


async def member(tx: ReadTx, segment_id: UUID, customer_id: UUID) -> SegmentMember | None:
    """Return a customer's place in a hand-made segment."""
    query = select(SegmentMember).where(
        col(SegmentMember.tenant_id) == tx.tenant_id,
        col(SegmentMember.segment_id) == segment_id,
        col(SegmentMember.customer_id) == customer_id,
    )
    return (await tx.session.exec(query)).first()


async def count_by_hand(tx: ReadTx, segment_id: UUID) -> int:
    """Return how many customers somebody put into a segment."""
    query = select(func.count()).select_from(SegmentMember)
    where = (col(SegmentMember.tenant_id) == tx.tenant_id, col(SegmentMember.segment_id) == segment_id)
    return int((await tx.session.exec(query.where(*where))).one())


async def take_out(tx: Tx, segment_id: UUID, customer_id: UUID) -> None:
    """Take a customer out of a hand-made segment."""
    query = delete(SegmentMember).where(
        col(SegmentMember.tenant_id) == tx.tenant_id,
        col(SegmentMember.segment_id) == segment_id,
        col(SegmentMember.customer_id) == customer_id,
    )
    await tx.session.execute(query)


def _values(bounds: Bounds) -> dict[str, object]:
    return {name: getattr(bounds, name) for name in Bounds.__slots__}
