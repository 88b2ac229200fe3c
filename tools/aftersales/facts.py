"""What the rules on returns and tickets need to know, read under lock."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from core.errors import InvalidInput
from core.identity import RunContext
from core.money import Money
from core.statuses import ReturnReason, ReturnStatus, ReturnType, TicketPriority
from store.queries import exchanges, orders, returns
from store.queries.exchanges import Sibling
from store.tables.aftersales import Return
from store.tables.orders import Order
from store.unit import Tx
from tools.aftersales.returnable import returnable, valued
from tools.arguments import ItemRef, Note, OrderNumber, Quantity, ReturnNumber
from tools.items import meaning, resolve, terms
from tools.payments.amounts import LineValue
from tools.policy import Policy
from tools.policy.returns import Assessment, ReturnPlan, assess
from tools.spec import Args

_OFFERED = 8
"""Variants that are named when the wanted one is not clear."""


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
    """A return's plan with the locked order, the policy it was made by, and the variant that goes out instead."""

    plan: ReturnPlan
    order: Order
    policy: Policy
    exchange: Sibling | None = None

    @property
    def assessment(self) -> Assessment:
        """The one line that comes back."""
        return self.plan.lines[0]


@dataclass(frozen=True, slots=True)
class DecisionFacts:
    """A return to be decided on, locked after its order."""

    rma: Return
    order: Order
    expires_at: datetime


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
    order = await orders.by_number(tx, args.order, lock=True)
    line = _assessed(tx, policy, resolve(args.item, await valued(tx, order), order.number), args)
    kind = args.type
    if kind is ReturnType.REFUND and line.refund_as == "store_credit":
        kind = ReturnType.STORE_CREDIT
    if kind is ReturnType.REPLACEMENT:
        line = _free(line)
    return ReturnFacts(ReturnPlan(order=order.number, reason=args.reason, type=kind, lines=[line]), order, policy)


async def exchange_facts(tx: Tx, args: RequestExchange, _ctx: RunContext, policy: Policy) -> ReturnFacts:
    """Assess what comes back, and find the wanted variant in stock. An exchange costs nothing and refunds nothing."""
    order = await orders.by_number(tx, args.order, lock=True)
    value = resolve(args.item, await valued(tx, order), order.number)
    line = _assessed(tx, policy, value, args)
    wanted = _variant(args.wanted, value, await exchanges.siblings(tx, value.line.variant_id), line.quantity)
    price = Money(minor=wanted.price_minor, currency=wanted.currency)
    exchange_for = f"{line.quantity} x {wanted.title} ({wanted.sku}), {price} each"
    plan = ReturnPlan(order=order.number, reason=args.reason, type=ReturnType.EXCHANGE, lines=[_free(line)], exchange_for=exchange_for)
    return ReturnFacts(plan, order, policy, wanted)


async def decision_facts(tx: Tx, args: DecideReturn, _ctx: RunContext, policy: Policy) -> DecisionFacts:
    """Read a return under lock, its order first."""
    known = await returns.by_number(tx, args.return_number)
    order = await orders.by_id(tx, known.order_id, lock=True)
    rma = await returns.by_number(tx, args.return_number, lock=True)
    return DecisionFacts(rma, order, tx.now + timedelta(days=policy.returns.rma_valid_days))


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


def initial_status(line: Assessment) -> ReturnStatus:
    """Return where a request starts: approved when its reason needs no look."""
    return ReturnStatus.APPROVED if line.automatic else ReturnStatus.REQUESTED


def _assessed(tx: Tx, policy: Policy, value: LineValue, args: RequestReturn | RequestExchange) -> Assessment:
    line = returnable(value)
    return assess(policy.returns, line, args.reason, args.quantity or max(line.quantity_left, 1), tx.now)


def _free(line: Assessment) -> Assessment:
    zero = Money.zero(line.gross.currency)
    return line.model_copy(update={"restocking_fee": zero, "return_shipping": zero, "refund": zero})


def _variant(ref: str, value: LineValue, siblings: list[Sibling], quantity: int) -> Sibling:
    """Return the one variant that `ref` means and that is in stock.

    Raises:
        InvalidInput: none or several fit; the message lists what is in stock.
    """
    stocked = [each for each in siblings if each.available >= quantity]
    offer = _offer(stocked)
    exact = [each for each in siblings if each.sku.lower() == ref.strip().lower()]
    wanted = meaning(ref) - terms(value.title.split(",")[0])
    fitting = exact or [each for each in siblings if wanted and wanted <= terms(" ".join(each.values))]
    available = [each for each in fitting if each in stocked]
    if len(available) > 1:
        available = _closest(available, value)
    if len(available) == 1:
        return available[0]
    if available:
        raise InvalidInput(f"“{ref}” fits several variants; which one: {_offer(available)}?", field="wanted", code="variant_unclear")
    if fitting:
        raise InvalidInput(f"{fitting[0].title} is out of stock; in stock: {offer}", field="wanted", code="out_of_stock")
    raise InvalidInput(f"there is no “{ref}” of {value.title}; in stock: {offer}", field="wanted", code="variant_unknown")


def _offer(variants: list[Sibling]) -> str:
    """Return variants as a person would be asked about them, a handful at most."""
    shown = [f"{', '.join(each.values)} ({each.sku})" for each in variants[:_OFFERED]]
    more = [f"{len(variants) - _OFFERED} more"] if len(variants) > _OFFERED else []
    return ", ".join([*shown, *more]) or "no other variant"


def _closest(variants: list[Sibling], value: LineValue) -> list[Sibling]:
    """Keep the variants that share most options with the item: somebody who says size 43 keeps the colour."""
    bought = terms(value.title)
    shared = [len(bought & terms(" ".join(each.values))) for each in variants]
    return [each for each, count in zip(variants, shared, strict=True) if count == max(shared)]
