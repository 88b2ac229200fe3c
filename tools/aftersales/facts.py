"""What the rules on returns and tickets need to know, read under lock."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from core.errors import InvalidInput
from core.identity import RunContext
from core.money import Money
from core.statuses import PaymentKind, ReturnReason, ReturnStatus, ReturnType, TicketPriority
from store.queries import exchanges, orders, payments
from store.queries.exchanges import Sibling
from store.tables.aftersales import Return
from store.tables.orders import Order
from store.tables.payments import PaymentMethod
from store.unit import Tx
from tools.aftersales.locking import locked
from tools.aftersales.returnable import returnable, valued
from tools.arguments import ItemRef, Note, OrderNumber, Quantity, ReturnNumber
from tools.items import resolve
from tools.payments.amounts import LineValue
from tools.payments.methods import PaymentMethodRef, admit_target, balance, chosen
from tools.policy import Policy
from tools.policy import returns as returns_policy
from tools.policy.decision import Decision
from tools.policy.handling_returns import StepPlan
from tools.policy.returns import Assessment, ReturnedOrder, ReturnPlan, Settlement, assess, free
from tools.spec import Args
from tools.variants import variant

_AT_ONCE = 20
"""Further items in one request."""


class MoreUnits(BaseModel):
    """Another item that comes back with the first."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    item: ItemRef
    quantity: Quantity | None = None
    """How many units; all that can come back when left out."""


class MorePairs(MoreUnits):
    """Another item that is exchanged with the first."""

    wanted: Annotated[str, Field(min_length=1, max_length=120, description="The wanted variant of this item")]


class RequestReturn(Args):
    """What comes back, and why."""

    order: OrderNumber
    item: ItemRef | None = None
    """Which item; needed when the order has several."""
    quantity: Quantity | None = None
    """How many units; all that can come back when left out."""
    reason: ReturnReason
    """Why it comes back."""
    type: ReturnType = ReturnType.REFUND
    """What the customer wants for it; for another variant, request an exchange."""
    more: Annotated[tuple[MoreUnits, ...], Field(max_length=_AT_ONCE, description="Further items that come back in the same request")] = ()
    refund_to: PaymentMethodRef | None = None
    """Where the money goes; back to the original payment when left out."""
    note: Note = ""
    """What the customer says about it."""


class RequestExchange(Args):
    """What comes back, and which variant goes out instead."""

    order: OrderNumber
    item: ItemRef | None = None
    """Which item; needed when the order has several."""
    wanted: Annotated[str, Field(min_length=1, max_length=120, description="The wanted variant: a SKU, or options such as size 43 black")]
    quantity: Quantity | None = None
    """How many units; all that can come back when left out."""
    reason: ReturnReason = ReturnReason.SIZE_FIT
    """Why it comes back."""
    more: Annotated[tuple[MorePairs, ...], Field(max_length=_AT_ONCE, description="Further items to exchange in the same request")] = ()
    payment_method: PaymentMethodRef | None = None
    """What pays a price difference, or gets it back; the original payment when left out."""
    note: Note = ""
    """What the customer says about it."""


class DecideReturn(Args):
    """Which return to decide on, and how."""

    return_number: ReturnNumber
    approve: bool
    """Yes to approve it, no to reject it."""
    note: Note = ""
    """Why, for the timeline."""


class OpenTicket(Args):
    """What a person should look at."""

    subject: Annotated[str, Field(min_length=1, max_length=200, description="What it is about, in a few words")]
    message: Annotated[str, Field(min_length=1, max_length=2000, description="The question or complaint, in the customer's words")]
    order: OrderNumber | None = None
    """Which order it is about, if any."""
    priority: TicketPriority = TicketPriority.NORMAL
    """How urgent it is."""


@dataclass(frozen=True, slots=True)
class ReturnFacts:
    """A return's plan with the locked order and the policy it was made by; `refused` says why there is no plan."""

    order: Order
    policy: Policy
    refused: Decision | None = None
    plan: ReturnPlan | None = None
    wanted: tuple[Sibling, ...] = ()
    """For an exchange, what goes out instead of each line of the plan."""
    method: PaymentMethod | None = None


@dataclass(frozen=True, slots=True)
class DecisionFacts:
    """A return to be decided on, locked after its order."""

    rma: Return
    order: Order
    expires_at: datetime
    step: StepPlan


class TicketPlan(BaseModel):
    """Whose ticket it is and until when it is answered."""

    customer_id: UUID
    order_id: UUID | None
    first_reply_due_at: datetime
    resolve_due_at: datetime


async def return_facts(tx: Tx, args: RequestReturn, _ctx: RunContext, policy: Policy) -> ReturnFacts:
    """Assess what comes back. The order's lock keeps two requests from returning the same units."""
    if args.type is ReturnType.EXCHANGE:
        raise InvalidInput("name the wanted size or colour and request an exchange instead", field="type", code="use_exchange")
    order, values = await _opened(tx, args.order)
    if refused := returns_policy.admit(policy.returns, _state(order, values)):
        return ReturnFacts(order, policy, refused)
    method = await chosen(tx, args.refund_to, order.customer_id) if args.refund_to else None
    if method is not None:
        sources = await payments.of_order(tx, order.id)
        admit_target(method, sources)
        paid_with = {paid.payment_method_id for paid in sources}
        kind = PaymentKind(method.kind)
        if refused := returns_policy.destination(policy.returns, kind, method.label, original=method.id in paid_with):
            return ReturnFacts(order, policy, refused)
    lines = [line for part in coming_back(tx, policy, order, values, args) for line in part]
    kind = args.type
    if kind is ReturnType.REFUND and method is None and any(line.refund_as == "store_credit" for line in lines):
        kind = ReturnType.STORE_CREDIT
    if kind is ReturnType.REPLACEMENT:
        lines = [free(line) for line in lines]
    plan = ReturnPlan(order=order.number, reason=args.reason, type=kind, lines=lines, refund_to=method.label if method else None)
    return ReturnFacts(order, policy, plan=plan, method=method)


