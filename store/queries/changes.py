"""What happened in the shop since an instant, of all kinds, by time."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from store.unit import ReadTx

_CHANGES = """
WITH changes AS (
  SELECT 'order.placed' AS kind, o.placed_at AS at, o.number AS subject, o.channel AS detail, NULL::int AS before_minor,
    o.total_minor AS after_minor, o.currency
  FROM orders o WHERE o.tenant_id = :tenant AND o.placed_at >= :since AND o.placed_at <= :now
  UNION ALL
  SELECT 'order.cancelled', o.cancelled_at, o.number, coalesce(o.cancel_reason, ''), NULL, o.total_minor, o.currency
  FROM orders o WHERE o.tenant_id = :tenant AND o.cancelled_at >= :since AND o.cancelled_at <= :now
  UNION ALL
  SELECT 'return.requested', r.requested_at, r.number, r.reason, NULL, r.quoted_minor, r.currency
  FROM returns r WHERE r.tenant_id = :tenant AND r.requested_at >= :since AND r.requested_at <= :now
  UNION ALL
  SELECT 'alert.raised', a.created_at, a.number, a.title, NULL, NULL, ''
  FROM alerts a WHERE a.tenant_id = :tenant AND a.raised_at >= :since AND a.created_at >= :since AND a.created_at <= :now
  UNION ALL
  SELECT 'price.changed', p.changed_at, v.sku, p.changed_by, p.old_minor, p.new_minor, v.currency
  FROM price_changes p JOIN variants v ON v.tenant_id = p.tenant_id AND v.id = p.variant_id
  WHERE p.tenant_id = :tenant AND p.changed_at >= :since AND p.changed_at <= :now
  UNION ALL
  SELECT 'policy.changed', v.created_at, 'version ' || v.version, v.author, NULL, NULL, ''
  FROM policy_versions v WHERE v.tenant_id = :tenant AND v.created_at >= :since AND v.created_at <= :now
)
"""
_COUNTS = text(f"{_CHANGES} SELECT kind, count(*)::int AS times FROM changes GROUP BY kind ORDER BY kind")
_NEWEST = text(f"{_CHANGES} SELECT * FROM changes ORDER BY at DESC, kind, subject LIMIT :limit")


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One thing that happened; amounts are there where it has some."""

    kind: str
    at: datetime
    subject: str
    detail: str
    before_minor: int | None
    after_minor: int | None
    currency: str


async def since(tx: ReadTx, begin: datetime, limit: int) -> tuple[dict[str, int], list[ChangeRow]]:
    """Return how often each kind of thing happened, and the newest of them."""
    values = {"tenant": tx.tenant_id, "since": begin, "now": tx.now}
    counts: dict[str, int] = {row.kind: row.times for row in (await tx.session.execute(_COUNTS, values)).all()}
    rows = (await tx.session.execute(_NEWEST, {**values, "limit": limit})).mappings()
    return counts, [ChangeRow(**row) for row in rows]
