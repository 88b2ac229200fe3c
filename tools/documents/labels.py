"""Paper for the warehouse and for parcels: packing slips, shipping labels, return labels."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from core.errors import InvalidInput
from core.identity import Permission, RunContext
from core.statuses import ReturnStatus
from store.queries import carriers, documents, orders, returns, shipments
from store.tables.aftersales import Return
from store.tables.documents import DocumentKind
from store.tables.orders import Order
from store.tables.shipping import Shipment
from store.unit import Tx
from tools.arguments import OrderNumber, ReturnNumber
from tools.documents import prints
from tools.documents.filing import About, file, printed, seller, version
from tools.documents.module import module
from tools.documents.prints import LabelData, SlipData
from tools.documents.results import DocumentMade
from tools.phrases import day
from tools.policy import Policy
from tools.policy.decision import Decision
from tools.policy.documents import LabelPlan, ReturnLabelPlan, decide_label, decide_paper, decide_return_label
from tools.spec import Args, Audience, Effect

ParcelRef = Annotated[
    str,
    Field(
        min_length=3,
        max_length=40,
        description="Shipment number such as S-1001, or its tracking number",
        json_schema_extra={"format": "shipment"},
    ),
]


class CreatePackingSlip(Args):
    """What is packed."""

    order: OrderNumber
    shipment: ParcelRef | None = None
    """Only what this parcel holds; the whole order when left out."""


class CreateShippingLabel(Args):
    """Which parcel is labelled."""

    shipment: ParcelRef


class CreateReturnLabel(Args):
    """Which return is labelled."""

    return_number: ReturnNumber


@dataclass(frozen=True, slots=True)
class PaperFacts:
    """An order with what is printed for it."""

    order: Order
    policy: Policy
    shipment: Shipment | None = None
    rma: Return | None = None
    erased: bool = False
    """Whether the order's customer asked to be forgotten."""

    def decide(self, own: Decision | None = None) -> Decision:
        """Return what the paper's `own` rule says, unless nothing may be printed for the order at all."""
        paper = decide_paper(self.order.number, erased=self.erased)
        return paper if self.erased or own is None else own


async def slip_facts(tx: Tx, args: CreatePackingSlip, _ctx: RunContext, policy: Policy) -> PaperFacts:
    """Read an order, locked, and its parcel."""
    order = await orders.by_number(tx, args.order, lock=True)
    shipment = await shipments.by_ref(tx, args.shipment) if args.shipment else None
    if shipment is not None and shipment.order_id != order.id:
        raise InvalidInput(f"{args.shipment} is no parcel of order {order.number}", field="shipment")
    return PaperFacts(order, policy, shipment, erased=await _erased(tx, order))


async def label_facts(tx: Tx, args: CreateShippingLabel, _ctx: RunContext, policy: Policy) -> PaperFacts:
    """Read a parcel and its order, locked."""
    known = await shipments.by_ref(tx, args.shipment)
    order = await orders.by_id(tx, known.order_id, lock=True)
    return PaperFacts(order, policy, await shipments.by_ref(tx, args.shipment), erased=await _erased(tx, order))


async def return_label_facts(tx: Tx, args: CreateReturnLabel, _ctx: RunContext, policy: Policy) -> PaperFacts:
    """Read a return and its order, locked."""
    known = await returns.by_number(tx, args.return_number)
    order = await orders.by_id(tx, known.order_id, lock=True)
    rma = await returns.by_number(tx, args.return_number)
    return PaperFacts(order, policy, rma=rma, erased=await _erased(tx, order))


