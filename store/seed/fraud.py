"""Fraud checks: the signals of an order, read from its own facts, and what was decided."""

from datetime import timedelta

from core.money import Money
from core.statuses import CancelReason, FraudDecision
from store.seed.draft import Draft
from store.seed.model import Row
from store.seed.plan import Signal

_LIMIT = 100_000
_DAY = timedelta(hours=24)


def signals(draft: Draft) -> list[Signal]:
    """Return what speaks against the order."""
    plan, currency = draft.plan, draft.shop.profile.currency
    units = sum(quantity for _, quantity in plan.lines)
    age = plan.times.placed - plan.buyer.created_at
    found: list[Signal] = []
    if draft.total > _LIMIT:
        found.append(
            Signal(
                "order_total", 20, f"Total {Money(minor=draft.total, currency=currency)} is over {Money(minor=_LIMIT, currency=currency)}"
            )
        )
    if age < _DAY:
        found.append(Signal("new_account", 30, f"The account was {int(age.total_seconds() // 3600)} h old, younger than 24 h"))
    if units > 10:
        found.append(Signal("many_units", 10, f"{units} units are more than 10"))
    if plan.declines > 2:
        found.append(Signal("failed_payments", 25, f"{plan.declines} failed payments on the order are more than 2"))
    if plan.elsewhere and plan.buyer.other:
        found.append(Signal("address_mismatch", 15, f"Billed in {plan.buyer.home['city']}, shipped to {plan.buyer.other['city']}"))
    return [*found, *plan.signals]


def score(draft: Draft) -> int:
    """Return the sum of the points, capped at 100."""
    return min(sum(signal.points for signal in signals(draft)), 100)


def check(draft: Draft) -> Row:
    """Return the check of the order; one that asked for a person was decided, unless the order is still on hold."""
    points, placed = score(draft), draft.plan.times.placed
    decision = _decision(points)
    reviewed = decision in {FraudDecision.REVIEW, FraudDecision.BLOCK} and not draft.plan.hold
    refused = draft.cancelled and draft.plan.cancel_reason is CancelReason.FRAUD_DETECTED
    return draft.shop.row(
        "fraud_checks",
        draft.number,
        order_id=draft.order_id,
        score=points,
        decision=decision.value,
        signals=[signal._asdict() for signal in signals(draft)],
        policy_version=1,
        checked_at=min(placed + timedelta(minutes=2), draft.shop.now),
        reviewed_by="Teo Barros" if reviewed else None,
        reviewed_at=min(placed + timedelta(minutes=25), draft.shop.now) if reviewed else None,
        review_outcome=("block" if refused else "approve") if reviewed else None,
    )


def _decision(points: int) -> FraudDecision:
    if points >= 75:
        return FraudDecision.BLOCK
    if points >= 50:
        return FraudDecision.REVIEW
    return FraudDecision.FLAG if points >= 25 else FraudDecision.APPROVE
