"""Segments of customers: by a rule, or by hand."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from core.errors import NotFound
from core.identity import Permission, RunContext
from store.queries import segments, tenants
from store.queries.segments import Bounds
from store.tables.customers import Customer
from store.tables.relations import Segment, SegmentMember
from store.unit import ReadTx, Tx
from tools.arguments import CustomerRef, Limit
from tools.customers.module import module
from tools.customers.results import SegmentAssigned, SegmentShown, SegmentsListed
from tools.customers.which import meant
from tools.policy import Policy
from tools.policy.customers import SegmentPlan, decide_segment
from tools.policy.segments import SegmentRule
from tools.spec import Args, Audience, Effect

SegmentRef = Annotated[str, Field(min_length=1, max_length=80, description="Which segment, such as vip or sleeping customers")]


def bounds_of(tx: ReadTx, segment: Segment, currency: str) -> Bounds | None:
    """Return a segment's rule as instants and amounts, None when its members are put in by hand."""
    if segment.rule is None:
        return None
    rule = SegmentRule.model_validate(segment.rule)
    return Bounds(
        currency=currency,
        since=tx.now - timedelta(days=rule.window_days),
        min_orders=rule.min_orders,
        min_spent=rule.min_spent_minor,
        min_returns=rule.min_returns,
        idle_since=tx.now - timedelta(days=rule.idle_days) if rule.idle_days else None,
        joined_since=tx.now - timedelta(days=rule.joined_days) if rule.joined_days else None,
    )


async def count_segments(tx: Tx, every: timedelta) -> int:
    """Write down who is in the segments by rule that were not counted for so long, and return how many segments that were."""
    currency = (await tenants.current(tx)).currency
    due = await segments.to_count(tx, tx.now - every)
    for each in due:
        bounds = bounds_of(tx, each, currency)
        assert bounds is not None, "only segments by rule are counted"
        await segments.count(tx, each.id, bounds)
    return len(due)


class ListSegments(Args):
    """Which segments to list."""

    segment: SegmentRef | None = None
    """Only this one, with its newest members."""
    limit: Limit = 10


@module.tool(
    effect=Effect.READ,
    permission=Permission.CUSTOMER_READ,
    audience=Audience.STAFF,
    examples=(
        "which customer segments do we have",
        "who is in the segment vip",
        "list segments",
        "how many customers are sleeping",
        "show the members of frequent returners",
        "customer groups please",
    ),
)
async def list_segments(tx: ReadTx, args: ListSegments, _ctx: RunContext) -> SegmentsListed:
    """List segments of customers with how many are in each, or one with its newest members."""
    wanted = await segments.everything(tx)
    if args.segment is not None:
        wanted = [each for each in wanted if slug_of(args.segment) in {each.slug, slug_of(each.name)}]
        if not wanted:
            raise NotFound("segment", args.segment)
    shown: list[SegmentShown] = []
    for each in wanted:
        by_rule = each.rule is not None
        rule = SegmentRule.model_validate(each.rule).words if by_rule else "made by hand"
        total = each.members if by_rule else await segments.count_by_hand(tx, each.id)
        newest = await segments.newest(tx, each.id, args.limit) if args.segment else []
        names = [f"{member.name} ({member.email})" for member in newest]
        at = each.counted_at if by_rule else tx.now
        shown.append(SegmentShown(segment=each.slug, name=each.name, members=total, counted_at=at, rule=rule, customers=names))
    return SegmentsListed(segments=shown)


class AssignSegment(Args):
    """Whom to put into which segment."""

    customer: CustomerRef
    segment: SegmentRef
    remove: bool = False
    """Take the customer out instead."""
    create: bool = False
    """Make the segment when there is none of that name."""


@dataclass(frozen=True, slots=True)
class _Assign:
    customer: Customer
    segment: Segment | None
    plan: SegmentPlan


async def _assign(tx: Tx, args: AssignSegment, _ctx: RunContext, _policy: Policy) -> _Assign:
    customer = await meant(tx, args.customer, lock=True)
    known = await segments.everything(tx)
    wanted = slug_of(args.segment)
    segment = next((each for each in known if wanted in {each.slug, slug_of(each.name)}), None)
    plan = SegmentPlan(
        segment=segment.slug if segment else wanted,
        by_rule=segment is not None and segment.rule is not None,
        exists=segment is not None,
        create=args.create,
        member=segment is not None and await segments.member(tx, segment.id, customer.id) is not None,
        remove=args.remove,
        others=[each.slug for each in known if each.rule is None][:5],
    )
    return _Assign(customer, segment, plan)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.CUSTOMER_WRITE,
    audience=Audience.STAFF,
    facts=_assign,
    policy=lambda _policy, facts, _args, _principal: decide_segment(facts.plan),
    examples=(
        "put Alice Moreau into the segment vip",
        "add bruno@mail.example to the group wholesale",
        "remove Clara Jensen from vip",
        "tag this customer as a vip segment member",
        "assign Bruno Keller to the segment press",
        "take alice@mail.example out of the vip group",
    ),
)
async def assign_segment(tx: Tx, args: AssignSegment, _ctx: RunContext, assign: _Assign) -> SegmentAssigned:
    """Put a customer into a hand-made segment, or take one out."""
    customer, segment = assign.customer, assign.segment
    if segment is None:
        segment = tx.add(Segment(tenant_id=tx.tenant_id, slug=assign.plan.segment, name=args.segment[:80], created_at=tx.now))
        await tx.session.flush()
    if args.remove:
        await segments.take_out(tx, segment.id, customer.id)
    else:
        by = (tx.principal.name or tx.principal.role.value)[:120]
        member = SegmentMember(tenant_id=tx.tenant_id, segment_id=segment.id, customer_id=customer.id, added_by=by, added_at=tx.now)
        tx.add(member)
        await tx.session.flush()
    tx.emit("customer.segment_changed", customer=str(customer.id), segment=segment.slug, member=not args.remove)
    count = await segments.count_by_hand(tx, segment.id)
    return SegmentAssigned(customer=customer.name, segment=segment.name, member=not args.remove, members=count)


def slug_of(text: str) -> str:
    """Return how a segment is kept: small letters and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-")[:40] or "segment"
