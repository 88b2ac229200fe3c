"""Warranty: whether an item is still covered, a claim for it, and what the shop decides."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from core.aftersales import WARRANTY_TRANSITIONS, WarrantyRemedy, WarrantyStatus
from core.errors import InvalidInput
from core.identity import Permission, Principal, RunContext
from core.money import Money
from core.statuses import change
from store.queries import counters, order_lines, orders, payments, warranty
from store.queries.order_lines import LineState
from store.queries.warranty import ClaimRow
from store.tables.aftersales import WarrantyClaim
from store.tables.orders import Order
from store.tables.payments import Payment
from store.unit import ReadTx, Tx
from tools.aftersales.again import Again, find_again, send_again
from tools.aftersales.covered import ClaimDecided, ClaimFiled, ClaimShown, ClaimsListed, Coverage, ItemCovered
from tools.aftersales.module import module
from tools.aftersales.returnable import valued
from tools.arguments import ItemRef, Limit, Note, OrderNumber, Quantity, WarrantyNumber
from tools.items import resolve
from tools.payments.amounts import captured_and_refunded
from tools.payments.paying_back import pay_back
from tools.policy import Policy
from tools.policy.decision import Decision
from tools.policy.warranty import CoveragePlan, VerdictPlan, WarrantyPolicy, decide_claim, decide_verdict
from tools.result import Quote
from tools.spec import Args, Audience, Effect


class CheckWarranty(Args):
    """Which order's items."""

    order: OrderNumber
    item: ItemRef | None = None
    """Only this item; all when left out."""


class ClaimWarranty(Args):
    """What failed, and how."""

    order: OrderNumber
    item: ItemRef | None = None
    """Which item; needed when the order has several."""
    quantity: Quantity = 1
    """How many units of it failed."""
    problem: Annotated[
        str,
        Field(min_length=1, max_length=2000, description="What is wrong, in the customer's words", json_schema_extra={"format": "text"}),
    ]


class OneClaim(Args):
    """Which claim."""

    claim: WarrantyNumber


class DecideWarrantyClaim(OneClaim):
    """What the shop decides."""

    approve: bool
    """Yes to accept it, no to reject it."""
    remedy: WarrantyRemedy | None = None
    """What the customer gets for an accepted claim: a repair, a replacement or a refund."""
    note: Note = ""
    """Why, for the customer."""


class ListWarrantyClaims(Args):
    """Which claims to list."""

    status: WarrantyStatus | None = None
    """Only claims in this state."""
    order: OrderNumber | None = None
    """Only claims for this order."""
    overdue_only: bool = False
    """Only those that should have been decided."""
    limit: Limit = 10


@dataclass(frozen=True, slots=True)
class _Claim:
    """A claim before it is made: the locked order with the line that it is about."""

    order: Order
    line: LineState
    plan: CoveragePlan
    policy: Policy


@dataclass(frozen=True, slots=True)
class _Verdict:
    """A locked claim, after its order and payments, with what its remedy needs."""

    claim: WarrantyClaim
    order: Order
    sources: Sequence[Payment]
    again: list[Again]
    plan: VerdictPlan


async def _policy(_tx: ReadTx, _args: Args, _ctx: RunContext, policy: Policy) -> WarrantyPolicy:
    return policy.warranty


@module.tool(
    effect=Effect.READ,
    permission=Permission.RETURN_READ,
    facts=_policy,
    examples=(
        "is the headset from order 1017 still under warranty",
        "how long is the guarantee on order 1042",
        "does the warranty of my lamp, order 1042, still hold",
        "when does the warranty of order 1017 end",
        "am I covered if the jacket from 1042 falls apart",
        "warranty status of order 1042",
    ),
)
async def check_warranty(tx: ReadTx, args: CheckWarranty, _ctx: RunContext, policy: WarrantyPolicy) -> Coverage:
    """Tell until when the items of an order are under warranty."""
    order = await orders.by_number(tx, args.order)
    lines = await order_lines.states(tx, order)
    meant = [resolve(args.item, lines, order.number)] if args.item else lines
    return Coverage(order=order.number, items=[await _covered(tx, policy, line) for line in meant])


async def _covered(tx: ReadTx, policy: WarrantyPolicy, line: LineState) -> ItemCovered:
    until = policy.covered_until(line.category, line.delivered_at) if line.delivered_at else None
    return ItemCovered(
        sku=line.sku,
        title=line.title,
        delivered_at=line.delivered_at,
        covered_until=until,
        covered=until is not None and until >= tx.now,
        open_claim=(await warranty.of_line(tx, line.id)).open_claim,
    )


