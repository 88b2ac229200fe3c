"""Defects, recorded where they are found; the same one again and again is a pattern that the merchant is told of."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from core.aftersales import DefectKind
from core.statuses import AlertLevel
from store.queries import quality
from store.tables.quality import Defect
from store.unit import Tx
from tools.backoffice.alerts import raise_alert
from tools.phrases import words
from tools.policy.quality import QualityPolicy


@dataclass(frozen=True, slots=True)
class Found:
    """Defective units of a variant, found in a returned line or in an inspection."""

    variant_id: UUID
    kind: DefectKind
    units: int
    return_line_id: UUID | None = None
    inspection_id: UUID | None = None


async def record(tx: Tx, policy: QualityPolicy, found: Found) -> bool:
    """Keep a defect and return whether it makes a pattern. Locks the product; call it before numbers are taken."""
    product = await quality.lock_product(tx, found.variant_id)
    since = tx.now - timedelta(days=policy.pattern_days)
    before = await quality.defects_since(tx, product.id, found.kind, since)
    tx.add(
        Defect(
            tenant_id=tx.tenant_id,
            product_id=product.id,
            variant_id=found.variant_id,
            kind=found.kind,
            units=found.units,
            return_line_id=found.return_line_id,
            inspection_id=found.inspection_id,
            found_at=tx.now,
        )
    )
    await tx.session.flush()
    tx.emit("quality.defect_found", product=product.slug, kind=found.kind.value, units=found.units)
    if before + 1 < policy.pattern_defects:
        return False
    count, days = before + 1, policy.pattern_days
    tx.emit("quality.defect_pattern", product=product.slug, kind=found.kind.value, count=count, days=days)
    await raise_alert(
        tx,
        kind="quality.defect_pattern",
        subject=f"{product.slug}:{found.kind}",
        level=AlertLevel.HIGH,
        title=f"{product.name}: {words(found.kind)} defect {count} times in {days} days",
        data={"product": product.slug, "kind": found.kind.value, "count": count},
    )
    return True
