"""What a return is worth, under the first version of the policy."""

from datetime import datetime
from typing import NamedTuple

from core.statuses import ReturnReason, ReturnStatus, TransactionState
from store.seed.chance import FAULTS
from store.seed.draft import Draft
from store.seed.plan import RETURN_STEPS, Comeback

_RESTOCKING_PCT = {"electronics": 15, "furniture": 20}
_RETURN_SHIPPING = 500
_REPAID = {
    ReturnStatus.REFUND_PENDING: TransactionState.PENDING,
    ReturnStatus.REFUNDED: TransactionState.SUCCEEDED,
    ReturnStatus.COMPLETED: TransactionState.SUCCEEDED,
}
_OWN_RULE = frozenset({"electronics", "clothing", "furniture"})


class Settlement(NamedTuple):
    """The figures of a return."""

    lines: list[tuple[int, int, int]]
    """Position of the order line, units, what was paid for them."""
    fee: int
    shipping_fee: int
    quoted: int
    repaid: TransactionState | None
    """How the money that goes back fares, if any does: on its way to the means of payment, or arrived."""
    repaid_at: datetime
    rule: str


def of(draft: Draft) -> Settlement | None:
    """Return the figures of the order's return, if it was delivered and has one."""
    back = draft.plan.comeback
    if back is None or not draft.delivered:
        return None
    whole = range(len(draft.plan.lines)) if back.whole else range(1)
    units = [(position, draft.plan.lines[position][1] if back.whole else 1) for position in whole]
    lines = [(position, quantity, draft.net(position, quantity)) for position, quantity in units]
    fee, shipping_fee = _fees(draft, back, lines)
    worth = 0 if back.exchange else max(sum(amount for *_, amount in lines) - fee - shipping_fee, 0)
    repaid = _REPAID.get(back.status) if worth else None
    return Settlement(
        lines,
        fee,
        shipping_fee,
        worth,
        repaid,
        back.requested_at + RETURN_STEPS[ReturnStatus.REFUND_PENDING if repaid is TransactionState.PENDING else ReturnStatus.REFUNDED],
        _rule(draft, back),
    )


def shares(back: Settlement) -> list[tuple[int, int]]:
    """Spread the refund over the lines: fees are taken from the first lines that can bear them."""
    left, spread = back.quoted, list[tuple[int, int]]()
    for position, _, amount in reversed(back.lines):
        share = min(amount, left)
        left -= share
        if share:
            spread.append((position, share))
    return spread


def _fees(draft: Draft, back: Comeback, lines: list[tuple[int, int, int]]) -> tuple[int, int]:
    if back.reason in FAULTS or back.exchange:
        return 0, 0
    categories = [draft.plan.lines[position][0].category for position, *_ in lines]
    fee = sum((amount * _RESTOCKING_PCT.get(category, 0) + 50) // 100 for category, (*_, amount) in zip(categories, lines, strict=True))
    return fee, _RETURN_SHIPPING


def _rule(draft: Draft, back: Comeback) -> str:
    if back.reason in {ReturnReason.DEFECTIVE, ReturnReason.DAMAGED_IN_SHIPPING}:
        return "return_window.fault"
    category = draft.plan.lines[0][0].category
    return f"return_window.{category if category in _OWN_RULE else 'general'}"