async def _claim(tx: Tx, args: ClaimWarranty, _ctx: RunContext, policy: Policy) -> _Claim:
    order = await orders.by_number(tx, args.order, lock=True)
    line = resolve(args.item, await order_lines.states(tx, order), order.number)
    known = await warranty.of_line(tx, line.id)
    plan = CoveragePlan(
        order=order.number,
        title=line.title,
        delivered_at=line.delivered_at,
        covered_until=policy.warranty.covered_until(line.category, line.delivered_at) if line.delivered_at else None,
        units_left=max(line.returnable - known.refunded_units, 0),
        quantity=args.quantity,
        open_claim=known.open_claim,
        now=tx.now,
    )
    return _Claim(order, line, plan, policy)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.WARRANTY_CLAIM,
    facts=_claim,
    policy=lambda _policy, facts, _args, _principal: decide_claim(facts.plan),
    examples=(
        "make a warranty claim for the headset from order 1017: no sound on the left",
        "file a warranty claim, order 1042: the lamp does not turn on any more",
        "warranty case for order 1017, the zip broke after half a year",
        "I want to use my warranty on the power bank from 1042, it does not charge",
        "claim the guarantee for the jacket of order 1042, a seam opened",
        "open a warranty claim on 1017: the screen flickers",
    ),
)
async def claim_warranty(tx: Tx, args: ClaimWarranty, _ctx: RunContext, facts: _Claim) -> ClaimFiled:
    """File a warranty claim for an item that failed long after its delivery; a person decides on it."""
    order, plan, policy = facts.order, facts.plan, facts.policy
    assert plan.covered_until is not None, "the rule refused what was not delivered"
    number = f"W-{await counters.take(tx, 'warranty')}"
    tx.add(
        WarrantyClaim(
            tenant_id=tx.tenant_id,
            number=number,
            customer_id=order.customer_id,
            order_id=order.id,
            order_line_id=facts.line.id,
            quantity=args.quantity,
            problem=args.problem,
            covered_until=plan.covered_until,
            policy_version=policy.version,
            opened_at=tx.now,
        )
    )
    orders.note(tx, order, "warranty.claimed", f"Warranty claim {number} for {args.quantity} x {plan.title}")
    tx.emit("warranty.claimed", claim=number, order=order.number, sku=facts.line.sku, quantity=args.quantity)
    return ClaimFiled(
        claim=number,
        order=order.number,
        title=plan.title,
        quantity=args.quantity,
        covered_until=plan.covered_until,
        decided_by=tx.now + timedelta(days=policy.warranty.decide_days),
    )


async def _verdict(tx: Tx, args: DecideWarrantyClaim, _ctx: RunContext, _policy: Policy) -> _Verdict:
    if args.approve and args.remedy is None:
        raise InvalidInput("a repair, a replacement or a refund?", field="remedy", code="remedy_missing")
    known = await warranty.by_number(tx, args.claim)
    order = await orders.by_id(tx, known.order_id, lock=True)
    sources = await payments.of_order(tx, order.id, lock=True)
    claim = await warranty.by_number(tx, args.claim, lock=True)
    value = next(each for each in await valued(tx, order) if each.line.id == claim.order_line_id)
    remedy = args.remedy if args.approve else None
    again: list[Again] = []
    if remedy is WarrantyRemedy.REPLACEMENT:
        again = await find_again(tx, [(await orders.line(tx, claim.order_line_id), value.line.variant_id, claim.quantity)])
    _, refunded = captured_and_refunded(sources, order.currency)
    plan = VerdictPlan(
        claim=claim.number,
        order=order.number,
        title=value.title,
        status=WarrantyStatus(claim.status),
        remedy=remedy,
        amount=value.share(claim.quantity) if remedy is WarrantyRemedy.REFUND else Money.zero(order.currency),
        refunded=refunded,
        in_stock=all(each.level is not None for each in again),
    )
    return _Verdict(claim, order, sources, again, plan)


def _may_decide(policy: Policy, facts: _Verdict, _args: Args, _principal: Principal) -> Decision:
    return decide_verdict(policy.refunds, facts.plan)


