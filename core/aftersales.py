"""Words of handling returns, warranty claims and quality, and the moves between them."""

from collections.abc import Mapping
from enum import StrEnum


class ItemCondition(StrEnum):
    """In which state something came back."""

    UNOPENED = "unopened"
    OPENED = "opened"
    USED = "used"
    DAMAGED = "damaged"
    DEFECTIVE = "defective"
    UNCLEAR = "unclear"


class Disposition(StrEnum):
    """What becomes of what came back."""

    RESTOCK = "restock"
    REFURBISH = "refurbish"
    LIQUIDATE = "liquidate"
    DISPOSE = "dispose"
    RETURN_TO_SUPPLIER = "return_to_supplier"
    RECYCLE = "recycle"
    MANUAL_REVIEW = "manual_review"


class WarrantyStatus(StrEnum):
    """Where a warranty claim stands."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"


class WarrantyRemedy(StrEnum):
    """What a customer gets for a warranty claim."""

    REPAIR = "repair"
    REPLACEMENT = "replacement"
    REFUND = "refund"


class InspectionKind(StrEnum):
    """What is inspected."""

    INCOMING = "incoming"
    OUTGOING = "outgoing"


class InspectionStatus(StrEnum):
    """Where an inspection stands."""

    SCHEDULED = "scheduled"
    PASSED = "passed"
    FAILED = "failed"


class DefectKind(StrEnum):
    """What is wrong with a unit."""

    FUNCTIONAL = "functional"
    COSMETIC = "cosmetic"
    MISSING_PART = "missing_part"
    WRONG_SIZE = "wrong_size"
    PACKAGING = "packaging"
    OTHER = "other"


WARRANTY_TRANSITIONS: Mapping[WarrantyStatus, frozenset[WarrantyStatus]] = {
    WarrantyStatus.OPEN: frozenset({WarrantyStatus.APPROVED, WarrantyStatus.REJECTED}),
    WarrantyStatus.APPROVED: frozenset(),
    WarrantyStatus.REJECTED: frozenset(),
}
INSPECTION_TRANSITIONS: Mapping[InspectionStatus, frozenset[InspectionStatus]] = {
    InspectionStatus.SCHEDULED: frozenset({InspectionStatus.PASSED, InspectionStatus.FAILED}),
    InspectionStatus.PASSED: frozenset(),
    InspectionStatus.FAILED: frozenset(),
}
