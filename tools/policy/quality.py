"""Quality: how much is sampled, how suppliers are rated, and when the same defect is a pattern."""

import math
from decimal import Decimal
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.aftersales import InspectionKind, InspectionStatus
from tools.policy.decision import Decision, allow, deny


class Rating(StrEnum):
    """How good a supplier's goods are, the best first."""

    EXCELLENT = "excellent"
    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"


class QualityPolicy(BaseModel):
    """Samples, ratings and patterns. Percentages are of units."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    outgoing_sample_percent: Decimal = Field(default=Decimal(10), gt=0, le=100)
    """Of what leaves the warehouse, this share is inspected."""
    accepted_percent: Decimal = Field(default=Decimal(5), ge=0, le=100)
    """An inspection fails when a larger share of its sample is defective."""
    excellent_percent: Decimal = Field(default=Decimal(1), ge=0, le=100)
    """Below this defect rate a supplier is excellent."""
    good_percent: Decimal = Field(default=Decimal(3), ge=0, le=100)
    fair_percent: Decimal = Field(default=Decimal(5), ge=0, le=100)
    pattern_defects: int = Field(default=3, ge=2, le=1000)
    """So many times the same defect of a product is a pattern."""
    pattern_days: int = Field(default=30, ge=1, le=365)
    """Within so many days."""

    @model_validator(mode="after")
    def _ordered(self) -> "QualityPolicy":
        if not self.excellent_percent <= self.good_percent <= self.fair_percent:
            raise ValueError("excellent_percent, good_percent, fair_percent: must not fall")
        return self

    def sample(self, units: int) -> int:
        """Return how many of `units` are inspected: rounded up, and at least one."""
        return max(1, min(units, math.ceil(units * self.outgoing_sample_percent / 100)))

    def rating(self, defective: int, units: int) -> Rating | None:
        """Rate `defective` of `units`; nothing that was sold cannot be rated."""
        if units <= 0:
            return None
        percent = Decimal(defective) * 100 / units
        if percent < self.excellent_percent:
            return Rating.EXCELLENT
        if percent < self.good_percent:
            return Rating.GOOD
        return Rating.FAIR if percent < self.fair_percent else Rating.POOR

    def outcome(self, defective: int, sample: int) -> InspectionStatus:
        """Return whether a sample passes."""
        failed = Decimal(defective) * 100 > self.accepted_percent * sample
        return InspectionStatus.FAILED if failed else InspectionStatus.PASSED


class InspectionPlan(BaseModel):
    """An inspection that somebody wants to record."""

    number: str
    kind: InspectionKind
    status: InspectionStatus
    sample: int
    defective: int


def decide_record(plan: InspectionPlan) -> Decision:
    """Decide on what was found: once, and no more than was looked at."""
    if plan.status is not InspectionStatus.SCHEDULED:
        return deny("quality.recorded", f"Inspection {plan.number} has {plan.status} already.", "schedule another inspection")
    if plan.defective > plan.sample:
        reason = f"Inspection {plan.number} looks at {plan.sample} units; {plan.defective} cannot be defective."
        return deny("quality.more_than_sampled", reason, f"give at most {plan.sample}")
    return allow("quality.record")
