"""Claims against carriers: opened with what was lost, answered by the carrier."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import Field

from core.errors import InvalidInput
from core.fulfilment import CLAIM_TRANSITIONS, NOT_SENT, ClaimStatus, IncidentKind
from core.identity import Permission, RunContext
from core.money import Money
from core.statuses import ShipmentStatus, change
from store.queries import allocation, carriers, claims, counters, orders, shipments
from store.queries.allocation import OpenLine
from store.queries.shipments import Parcel
from store.tables.carriers import CarrierClaim
from store.tables.orders import Order
from store.unit import ReadTx, Tx
from tools.arguments import Amount, ItemRef, Limit, Note, OrderNumber
from tools.items import resolve
from tools.policy import Policy
from tools.policy.carriers import AnswerPlan, ClaimPlan, decide_answer, decide_claim
from tools.policy.shares import net_of_discount
from tools.result import Quote
from tools.spec import Args, Audience, Effect
from tools.transport.making_good import Incident, make_good
from tools.transport.module import module
from tools.transport.offers import CarrierRef, ShipmentRef
from tools.transport.owed import ClaimAnswered, ClaimOpened, ClaimShown, ClaimsListed

ClaimNumber = Annotated[
    str, Field(pattern=r"^[Cc]-[0-9]{1,18}$", description="Claim number, such as C-1001", json_schema_extra={"format": "claim-number"})
]


class OpenCarrierClaim(Args):
    """What is claimed, and why."""

    order: OrderNumber
    kind: IncidentKind
    """Whether the parcel was late, damaged or lost."""
    item: ItemRef | None = None
    """Which item was damaged or lost; the whole parcel when left out."""
    description: Note = ""
    """What happened, in the customer's words."""
    photos: Annotated[list[Annotated[str, Field(min_length=1, max_length=300)]], Field(max_length=20)] = Field(default_factory=list[str])
    """References of photos of the box and the item; needed for damage."""
    shipment: ShipmentRef | None = None
    """Which parcel; needed when the order has several."""


class DecideCarrierClaim(Args):
    """What the carrier answered."""

    claim: ClaimNumber
    accepted: bool
    """Whether the carrier pays."""
    amount: Amount | None = None
    """How much it pays; all that was claimed when left out."""
    note: Note = ""
    """What the carrier says."""


class ListCarrierClaims(Args):
    """Which claims to list."""

    status: ClaimStatus | None = None
    """Only claims in this state."""
    carrier: CarrierRef | None = None
    """Only claims against this carrier."""
    limit: Limit = 10


@dataclass(frozen=True, slots=True)
class _Claim:
    """A claim before it is made, with the locked order and the parcel that it is about."""

    order: Order
    parcel: Parcel
    plan: ClaimPlan
    noted: bool
    """Whether the incident was made good before."""
    credit: Money
    policy_version: int


@dataclass(frozen=True, slots=True)
class _Answer:
    """A locked claim with the carrier's answer."""

    claim: CarrierClaim
    plan: AnswerPlan


async def _claim(tx: Tx, args: OpenCarrierClaim, _ctx: RunContext, policy: Policy) -> _Claim:
    order = await orders.by_number(tx, args.order, lock=True)
    parcel = _parcel(args, order, (await shipments.of_orders(tx, [order.id])).get(order.id, []))
    shipment, promised = parcel.shipment, parcel.shipment.promised_at
    amount = await _price(tx, parcel, order.currency)
    if args.kind is not IncidentKind.LATE:
        lines = await allocation.lines(tx, order.id)
        amount += _goods(order, lines, await shipments.contents(tx, shipment.id), args.item)
    plan = ClaimPlan(
        shipment=shipment.number,
        kind=args.kind,
        status=ShipmentStatus(shipment.status),
        late=promised is not None and promised < (shipment.delivered_at or tx.now),
        photos=len(args.photos),
        claimed=await claims.of_shipment(tx, shipment.id, args.kind) is not None,
        days_since_promise=(tx.now - promised).days if promised else 0,
        amount=amount,
    )
    noted = bool(await claims.incidents(tx, [shipment.id], args.kind))
    minor = policy.service.damage_credit_minor if args.kind is IncidentKind.DAMAGED else 0
    return _Claim(order, parcel, plan, noted, Money(minor=minor, currency=order.currency), policy.version)


