"""What the fraud tools give back."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from core.money import Money
from core.statuses import FraudDecision
from tools.phrases import bullets, day, listing, plural, words
from tools.result import Result


class SignalSeen(BaseModel):
    """What spoke against an order, with its points."""

    signal: str
    points: int
    detail: str


class HeldOrder(BaseModel):
    """An order that waits for a decision."""

    order: str
    customer: str
    email: str
    total: Money
    placed_at: datetime
    score: int
    decision: FraudDecision
    hold_reason: str
    signals: list[SignalSeen]


class ReviewQueue(Result):
    """Orders that a person has to release or cancel, the riskiest first."""

    total: int
    orders: list[HeldOrder]

    def text(self) -> str:
        """List the orders with their signals."""
        if not self.orders:
            return "No order waits for a fraud review."
        shown = [
            f"**Order {held.order}** — score {held.score}, {held.total}, {held.customer}, placed {day(held.placed_at)}: "
            f"{_named(held.signals)}"
            for held in self.orders
        ]
        return listing(f"{plural(self.total, 'order')} to review:", shown, self.total)


class Thresholds(BaseModel):
    """The scores from which something happens."""

    flag_from: int
    review_from: int
    block_from: int


class HoldExplained(Result):
    """Why an order is on hold, or that it is not."""

    order: str
    status: str
    on_hold: bool
    hold_reason: str | None = None
    held_since: datetime | None = None
    customer: str
    email: str
    total: Money
    placed_at: datetime
    score: int | None = None
    decision: FraudDecision | None = None
    signals: list[SignalSeen] = []
    checked_at: datetime | None = None
    policy_version: int | None = None
    """Of the rules that the score was computed by."""
    reviewed_by: str | None = None
    review_outcome: str | None = None
    thresholds: Thresholds
    options: list[str]

    def text(self) -> str:
        """Explain the hold, or say that there is none."""
        about = f"{self.customer}, {self.total}, placed {day(self.placed_at)}"
        if not self.on_hold:
            head = f"**Order {self.order}** is not on hold; it is {words(self.status)} ({about})."
        else:
            since = f" since {day(self.held_since)}" if self.held_since else ""
            head = f"**Order {self.order} is on hold**{since}: {self.hold_reason or 'no reason was noted'} ({about})."
        lines = [head]
        if self.score is not None:
            limits = f"review from {self.thresholds.review_from}, block from {self.thresholds.block_from}"
            lines += ["", f"Fraud score **{self.score} of 100** ({limits}):"]
            lines += bullets([f"{signal.detail}: {signal.points} points" for signal in self.signals] or ["no signal"])
            if self.reviewed_by:
                lines.append(f"- reviewed by {self.reviewed_by}: {words(self.review_outcome or 'done')}")
        if self.options:
            lines += ["", "What you can do:", *bullets(self.options)]
        return "\n".join(lines)


class OrderReleased(Result):
    """An order that may go on."""

    order: str
    status: str
    released_by: str

    def text(self) -> str:
        """Confirm the release."""
        return f"Order **{self.order}** is released from its hold and goes on as {words(self.status)}."


class CustomerRisk(Result):
    """How risky a customer is, and why."""

    customer: str
    email: str
    since: datetime
    level: Literal["low", "medium", "high", "blocked"]
    reasons: list[str]
    orders: int
    cancelled: int
    on_hold: int
    suspicious: int
    """Orders whose check asked for a review or a block."""
    highest_score: int
    failed_payments: int
    return_rate_percent: int
    paid: list[Money]
    """Paid and not given back, by currency."""

    def text(self) -> str:
        """Sum up the risk."""
        paid = ", ".join(map(str, self.paid)) or "nothing yet"
        lines = [
            f"**{self.customer}** ({self.email}): risk **{self.level}**.",
            *bullets(self.reasons),
            f"- Customer since {day(self.since)}, {plural(self.orders, 'order')} ({self.cancelled} cancelled, {self.on_hold} on hold), "
            f"paid {paid}",
            f"- Highest fraud score {self.highest_score}, {plural(self.failed_payments, 'failed payment')}, "
            f"{self.return_rate_percent} % of orders with a return",
        ]
        return "\n".join(lines)


def _named(signals: list[SignalSeen]) -> str:
    return "; ".join(f"{signal.detail} ({signal.points})" for signal in signals) or "no signal"
