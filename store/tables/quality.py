"""Inspections and the defects that they and returns bring to light."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from core.aftersales import DefectKind, InspectionKind, InspectionStatus
from store.tables.base import TenantRow, belongs, instant, instant_or_none, word, words_check


class Inspection(TenantRow, table=True):
    """A look at a sample of a lot, planned and then recorded."""

    __tablename__ = "inspections"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        belongs("variant_id", "variants"),
        words_check("kind", InspectionKind, "inspections_kind_check"),
        words_check("status", InspectionStatus, "inspections_status_check"),
        CheckConstraint(
            "sample_units BETWEEN 1 AND lot_units AND defective_units BETWEEN 0 AND sample_units", name="inspections_units_check"
        ),
        CheckConstraint("(status = 'scheduled') = (inspected_at IS NULL)", name="inspections_done_check"),
        Index("inspections_status_idx", "tenant_id", "status", "planned_at"),
        Index("inspections_variant_idx", "tenant_id", "variant_id", "planned_at"),
    )
    number: str = Field(max_length=20)
    """Such as Q-1001."""
    kind: InspectionKind = word(InspectionKind)
    status: InspectionStatus = word(InspectionStatus, InspectionStatus.SCHEDULED)
    variant_id: UUID
    lot_units: int
    sample_units: int
    defective_units: int = 0
    note: str = Field(default="", max_length=1000)
    planned_at: datetime = instant()
    created_at: datetime = instant()
    inspected_at: datetime | None = instant_or_none()
    inspected_by: str = Field(default="", max_length=120)


class Defect(TenantRow, table=True):
    """Units found faulty, in a return or in an inspection."""

    __tablename__ = "defects"
    __table_args__ = (
        belongs("product_id", "products"),
        belongs("variant_id", "variants"),
        belongs("return_line_id", "return_lines", on_delete="CASCADE"),
        belongs("inspection_id", "inspections", on_delete="CASCADE"),
        words_check("kind", DefectKind, "defects_kind_check"),
        CheckConstraint("units > 0", name="defects_units_check"),
        CheckConstraint("num_nonnulls(return_line_id, inspection_id) = 1", name="defects_source_check"),
        Index("defects_return_line_idx", "tenant_id", "return_line_id", unique=True, postgresql_where=text("return_line_id IS NOT NULL")),
        Index("defects_inspection_idx", "tenant_id", "inspection_id", unique=True, postgresql_where=text("inspection_id IS NOT NULL")),
        Index("defects_product_idx", "tenant_id", "product_id", "kind", "found_at"),
        Index("defects_found_idx", "tenant_id", "found_at"),
    )
    product_id: UUID
    variant_id: UUID
    kind: DefectKind = word(DefectKind)
    units: int
    return_line_id: UUID | None = None
    inspection_id: UUID | None = None
    found_at: datetime = instant()