async def _erased(tx: Tx, order: Order) -> bool:
    return (await orders.customer_of(tx, order)).erased_at is not None


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.DOCUMENT_PRINT,
    audience=Audience.STAFF,
    facts=slip_facts,
    policy=lambda _policy, facts, _args, _principal: facts.decide(),
    examples=(
        "print the packing slip of order 1042",
        "packing slip for #1009 please",
        "I am packing order 1042, give me the slip",
        "delivery note for order 1042",
        "list for the box of order 1017 as a PDF",
        "packing slip for parcel S-1042 of order 1042",
    ),
)
async def create_packing_slip(tx: Tx, args: CreatePackingSlip, _ctx: RunContext, facts: PaperFacts) -> DocumentMade:
    """Print what belongs in a parcel, without prices, as a PDF."""
    order, shipment = facts.order, facts.shipment
    if shipment is not None:
        packed = [(each.sku, each.title, each.units) for each in await documents.units_of(tx, shipment.id)]
    else:
        packed = [(line.sku, line.title, line.quantity) for line in (await orders.lines_of(tx, [order.id]))[order.id]]
    number = shipment.number if shipment else ""
    data = SlipData(order.number, order.placed_at.date(), number, await seller(tx, facts.policy), prints.address(order.ship_to), packed)
    pdf = await printed(lambda: prints.packing_slip(data))
    name = f"PS-{number or order.number}-{version(pdf)[:6].upper()}"
    title = f"Packing slip, order {order.number}"
    about = About(DocumentKind.PACKING_SLIP, name, title, tx.now.date(), customer_id=order.customer_id, order_id=order.id)
    return await file(tx, about, f"packing_slip:{order.id}:{version(pdf)}", pdf)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.DOCUMENT_PRINT,
    audience=Audience.STAFF,
    facts=label_facts,
    policy=lambda _policy, facts, _args, _principal: facts.decide(
        decide_label(LabelPlan(shipment=facts.shipment.number, tracking_number=facts.shipment.tracking_number))
    ),
    examples=(
        "print the shipping label of S-1042",
        "label for shipment S-1009 please",
        "I need the parcel label for S-1042",
        "shipping label S-1017 as a PDF",
        "give me the sticker for parcel S-1042",
        "reprint the carrier label of S-1001",
    ),
)
async def create_shipping_label(tx: Tx, args: CreateShippingLabel, _ctx: RunContext, facts: PaperFacts) -> DocumentMade:
    """Print a parcel's label with its tracking number as a barcode, as a PDF."""
    order, shipment = facts.order, facts.shipment
    assert shipment is not None
    house, depot = await seller(tx, facts.policy), await documents.first_warehouse(tx)
    carrier = await carriers.by_id(tx, shipment.carrier_id)
    weight = [("Weight", f"{shipment.weight_grams / 1000:.2f} kg")] if shipment.weight_grams else []
    data = LabelData(
        heading=carrier.name,
        code=shipment.tracking_number,
        sender=[house.name, *(house.lines or ([f"{depot.name}, {depot.city}, {depot.country}"] if depot else []))],
        recipient=prints.address(order.ship_to),
        notes=[("Order", order.number), ("Shipment", shipment.number), *weight],
        seller=house.name,
    )
    pdf = await printed(lambda: prints.label(data))
    name = f"SL-{shipment.number}-{version(pdf)[:6].upper()}"
    title = f"Shipping label {shipment.tracking_number}"
    about = About(DocumentKind.SHIPPING_LABEL, name, title, tx.now.date(), order_id=order.id, shipment_id=shipment.id)
    return await file(tx, about, f"shipping_label:{shipment.id}:{version(pdf)}", pdf)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.DOCUMENT_CREATE,
    facts=return_label_facts,
    policy=lambda _policy, facts, _args, _principal: facts.decide(
        decide_return_label(ReturnLabelPlan(return_number=facts.rma.number, status=ReturnStatus(facts.rma.status)))
    ),
    examples=(
        "I need the return label for R-1007",
        "print the label for my return R-1007",
        "send me the return label R-1012",
        "how do I get the label to send R-1007 back",
        "label to ship back R-1007 please",
        "return sticker for R-1020 as a PDF",
    ),
)
async def create_return_label(tx: Tx, args: CreateReturnLabel, _ctx: RunContext, facts: PaperFacts) -> DocumentMade:
    """Print the label with which a customer sends an approved return back, as a PDF."""
    order, rma = facts.order, facts.rma
    assert rma is not None
    house, depot = await seller(tx, facts.policy), await documents.first_warehouse(tx)
    to = house.lines or ([depot.name, depot.city, depot.country] if depot else [])
    data = LabelData(
        heading="Return",
        code=rma.number,
        sender=prints.address(order.ship_to),
        recipient=[f"{house.name}, Returns", *to],
        notes=[("Order", order.number), *([("Valid until", day(rma.expires_at))] if rma.expires_at else [])],
        seller=house.name,
    )
    pdf = await printed(lambda: prints.label(data))
    name = f"RL-{rma.number}-{version(pdf)[:6].upper()}"
    title = f"Return label {rma.number}"
    about = About(DocumentKind.RETURN_LABEL, name, title, tx.now.date(), customer_id=rma.customer_id, order_id=order.id, return_id=rma.id)
    return await file(tx, about, f"return_label:{rma.id}:{version(pdf)}", pdf)
