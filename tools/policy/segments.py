"""Segments: groups of customers by a rule over their history."""

from pydantic import BaseModel, ConfigDict, Field


class SegmentRule(BaseModel):
    """What a member has in common; every part narrows. Orders count when they were not cancelled."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    window_days: int = Field(default=365, ge=1, le=3_650)
    """Orders of this long count."""
    min_orders: int = Field(default=0, ge=0)
    min_spent_minor: int = Field(default=0, ge=0)
    """In the shop's currency."""
    idle_days: int | None = Field(default=None, ge=1)
    """No order for this long."""
    joined_days: int | None = Field(default=None, ge=1)
    """Joined within this long."""
    min_returns: int = Field(default=0, ge=0)
    """Returns that were not rejected or cancelled."""

    @property
    def words(self) -> str:
        """The rule in words."""
        parts = [
            f"at least {self.min_orders} orders" if self.min_orders else "",
            f"spent at least {self.min_spent_minor} minor units" if self.min_spent_minor else "",
            f"no order for {self.idle_days} days" if self.idle_days else "",
            f"joined within {self.joined_days} days" if self.joined_days else "",
            f"at least {self.min_returns} returns" if self.min_returns else "",
        ]
        kept = [part for part in parts if part]
        return f"{', '.join(kept)} in {self.window_days} days" if kept else "everybody"
