"""What the fraud tools give back."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from core.money import Money
from core.statuses import BlockKind, FraudDecision, FraudOutcome
from tools.phrases import bullets, day, listing, plural, words
from tools.result import Quote, Result


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
    ruling: FraudOutcome | None = None
    """What a person decided last."""
    ruling_reason: str | None = None
    ruled_by: str | None = None
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
            if self.ruling:
                lines.append(f"- {self.ruled_by} decided: {self.ruling}, because: {self.ruling_reason}")
            elif self.reviewed_by:
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


class OrderScored(Result):
    """A fresh check of an order."""

    order: str
    score: int
    decision: FraudDecision
    signals: list[SignalSeen]
    on_hold: bool
    policy_version: int

    def text(self) -> str:
        """Give the score and what it rests on."""
        held = "It is **on hold**." if self.on_hold else "It may go on."
        lines = [f"Order **{self.order}** scores **{self.score} of 100**: {self.decision}. {held}"]
        return "\n".join(lines + bullets([f"{signal.detail}: {signal.points} points" for signal in self.signals] or ["no signal"]))


class FraudDecided(Result):
    """A person's decision on an order, as it is recorded."""

    order: str
    outcome: FraudOutcome
    reason: str
    decided_by: str
    status: str
    on_hold: bool
    refund: Money | None = None
    """What a block pays back."""

    def text(self) -> str:
        """Say what was decided and what happens now."""
        done = {
            FraudOutcome.APPROVE: f"approved and goes on as {words(self.status)}",
            FraudOutcome.HOLD: "kept on hold",
            FraudOutcome.BLOCK: f"blocked and cancelled{f'; {self.refund} go back' if self.refund and self.refund.minor else ''}",
        }[self.outcome]
        return f"Order **{self.order}** is {done}. Recorded for {self.decided_by}: {self.reason}. The customer is told by e-mail."


class BlockListed(Result):
    """An entry of the block list."""

    kind: BlockKind
    value: Quote
    """As it was typed or taken from an order."""
    reason: str
    by: str
    since: datetime
    expires_at: datetime | None
    expired: bool = False

    @property
    def shown(self) -> str:
        """The entry on one line."""
        until = f"until {day(self.expires_at)}" if self.expires_at else "without end"
        return f"{self.kind} “{self.value.text}”: {self.reason} ({until}{', expired' if self.expired else ''})"

    def text(self) -> str:
        """Confirm the entry."""
        return f"On the block list: {self.shown}."


class BlockList(Result):
    """What is blocked, the newest first."""

    total: int
    entries: list[BlockListed]

    def text(self) -> str:
        """Return one line an entry."""
        if not self.entries:
            return "Nothing on the block list matches."
        return listing(
            f"{plural(self.total, 'entry') if self.total == 1 else f'{self.total} entries'}:",
            [e.shown for e in self.entries[:10]],
            self.total,
        )


class Unblocked(Result):
    """What is no longer blocked."""

    kind: BlockKind
    value: Quote

    def text(self) -> str:
        """Confirm the removal."""
        return f"The {self.kind} “{self.value.text}” is off the block list."


def _named(signals: list[SignalSeen]) -> str:
    return "; ".join(f"{signal.detail} ({signal.points})" for signal in signals) or "no signal"