@module.tool(
    effect=Effect.OUTBOUND,
    permission=Permission.CLAIM_OPEN,
    audience=Audience.STAFF,
    facts=_claim,
    policy=lambda policy, facts, _args, _principal: decide_claim(policy.carriers, facts.plan),
    examples=(
        "open a claim against the carrier: order 1042 arrived damaged, photo box.jpg",
        "claim the lost parcel of order 1042",
        "the carrier lost order 1017, we want our money",
        "file a damage claim for order 1042 with photos a.jpg and b.jpg",
        "claim the shipping cost of 1042, it came late",
        "make DPD pay for the crushed lamp of order 1042",
    ),
)
async def open_carrier_claim(tx: Tx, args: OpenCarrierClaim, _ctx: RunContext, facts: _Claim) -> ClaimOpened:
    """Open a claim against a carrier for a late, damaged or lost parcel; a damaged one is credited to the customer at once."""
    order, (shipment, carrier), plan = facts.order, facts.parcel, facts.plan
    credited = Money.zero(order.currency)
    if not facts.noted and args.kind is not IncidentKind.LATE:
        await make_good(tx, Incident(order, shipment, carrier, args.kind, facts.credit, facts.policy_version))
        credited = facts.credit
    number = f"C-{await counters.take(tx, 'claim')}"
    tx.add(
        CarrierClaim(
            tenant_id=tx.tenant_id,
            number=number,
            shipment_id=shipment.id,
            carrier_id=shipment.carrier_id,
            kind=args.kind,
            description=args.description,
            photos=[*args.photos],
            amount_minor=plan.amount.minor,
            currency=plan.amount.currency,
            opened_at=tx.now,
        )
    )
    orders.note(tx, order, "carrier.claim_opened", f"Claim {number} against {carrier} for {plan.amount}: {args.kind}")
    tx.emit(
        "carrier.claim_opened",
        claim=number,
        order=order.number,
        shipment=shipment.number,
        carrier=carrier,
        kind=args.kind.value,
        amount=plan.amount.model_dump(),
    )
    return ClaimOpened(
        claim=number,
        order=order.number,
        shipment=shipment.number,
        carrier=carrier,
        kind=args.kind,
        amount=plan.amount,
        credited=credited,
    )


async def _answer(tx: Tx, args: DecideCarrierClaim, _ctx: RunContext, _policy: Policy) -> _Answer:
    claim = await claims.by_number(tx, args.claim.upper())
    amount = Money(minor=claim.amount_minor, currency=claim.currency)
    awarded = Money.zero(claim.currency)
    if args.accepted:
        awarded = _parsed(args.amount, claim.currency) if args.amount else amount
    return _Answer(claim, AnswerPlan(claim=claim.number, status=ClaimStatus(claim.status), amount=amount, awarded=awarded))


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.CLAIM_DECIDE,
    audience=Audience.STAFF,
    facts=_answer,
    policy=lambda _policy, facts, _args, _principal: decide_answer(facts.plan),
    examples=(
        "the carrier accepted claim C-1001",
        "DPD rejects C-1004, the address was wrong",
        "claim C-1002 was accepted for 40.00",
        "UPS pays only 12.50 on C-1003",
        "record that C-1005 was turned down",
        "C-1001 is settled in full",
    ),
)
async def decide_carrier_claim(tx: Tx, args: DecideCarrierClaim, _ctx: RunContext, facts: _Answer) -> ClaimAnswered:
    """Record a carrier's answer to a claim: accepted, in full or in part, or rejected."""
    claim, plan = facts.claim, facts.plan
    wanted = ClaimStatus.ACCEPTED if args.accepted else ClaimStatus.REJECTED
    claim.status = change(f"claim {claim.number}", ClaimStatus(claim.status), wanted, CLAIM_TRANSITIONS)
    claim.awarded_minor, claim.note, claim.decided_at = plan.awarded.minor, args.note, tx.now
    tx.session.add(claim)
    tx.emit(f"carrier.claim_{wanted}", claim=claim.number, awarded=plan.awarded.model_dump(), note=args.note)
    return ClaimAnswered(claim=claim.number, status=wanted, amount=plan.amount, awarded=plan.awarded)


