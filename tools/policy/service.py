"""Service: what counts as stuck or late, and how soon a ticket is answered."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from core.identity import Principal
from tools.policy.decision import Decision, allow
from tools.policy.figures import Loosens


class ServicePolicy(BaseModel):
    """Times after which something needs a look."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hold_hours: int = Field(default=24, ge=1)
    """An order on hold longer than this is stuck."""
    unpaid_hours: int = Field(default=24, ge=1)
    unshipped_days: int = Field(default=3, ge=1)
    """A paid order that has not shipped for this long is stuck."""
    silent_days: int = Field(default=5, ge=1)
    """A parcel without a carrier's report for this long is stuck."""
    first_response_minutes: int = Field(default=60, ge=1)
    resolution_hours: int = Field(default=24, ge=1)
    late_credit_minor: Annotated[int, Loosens.UP] = Field(default=500, ge=0)
    """What a customer gets for a late parcel."""
    damage_credit_minor: Annotated[int, Loosens.UP] = Field(default=1_000, ge=0)
    """What a customer gets for a parcel that was damaged on its way, besides a refund or a replacement."""


def decide_ticket(_policy: ServicePolicy, _plan: object, _principal: Principal) -> Decision:
    """Anybody may ask for a person."""
    return allow("ticket.always")