@module.tool(
    effect=Effect.OUTBOUND,
    permission=Permission.WARRANTY_DECIDE,
    audience=Audience.STAFF,
    facts=_verdict,
    policy=_may_decide,
    examples=(
        "approve warranty claim W-1001 with a replacement",
        "reject W-1004, water damage is not covered",
        "accept W-1002 and refund it",
        "W-1003 is ours, repair it",
        "decline the warranty claim W-1005: worn out by use",
        "grant W-1001, send a new one",
    ),
)
async def decide_warranty_claim(tx: Tx, args: DecideWarrantyClaim, ctx: RunContext, facts: _Verdict) -> ClaimDecided:
    """Accept a warranty claim with a repair, a replacement or a refund, or reject it; the customer is told."""
    claim, order, plan = facts.claim, facts.order, facts.plan
    wanted = WarrantyStatus.APPROVED if plan.remedy else WarrantyStatus.REJECTED
    claim.status = change(f"warranty claim {claim.number}", plan.status, wanted, WARRANTY_TRANSITIONS)
    claim.remedy, claim.note, claim.decided_at = plan.remedy, args.note, tx.now
    if plan.remedy is WarrantyRemedy.REFUND:
        claim.refunded_minor = plan.amount.minor
        lines = [(claim.order_line_id, plan.amount.minor)]
        await pay_back(tx, ctx, order, facts.sources, lines, plan.amount, f"warranty {claim.number}")
    number = None
    if plan.remedy is WarrantyRemedy.REPLACEMENT:
        again = await send_again(tx, order, facts.again, f"warranty claim {claim.number}")
        claim.replacement_order_id, number = again.id, again.number
        tx.emit("order.placed", order=number, channel=again.channel, claim=claim.number)
    tx.session.add(claim)
    how = f" with a {plan.remedy}" if plan.remedy else ""
    orders.note(tx, order, f"warranty.{wanted}", f"Warranty claim {claim.number} {wanted}{how}{f': {args.note}' if args.note else ''}")
    tx.emit(f"warranty.{wanted}", claim=claim.number, order=order.number, remedy=plan.remedy, replacement_order=number)
    told = {"claim": claim.number, "item": plan.title, "remedy": plan.remedy or "", "note": args.note, "replacement": number or ""}
    data = {**told, "amount": str(plan.amount)}
    tx.emit("email.requested", customer=str(order.customer_id), template="warranty_decided", order=order.number, data={**data})
    return ClaimDecided(
        claim=claim.number, order=order.number, status=wanted, remedy=plan.remedy, refunded=plan.amount, replacement_order=number
    )


@module.tool(
    effect=Effect.READ,
    permission=Permission.RETURN_READ,
    facts=_policy,
    examples=(
        "show warranty claim W-1001",
        "what became of W-1004",
        "status of my warranty claim W-1002",
        "was claim W-1003 decided yet",
        "details of W-1005",
        "where does my guarantee case W-1001 stand",
    ),
)
async def get_warranty_claim(tx: ReadTx, args: OneClaim, _ctx: RunContext, policy: WarrantyPolicy) -> ClaimShown:
    """Show one warranty claim: what failed, and what was decided."""
    late = tx.now - timedelta(days=policy.decide_days)
    return _shown(tx, await warranty.shown(tx, args.claim, late), late)


@module.tool(
    effect=Effect.READ,
    permission=Permission.RETURN_READ,
    facts=_policy,
    examples=(
        "list the open warranty claims",
        "which warranty claims are overdue",
        "my warranty claims",
        "warranty claims for order 1042",
        "which guarantee cases did we reject",
        "warranty claims waiting for a decision",
    ),
)
async def list_warranty_claims(tx: ReadTx, args: ListWarrantyClaims, _ctx: RunContext, policy: WarrantyPolicy) -> ClaimsListed:
    """List warranty claims, the open ones first."""
    order = await orders.by_number(tx, args.order) if args.order else None
    late = tx.now - timedelta(days=policy.decide_days)
    found = await warranty.find(
        tx, status=args.status, order_id=order.id if order else None, overdue_only=args.overdue_only, late=late, limit=args.limit
    )
    return ClaimsListed(
        total=found[0].total if found else 0,
        overdue=found[0].overdue if found else 0,
        claims=[_shown(tx, row, late) for row in found],
    )


def _shown(tx: ReadTx, row: ClaimRow, late: datetime) -> ClaimShown:
    return ClaimShown(
        claim=row.number,
        status=WarrantyStatus(row.status),
        remedy=WarrantyRemedy(row.remedy) if row.remedy else None,
        order=row.order,
        customer=None if tx.principal.is_customer else row.customer,
        sku=row.sku,
        title=row.title,
        quantity=row.quantity,
        problem=Quote.customer(row.problem),
        note=row.note,
        covered_until=row.covered_until,
        opened_at=row.opened_at,
        decided_at=row.decided_at,
        refunded=Money(minor=row.refunded_minor, currency=row.currency),
        replacement_order=row.replacement,
        overdue=row.status == WarrantyStatus.OPEN and row.opened_at < late,
    )