@module.tool(
    effect=Effect.READ,
    permission=Permission.SHIPMENT_WATCH,
    audience=Audience.STAFF,
    examples=(
        "list the carrier claims",
        "what do the carriers owe us",
        "open claims against DPD",
        "which claims were rejected",
        "how much did carriers pay us for damaged parcels",
        "claims still waiting for an answer",
    ),
)
async def list_carrier_claims(tx: ReadTx, args: ListCarrierClaims, _ctx: RunContext) -> ClaimsListed:
    """List claims against carriers, the newest first, with what was claimed and what was paid."""
    carrier = (await carriers.by_ref(tx, args.carrier)).id if args.carrier else None
    found = await claims.find(tx, status=args.status, carrier_id=carrier, limit=args.limit)
    sums = {row.currency: row for row in found}
    return ClaimsListed(
        total=found[0].total if found else 0,
        claimed=[Money(minor=row.claimed_minor, currency=currency) for currency, row in sorted(sums.items())],
        paid=[Money(minor=row.paid_minor, currency=currency) for currency, row in sorted(sums.items())],
        claims=[
            ClaimShown(
                claim=row.number,
                order=row.order,
                shipment=row.shipment,
                carrier=row.carrier,
                kind=IncidentKind(row.kind),
                status=ClaimStatus(row.status),
                amount=Money(minor=row.amount_minor, currency=row.currency),
                awarded=Money(minor=row.awarded_minor, currency=row.currency),
                opened_at=row.opened_at,
                answer=Quote.external(row.note) if row.note else None,
            )
            for row in found
        ],
    )


def _parcel(args: OpenCarrierClaim, order: Order, found: Sequence[Parcel]) -> Parcel:
    """Return the one parcel that is meant.

    Raises:
        InvalidInput: none or several fit; the message lists them.
    """
    sent = [each for each in found if ShipmentStatus(each.shipment.status) not in NOT_SENT]
    if args.shipment is not None:
        sent = [each for each in sent if args.shipment in {each.shipment.number, each.shipment.tracking_number}]
    if len(sent) == 1:
        return sent[0]
    known = ", ".join(each.shipment.number for each in found) or "none"
    what = "which parcel" if sent else "no such parcel was sent"
    raise InvalidInput(f"{what}; order {order.number} has: {known}", field="shipment", code="which_shipment")


async def _price(tx: Tx, parcel: Parcel, currency: str) -> Money:
    """Return what the shop paid the carrier: as it was chosen, else the carrier's base price."""
    choice = await claims.choice_of(tx, parcel.shipment.id)
    if choice is not None and choice.currency == currency:
        return Money(minor=choice.price_minor, currency=currency)
    return Money(minor=(await carriers.by_id(tx, parcel.shipment.carrier_id)).price_minor, currency=currency)


def _goods(order: Order, lines: Sequence[OpenLine], contents: Mapping[UUID, int], ref: str | None) -> Money:
    """Return what the customer paid for the units in a parcel, or for those of one item."""
    net = net_of_discount([line.unit_price_minor * line.quantity for line in lines], order.discount_minor)
    inside = [(line, minor * contents[line.id] // line.quantity) for line, minor in zip(lines, net, strict=True) if line.id in contents]
    if ref is not None:
        meant = resolve(ref, [line for line, _ in inside], order.number)
        inside = [each for each in inside if each[0] is meant]
    return Money(minor=sum(minor for _, minor in inside), currency=order.currency)


def _parsed(amount: str, currency: str) -> Money:
    try:
        return Money.parse(amount, currency)
    except ValueError as error:
        raise InvalidInput(str(error), field="amount") from error
