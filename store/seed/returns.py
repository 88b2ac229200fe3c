"""Rows of an order's return: the RMA, its lines, and what came back into stock."""

from collections.abc import Iterator
from datetime import timedelta

from core.aftersales import DefectKind, Disposition, ItemCondition
from core.statuses import ReturnStatus, ReturnType, TransactionState
from store.seed import settlement
from store.seed.draft import Draft
from store.seed.model import Row
from store.seed.orders import StockBook
from store.seed.plan import RETURN_STEPS

_VALID = timedelta(days=30)
_UNDECIDED = frozenset({ReturnStatus.REQUESTED, ReturnStatus.CANCELLED})
_REFUSED = _UNDECIDED | {ReturnStatus.REJECTED}
_INSPECTED = frozenset({ReturnStatus.INSPECTED, ReturnStatus.REFUND_PENDING, ReturnStatus.REFUNDED, ReturnStatus.COMPLETED})
_RECEIVED = _INSPECTED | {ReturnStatus.RECEIVED, ReturnStatus.INSPECTING}
_LABELLED = _RECEIVED | {ReturnStatus.LABEL_SENT, ReturnStatus.IN_TRANSIT}
_FATES = {
    ItemCondition.UNOPENED: Disposition.RESTOCK,
    ItemCondition.OPENED: Disposition.REFURBISH,
    ItemCondition.USED: Disposition.LIQUIDATE,
    ItemCondition.DAMAGED: Disposition.DISPOSE,
    ItemCondition.DEFECTIVE: Disposition.RETURN_TO_SUPPLIER,
}


def rma(draft: Draft) -> Iterator[Row]:
    """Yield the return, if the order has one."""
    back, worth = draft.plan.comeback, settlement.of(draft)
    if back is None or worth is None:
        return
    decided = back.requested_at + RETURN_STEPS[ReturnStatus.APPROVED]
    number, arrived = draft.return_number, worth.repaid is TransactionState.SUCCEEDED
    yield draft.shop.row(
        "returns",
        draft.number,
        number=f"R-{number}",
        order_id=draft.order_id,
        customer_id=draft.plan.buyer.id,
        status=back.status.value,
        reason=back.reason.value,
        type=back.type.value,
        note=back.note,
        quoted_minor=worth.quoted,
        fee_minor=worth.fee,
        shipping_fee_minor=worth.shipping_fee,
        refunded_minor=worth.quoted if worth.repaid else 0,
        payment_method_id=None,
        difference_minor=0,
        currency=draft.shop.profile.currency,
        rule=worth.rule,
        policy_version=1,
        requested_at=back.requested_at,
        decided_at=None if back.status in _UNDECIDED else decided,
        expires_at=None if back.status in _REFUSED else decided + _VALID,
        received_at=back.requested_at + RETURN_STEPS[ReturnStatus.RECEIVED] if back.status in _RECEIVED else None,
        label_reference=f"return-label/R-{number}" if back.status in _LABELLED else "",
        warehouse_id=draft.warehouse_id if back.status in _LABELLED else None,
        replacement_order_id=None,
        inspected_at=back.requested_at + RETURN_STEPS[ReturnStatus.INSPECTED] if back.status in _INSPECTED else None,
        refunded_at=worth.repaid_at if arrived else None,
        closed_at=worth.repaid_at if back.status is ReturnStatus.COMPLETED else None,
    )


def lines(draft: Draft) -> Iterator[Row]:
    """Yield the units that come back."""
    back, worth = draft.plan.comeback, settlement.of(draft)
    if back is None or worth is None:
        return
    parts = dict(settlement.shares(worth))
    inspected = back.status in _INSPECTED
    for position, quantity, _ in worth.lines:
        yield draft.shop.row(
            "return_lines",
            f"{draft.number}-{position}",
            return_id=draft.shop.id_of("returns", draft.number),
            order_line_id=draft.line_id(position),
            quantity=quantity,
            exchange_variant_id=back.exchange,
            condition=back.condition if inspected else None,
            refund_minor=parts.get(position, 0),
            disposition=_FATES[ItemCondition(back.condition)].value if inspected else None,
            disposed_at=back.requested_at + RETURN_STEPS[ReturnStatus.INSPECTED] if inspected else None,
        )


def defects(draft: Draft) -> Iterator[Row]:
    """Yield what the inspection of the return found to be faulty."""
    back, worth = draft.plan.comeback, settlement.of(draft)
    if back is None or worth is None or back.status not in _INSPECTED or back.condition != ItemCondition.DEFECTIVE:
        return
    for position, quantity, _ in worth.lines:
        good = draft.plan.lines[position][0]
        yield draft.shop.row(
            "defects",
            f"{draft.number}-{position}",
            product_id=good.product_id,
            variant_id=good.id,
            kind=DefectKind.FUNCTIONAL.value,
            units=quantity,
            return_line_id=draft.shop.id_of("return_lines", f"{draft.number}-{position}"),
            inspection_id=None,
            found_at=back.requested_at + RETURN_STEPS[ReturnStatus.INSPECTED],
        )


def movements(draft: Draft, book: StockBook) -> Iterator[Row]:
    """Yield what went back on the shelf: units that were found unopened."""
    back, worth = draft.plan.comeback, settlement.of(draft)
    if back is None or worth is None or back.status not in _INSPECTED or back.condition != "unopened":
        return
    for position, quantity, _ in worth.lines:
        good, depot = draft.plan.lines[position][0], draft.plan.depot.code
        book.moved[good.id, depot] += quantity
        yield draft.shop.row(
            "stock_movements",
            f"{draft.number}-{position}-back",
            variant_id=good.id,
            warehouse_id=draft.shop.id_of("warehouses", depot),
            delta=quantity,
            reason="return_restocked",
            reference=str(draft.number),
            created_at=back.requested_at + RETURN_STEPS[ReturnStatus.INSPECTED],
        )


def events(draft: Draft) -> Iterator[Row]:
    """Yield what the order's timeline says of the return."""
    back = draft.plan.comeback
    if back is None or not draft.delivered:
        return
    kind = {ReturnType.REFUND: "refund", ReturnType.EXCHANGE: "exchange", ReturnType.REPLACEMENT: "replacement"}.get(
        back.type, "store credit"
    )
    told = [
        (
            ReturnStatus.REQUESTED,
            "return.requested",
            f"Return requested, {kind}: {back.reason.value.replace('_', ' ')}",
            draft.plan.buyer.name,
        )
    ]
    if back.status in {ReturnStatus.REJECTED, ReturnStatus.CANCELLED}:
        told.append((back.status, f"return.{back.status.value}", f"Return {back.status.value}", "system"))
    elif back.status is not ReturnStatus.REQUESTED:
        told.append((ReturnStatus.APPROVED, "return.approved", "Return approved", "system"))
    if back.status in _RECEIVED:
        told.append((ReturnStatus.RECEIVED, "return.received", f"Return received at {draft.plan.depot.name}", draft.plan.depot.name))
    if back.status in _INSPECTED:
        told.append((ReturnStatus.INSPECTED, "return.inspected", f"Inspected, found {back.condition}", draft.plan.depot.name))
    for status, name, text, actor in told:
        at = back.requested_at + RETURN_STEPS[status]
        yield draft.shop.row("order_events", f"{draft.number}-{name}", order_id=draft.order_id, kind=name, text=text, actor=actor, at=at)
