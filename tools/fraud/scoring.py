"""Score an order inside the transaction that places or changes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from core.ids import new_id
from core.money import Money
from core.statuses import AlertLevel, BlockKind, FraudDecision
from store.queries import fraud_facts, orders
from store.tables.orders import Order
from store.unit import Tx
from tools.backoffice.alerts import raise_alert
from tools.policy import Policy
from tools.policy import fraud as rules
from tools.policy.fraud import Blocked, OrderFacts, Signal

_TOPICS = {
    FraudDecision.APPROVE: "fraud.approved",
    FraudDecision.FLAG: "fraud.flagged",
    FraudDecision.REVIEW: "fraud.review",
    FraudDecision.BLOCK: "fraud.blocked",
}


@dataclass(frozen=True, slots=True)
class Scored:
    """A check as it was stored."""

    check_id: UUID
    score: int
    decision: FraudDecision
    signals: list[Signal]


async def score(tx: Tx, order: Order, policy: Policy) -> Scored:
    """Score an order, keep the check, and hold the order when the score asks for a person.

    For every module that places or imports an order: call it once lines and payment are added, with the order flushed or added to
    the session; it works for a customer's transaction too. `order.on_hold` says afterwards whether the order may go on.
    """
    facts = await _facts(tx, order, policy)
    found = rules.signals(policy.fraud, facts)
    points = rules.score(found)
    scored = Scored(new_id(), points, policy.fraud.verdict(points), found)
    signals = [signal.model_dump() for signal in found]
    await fraud_facts.record(tx, scored.check_id, order.id, points, scored.decision.value, signals, policy.version)
    if scored.decision in {FraudDecision.REVIEW, FraudDecision.BLOCK}:
        await _hold(tx, order, scored)
    tx.emit(_TOPICS[scored.decision], order=order.number, score=points, signals=[signal.signal for signal in found])
    return scored


async def _hold(tx: Tx, order: Order, scored: Scored) -> None:
    blocked = scored.decision is FraudDecision.BLOCK
    reason = f"Fraud {'block' if blocked else 'review'}: score {scored.score}"
    order.on_hold, order.hold_reason = True, reason
    tx.session.add(order)
    orders.note(tx, order, "order.held", reason)
    if blocked:
        title = f"Order {order.number} is blocked with a fraud score of {scored.score}"
        detail = "; ".join(signal.detail for signal in scored.signals)
        await raise_alert(tx, kind="fraud.blocked", subject=order.number, level=AlertLevel.HIGH, title=title, detail=detail)


async def _facts(tx: Tx, order: Order, policy: Policy) -> OrderFacts:
    rule = policy.fraud
    row = await fraud_facts.read(tx, order, timedelta(hours=rule.velocity_hours), timedelta(days=rule.method_change_days))
    wanted = [(BlockKind.EMAIL, row.email), *written(order.ship_to), *written(order.bill_to)]
    wanted += [(BlockKind.CARD, card) for card in row.cards]
    wanted += [(BlockKind.IP, row.ip)] if row.ip else []
    hits = await fraud_facts.block_hits(tx, [(kind.value, value) for kind, value in wanted])
    return OrderFacts(
        total=Money(minor=order.total_minor, currency=order.currency),
        account_age=order.placed_at - row.joined_at,
        recent_orders=row.recent_orders,
        failed_payments=row.failed_payments,
        billed_to=_compared(order.bill_to),
        shipped_to=_compared(order.ship_to),
        billed_in=str(order.bill_to.get("city") or ""),
        shipped_in=str(order.ship_to.get("city") or ""),
        units=row.units,
        method_changes=row.method_changes,
        blocked=tuple(Blocked(kind=BlockKind(kind), value=value, reason=reason) for kind, value, reason in hits),
    )


def written(address: Mapping[str, Any]) -> list[tuple[BlockKind, str]]:
    """Return the ways in which a block list may write an address."""
    line, city, code, country = (str(address.get(part) or "") for part in ("line1", "city", "postal_code", "country"))
    if not line:
        return []
    written = (f"{line} {city}", f"{line} {code} {city}", f"{line} {code} {city} {country}")
    return [(BlockKind.ADDRESS, each) for each in written]


def _compared(address: Mapping[str, Any]) -> str:
    """Return an address as billing and shipping are compared: without the receiver, small letters, single spaces."""
    parts = (str(address.get(part) or "") for part in ("line1", "line2", "postal_code", "city", "country"))
    return " ".join(" ".join(parts).casefold().split())
