"""Service: what counts as stuck or late, and how soon a ticket is answered."""

from pydantic import BaseModel, ConfigDict

from core.identity import Principal
from tools.policy.decision import Decision, allow


class ServicePolicy(BaseModel):
    """Times after which something needs a look."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hold_hours: int = 24
    """An order on hold longer than this is stuck."""
    unpaid_hours: int = 24
    unshipped_days: int = 3
    """A paid order that has not shipped for this long is stuck."""
    silent_days: int = 5
    """A parcel without a carrier's report for this long is stuck."""
    first_response_minutes: int = 60
    resolution_hours: int = 24
    late_credit_minor: int = 500


def decide_ticket(_policy: ServicePolicy, _plan: object, _principal: Principal) -> Decision:
    """Anybody may ask for a person."""
    return allow("ticket.always")