async def exchange_facts(tx: Tx, args: RequestExchange, _ctx: RunContext, policy: Policy) -> ReturnFacts:
    """Assess what comes back, and find the wanted variants in stock. An exchange costs what the wanted variants cost more."""
    order, values = await _opened(tx, args.order)
    if refused := returns_policy.admit(policy.returns, _state(order, values)):
        return ReturnFacts(order, policy, refused)
    parts = coming_back(tx, policy, order, values, args)
    lines = [free(line) for part in parts for line in part]
    plan = ReturnPlan(order=order.number, reason=args.reason, type=ReturnType.EXCHANGE, lines=lines)
    if not all(line.eligible for line in lines):
        return ReturnFacts(order, policy, plan=plan)
    by_line = {str(value.line.id): value.line for value in values}
    wanted: list[Sibling] = []
    for ref, part in zip([args.wanted, *(pair.wanted for pair in args.more)], parts, strict=True):
        own = by_line[part[0].line_id].variant_id
        siblings = await exchanges.siblings(tx, own, with_own=policy.returns.exchange_for_same_variant)
        found = variant(ref, part[0].title, siblings, sum(line.quantity for line in part))
        wanted += [found] * len(part)
    method = await chosen(tx, args.payment_method, order.customer_id, lock=True) if args.payment_method else None
    more = sum((new.price_minor - by_line[old.line_id].unit_price_minor) * old.quantity for old, new in zip(lines, wanted, strict=True))
    if more < 0:
        admit_target(method, await payments.of_order(tx, order.id))
    shown = [
        f"{line.quantity} x {new.title} ({new.sku}), {Money(minor=new.price_minor, currency=new.currency)} each"
        for line, new in zip(lines, wanted, strict=True)
    ]
    settlement = Settlement(
        difference=Money(minor=more, currency=order.currency),
        method=method.label if method else "the original payment",
        balance=balance(method) if method else None,
    )
    plan = plan.model_copy(update={"exchange_for": "; ".join(shown), "settlement": settlement})
    return ReturnFacts(order, policy, plan=plan, wanted=tuple(wanted), method=method)


async def decision_facts(tx: Tx, args: DecideReturn, _ctx: RunContext, policy: Policy) -> DecisionFacts:
    """Read a return under lock, its order first."""
    handled = await locked(tx, args.return_number)
    return DecisionFacts(handled.rma, handled.order, tx.now + timedelta(days=policy.returns.rma_valid_days), handled.step)


async def ticket_facts(tx: Tx, args: OpenTicket, ctx: RunContext, policy: Policy) -> TicketPlan:
    """Read whose ticket it is and when it is due."""
    order = await orders.by_number(tx, args.order) if args.order else None
    customer = order.customer_id if order else ctx.principal.customer_id
    if customer is None:
        raise InvalidInput("which order is it about? a ticket belongs to a customer", field="order", code="order_needed")
    return TicketPlan(
        customer_id=customer,
        order_id=order.id if order else None,
        first_reply_due_at=tx.now + timedelta(minutes=policy.service.first_response_minutes),
        resolve_due_at=tx.now + timedelta(hours=policy.service.resolution_hours),
    )


def initial_status(plan: ReturnPlan) -> ReturnStatus:
    """Return where a request starts: approved when no item's reason needs a look."""
    return ReturnStatus.APPROVED if all(line.automatic for line in plan.lines) else ReturnStatus.REQUESTED


def coming_back(
    tx: Tx, policy: Policy, order: Order, values: list[LineValue], args: RequestReturn | RequestExchange
) -> list[list[Assessment]]:
    """Return what comes back for each named item: one assessment, or several when it is spread over lines of the same SKU."""
    left = {value.line.id: value.line.returnable for value in values}
    parts: list[list[Assessment]] = []
    for ref, quantity in [(args.item, args.quantity), *((each.item, each.quantity) for each in args.more)]:
        sku = resolve(ref, values, order.number).sku
        same = [value for value in values if value.sku == sku]
        units = quantity or max(sum(left[value.line.id] for value in same), 1)
        part: list[Assessment] = []
        for value in same:
            taken = units if value is same[-1] else min(units, left[value.line.id])
            if taken <= 0:
                continue
            line = returnable(value).model_copy(update={"quantity_left": left[value.line.id]})
            part.append(assess(policy.returns, line, args.reason, taken, tx.now))
            left[value.line.id] -= taken
            units -= taken
        parts.append(part)
    return parts


async def _opened(tx: Tx, number: str) -> tuple[Order, list[LineValue]]:
    order = await orders.by_number(tx, number, lock=True)
    return order, await valued(tx, order)


def _state(order: Order, values: list[LineValue]) -> ReturnedOrder:
    return ReturnedOrder(
        order=order.number,
        delivered=any(value.line.delivered for value in values),
        returning=any(value.line.returning for value in values),
    )
