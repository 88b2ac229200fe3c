"""Orders to suppliers: listed, received in parts, called off."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from core.identity import Permission, RunContext
from core.money import Money
from core.statuses import PurchaseOrderStatus, change
from core.stock_statuses import PURCHASE_ORDER_TRANSITIONS
from store.queries import purchases, stock
from store.queries.purchases import Ordered, PurchaseFilter, PurchaseOrderRow
from store.unit import ReadTx, Tx
from tools.arguments import ItemRef, Limit, Quantity
from tools.inventory.arguments import PurchaseOrderNumber
from tools.inventory.module import module
from tools.inventory.outcomes import PurchaseCancelled, PurchaseReceived
from tools.inventory.shown import PurchaseSeen, PurchasesFound
from tools.policy import Policy
from tools.policy.holding import CallOffPlan, ReceiptPlan, decide_call_off, decide_receipt
from tools.products import match
from tools.spec import Args, Audience, Effect


class ListPurchaseOrders(Args):
    """What is known of the orders; every part narrows."""

    status: PurchaseOrderStatus | None = None
    """Only orders in this state."""
    item: ItemRef | None = None
    """Only orders for such an item."""
    supplier: (
        Annotated[str, Field(min_length=2, max_length=120, description="Only orders to this supplier, or part of its name")] | None
    ) = None
    overdue: bool = False
    """Only orders that should have come by now."""
    limit: Limit = 15


@module.tool(
    effect=Effect.READ,
    permission=Permission.STOCK_READ,
    audience=Audience.STAFF,
    examples=(
        "list open purchase orders",
        "what is on order from Meridian Components",
        "which supplier deliveries are overdue",
        "purchase orders for the headset",
        "what did we order from suppliers",
        "which POs were cancelled",
        "when do the new power banks arrive",
    ),
)
async def list_purchase_orders(tx: ReadTx, args: ListPurchaseOrders, _ctx: RunContext) -> PurchasesFound:
    """List orders to suppliers: open, overdue, received or cancelled."""
    variants = [item.id for item in await match.items(tx, args.item, 50)] if args.item else None
    wanted = PurchaseFilter(status=args.status, supplier=args.supplier, variants=variants, overdue=args.overdue)
    total, rows = await purchases.find(tx, wanted, args.limit)
    return PurchasesFound(total=total, purchase_orders=[_seen(tx, row) for row in rows])


class ReceivePurchaseOrder(Args):
    """Arguments of `receive_purchase_order`."""

    purchase_order: PurchaseOrderNumber
    quantity: Quantity | None = None
    """How many units came; all that are outstanding when left out."""


@dataclass(frozen=True, slots=True)
class _Receipt:
    plan: ReceiptPlan
    found: Ordered


async def _receipt(tx: Tx, args: ReceivePurchaseOrder, _ctx: RunContext, _policy: Policy) -> _Receipt:
    found = await purchases.by_number(tx, args.purchase_order)
    outstanding = found.order.quantity - found.order.received_quantity
    status = PurchaseOrderStatus(found.order.status)
    plan = ReceiptPlan(number=found.order.number, status=status, quantity=args.quantity or outstanding, outstanding=outstanding)
    return _Receipt(plan, found)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.PURCHASE_RECEIVE,
    audience=Audience.STAFF,
    facts=_receipt,
    policy=lambda _policy, facts, _args, _principal: decide_receipt(facts.plan),
    examples=(
        "PO-1003 has arrived",
        "receive PO-1004, only 20 units came",
        "the delivery of purchase order PO-1003 is here, book it in",
        "goods in: 30 pieces on PO-1004",
        "half of PO-1003 was delivered today, 15 units",
        "book the goods receipt for PO-1004",
    ),
)
async def receive_purchase_order(tx: Tx, args: ReceivePurchaseOrder, _ctx: RunContext, facts: _Receipt) -> PurchaseReceived:
    """Book what a supplier delivered, in one or several parts, into its warehouse."""
    found, plan = facts.found, facts.plan
    order, left = found.order, plan.outstanding - plan.quantity
    order.received_quantity += plan.quantity
    if not left:
        current = PurchaseOrderStatus(order.status)
        order.status = change(f"purchase order {order.number}", current, PurchaseOrderStatus.RECEIVED, PURCHASE_ORDER_TRANSITIONS)
        order.closed_at = tx.now
    tx.session.add(order)
    on_hand, reserved = await stock.move(tx, order.variant_id, order.warehouse_id, plan.quantity, "received", order.number)
    tx.emit(
        "purchase.received", purchase_order=order.number, sku=found.sku, warehouse=found.warehouse, quantity=plan.quantity, outstanding=left
    )
    return PurchaseReceived(
        purchase_order=order.number,
        status=order.status,
        sku=found.sku,
        title=found.title,
        supplier=found.supplier,
        warehouse=found.warehouse,
        received=plan.quantity,
        received_in_all=order.received_quantity,
        outstanding=left,
        on_hand=on_hand,
        available=on_hand - reserved,
    )


class CancelPurchaseOrder(Args):
    """Arguments of `cancel_purchase_order`."""

    purchase_order: PurchaseOrderNumber


@dataclass(frozen=True, slots=True)
class _CallOff:
    plan: CallOffPlan
    found: Ordered


async def _call_off(tx: Tx, args: CancelPurchaseOrder, _ctx: RunContext, _policy: Policy) -> _CallOff:
    found = await purchases.by_number(tx, args.purchase_order)
    order = found.order
    outstanding = order.quantity - order.received_quantity
    plan = CallOffPlan(
        number=order.number,
        status=PurchaseOrderStatus(order.status),
        title=f"{found.title} ({found.sku})",
        supplier=found.supplier,
        received=order.received_quantity,
        outstanding=outstanding,
        value=Money(minor=order.unit_cost_minor, currency=order.currency) * outstanding,
    )
    return _CallOff(plan, found)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.PURCHASE_WRITE,
    audience=Audience.STAFF,
    facts=_call_off,
    policy=lambda _policy, facts, _args, _principal: decide_call_off(facts.plan),
    examples=(
        "cancel purchase order PO-1003",
        "we don't need PO-1004 any more",
        "call off the rest of PO-1003",
        "stop the supplier order PO-1004",
        "withdraw PO-1003, the supplier is too late",
        "annul our order PO-1004 with the supplier",
    ),
)
async def cancel_purchase_order(tx: Tx, args: CancelPurchaseOrder, _ctx: RunContext, facts: _CallOff) -> PurchaseCancelled:
    """Call off what a supplier has not delivered of an order."""
    found, plan = facts.found, facts.plan
    order = found.order
    current = PurchaseOrderStatus(order.status)
    order.status = change(f"purchase order {order.number}", current, PurchaseOrderStatus.CANCELLED, PURCHASE_ORDER_TRANSITIONS)
    order.closed_at = tx.now
    tx.session.add(order)
    tx.emit("purchase.cancelled", purchase_order=order.number, sku=found.sku, supplier=found.supplier, called_off=plan.outstanding)
    return PurchaseCancelled(
        purchase_order=order.number,
        status=order.status,
        sku=found.sku,
        title=found.title,
        supplier=found.supplier,
        received=plan.received,
        called_off=plan.outstanding,
        saved=plan.value,
    )


def _seen(tx: ReadTx, row: PurchaseOrderRow) -> PurchaseSeen:
    open_ = row.status == PurchaseOrderStatus.ORDERED
    return PurchaseSeen(
        purchase_order=row.number,
        status=PurchaseOrderStatus(row.status),
        sku=row.sku,
        title=row.title,
        supplier=row.supplier,
        warehouse=row.warehouse,
        quantity=row.quantity,
        received=row.received_quantity,
        total=Money(minor=row.unit_cost_minor, currency=row.currency) * row.quantity,
        ordered_at=row.created_at,
        expected_at=row.expected_at,
        overdue=open_ and row.expected_at < tx.now,
    )
