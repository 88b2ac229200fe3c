"""What was sold on channels: each order is taken over once. Only the process itself calls the tool."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import AwareDatetime, ConfigDict, Field

from core.identity import Permission, RunContext
from core.ids import new_id
from core.money import Money
from core.selling import SYNC_TRANSITIONS, ChannelOrderStatus, SyncStatus
from core.statuses import (
    AlertLevel,
    FulfilmentStatus,
    OrderStatus,
    PaymentStatus,
    TransactionState,
    TransactionType,
    change,
)
from store.queries import alerts, channels, counters, fraud_facts, listings, orders, stock
from store.queries.channels import Sold
from store.tables.channels import ChannelOrder
from store.tables.customers import Customer
from store.tables.inventory import Reservation
from store.tables.marketplace import Channel
from store.tables.orders import Order, OrderLine
from store.tables.payments import Payment, PaymentTransaction
from store.unit import Tx
from tools.arguments import ChannelCode
from tools.fraud import scoring
from tools.marketplace.answers import reported
from tools.marketplace.facts import InForce, in_force
from tools.marketplace.module import module
from tools.marketplace.outcomes import ChannelOrderTaken
from tools.policy.listings import suspicious_price
from tools.spec import Args, Audience, Effect


class ShipTo(Args):
    """Where an order of a channel goes; what else the channel says of the address is left out."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="ignore", str_strip_whitespace=True, str_max_length=160)

    name: str = ""
    """Who receives it."""
    line1: str
    """Street and number."""
    line2: str = ""
    """The rest of the address."""
    city: str
    """Town."""
    postal_code: Annotated[str, Field(max_length=16)]
    """Postal code."""
    country: Annotated[str, Field(min_length=2, max_length=2)]
    """ISO 3166 code."""


class SoldLine(Args):
    """Units of a SKU that were sold."""

    sku: Annotated[str, Field(min_length=1, max_length=40)]
    """The shop's stock-keeping unit."""
    quantity: Annotated[int, Field(ge=1, le=10_000)]
    """Units."""
    unit_price: Money
    """What the buyer paid for one."""


class ImportChannelOrder(Args):
    """An order as its channel reports it."""

    channel: ChannelCode
    external_id: Annotated[str, Field(min_length=1, max_length=60)]
    """The channel's own number of the order."""
    placed_at: AwareDatetime
    """When the buyer ordered."""
    buyer_name: Annotated[str, Field(min_length=1, max_length=120)]
    """Who bought."""
    buyer_email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=200)]
    """By which the shop knows the buyer."""
    ship_to: ShipTo
    """Where it goes."""
    lines: Annotated[list[SoldLine], Field(min_length=1, max_length=200)]
    """What was sold."""
    shipping: Money
    """What the buyer paid for delivery."""
    ip: Annotated[str, Field(max_length=45)] = ""
    """The address that the buyer ordered from, as far as the channel tells."""
    card: Annotated[str, Field(max_length=80)] = ""
    """A fingerprint of the card that was used, as far as the channel tells."""
    sync_run: Annotated[str, Field(max_length=20)] | None = None
    """The synchronisation that found it."""


@module.tool(
    effect=Effect.OUTBOUND,
    permission=Permission.PROVIDER_REPORT,
    audience=Audience.STAFF,
    facts=in_force,
    policy=reported,
    examples=(
        "amazon reports a new order 402-1",
        "ebay sold two headsets to a new buyer",
        "an order came in from shopify",
        "take over the channel order 99-123",
        "the marketplace reported the same order again",
        "a buyer on cdiscount ordered a lamp",
    ),
)
async def import_channel_order(tx: Tx, args: ImportChannelOrder, _ctx: RunContext, facts: InForce) -> ChannelOrderTaken:
    """Take over an order that was placed on a channel, once, with its buyer and its stock; what does not fit becomes an issue."""
    channel = await listings.channel(tx, args.channel)
    memory = await channels.seen(tx, channel, args.external_id)
    if memory.order_id is not None:
        known = await orders.by_id(tx, memory.order_id)
        await _count(tx, args.sync_run, "known")
        return ChannelOrderTaken(channel=channel.code, external_id=args.external_id, status=ChannelOrderStatus.IMPORTED, order=known.number)
    found = await channels.sold(tx, channel, [line.sku.upper() for line in args.lines])
    problems = _problems(args, found)
    if problems:
        return await _block(tx, args, channel, memory, problems)
    order, short = await _place(tx, args, channel, found)
    memory.status, memory.order_id, memory.problems = ChannelOrderStatus.IMPORTED, order.id, []
    tx.session.add(memory)
    fraud_facts.came_from(tx, order.id, ip=args.ip, card=args.card)
    await tx.session.flush()
    await scoring.score(tx, order, facts.policy)
    cheap = [line.sku for line in args.lines if suspicious_price(facts.policy.listings, line.unit_price, _listed(found, line))]
    if cheap:
        _hold(tx, order, f"Cheaper on {channel.name} than listed: {', '.join(cheap)}")
    if short:
        _hold(tx, order, f"Not in stock: {', '.join(f'{units} of {sku}' for sku, units in short.items())}")
    total = Money(minor=order.total_minor, currency=order.currency)
    tx.emit("order.placed", order=order.number, channel=channel.code, external_id=args.external_id, total=total.model_dump())
    if short:
        tx.emit("order.oversold", order=order.number, channel=channel.code, skus=[*short])
    await _count(tx, args.sync_run, "imported")
    return ChannelOrderTaken(
        channel=channel.code,
        external_id=args.external_id,
        status=ChannelOrderStatus.IMPORTED,
        order=order.number,
        created=True,
        total=total,
        on_hold=order.on_hold,
        problems=[f"{units} of {sku} are not in stock" for sku, units in short.items()],
    )


def _hold(tx: Tx, order: Order, reason: str) -> None:
    """Let an order wait for a person, for one reason more."""
    order.hold_reason = "; ".join([*filter(None, [order.hold_reason]), reason])[:200]
    order.on_hold = True
    tx.session.add(order)
    orders.note(tx, order, "order.held", reason[:200])


def _problems(args: ImportChannelOrder, found: Mapping[str, Sold]) -> list[str]:
    unknown = sorted({line.sku.upper() for line in args.lines} - found.keys())
    problems = [f"SKU {sku} is unknown" for sku in unknown]
    others = {line.unit_price.currency for line in args.lines} | {args.shipping.currency} | {each.currency for each in found.values()}
    if len(others) > 1:
        problems.append(f"it mixes {' and '.join(sorted(others))}")
    if any(line.unit_price.minor < 0 for line in args.lines) or args.shipping.minor < 0:
        problems.append("a price is negative")
    return problems


def _listed(found: Mapping[str, Sold], line: SoldLine) -> Money:
    return Money(minor=found[line.sku.upper()].listed_minor, currency=line.unit_price.currency)


async def _block(tx: Tx, args: ImportChannelOrder, channel: Channel, memory: ChannelOrder, problems: list[str]) -> ChannelOrderTaken:
    memory.problems = [*problems]
    tx.session.add(memory)
    tx.emit("channel.order.blocked", channel=channel.code, external_id=args.external_id, problems=[*problems])
    await _count(tx, args.sync_run, "blocked")
    await alerts.put(
        tx,
        kind="channel.order_blocked",
        subject=f"{channel.code}:{args.external_id}",
        level=AlertLevel.HIGH,
        title=f"Order {args.external_id} of {channel.name} cannot be taken over",
        detail="; ".join(problems),
        data={"channel": channel.code, "external_id": args.external_id},
        expires_at=tx.now + timedelta(days=7),
    )
    status = ChannelOrderStatus.BLOCKED
    return ChannelOrderTaken(channel=channel.code, external_id=args.external_id, status=status, problems=problems)


async def _place(tx: Tx, args: ImportChannelOrder, channel: Channel, found: Mapping[str, Sold]) -> tuple[Order, dict[str, int]]:
    """Insert an order that was paid on its channel, and reserve what there is. Return it with the units that are missing."""
    buyer = await channels.buyer(tx, args.buyer_email, args.buyer_name)
    levels = await stock.levels(tx, [each.id for each in found.values()], lock=True)
    before = stock.available(levels)
    subtotal = sum(line.unit_price.minor * line.quantity for line in args.lines)
    order = _order(args, channel, buyer, subtotal, f"{await counters.take(tx, 'order')}", tx)
    tx.add(order)
    await tx.session.flush()
    short: dict[str, int] = {}
    for line in args.lines:
        each = found[line.sku.upper()]
        row = OrderLine(
            tenant_id=tx.tenant_id,
            id=new_id(),
            order_id=order.id,
            variant_id=each.id,
            sku=each.sku,
            title=each.title,
            category=each.category,
            quantity=line.quantity,
            unit_price_minor=line.unit_price.minor,
            unit_cost_minor=each.cost_minor,
        )
        tx.add(row)
        await tx.session.flush()
        left = line.quantity
        for level in sorted((level for level in levels if level.variant_id == each.id), key=lambda level: -level.available):
            units = min(level.available, left)
            if units <= 0:
                continue
            level.reserved += units
            left -= units
            await stock.change(tx, each.id, level.warehouse_id, reserved=units)
            tx.add(
                Reservation(
                    tenant_id=tx.tenant_id,
                    order_line_id=row.id,
                    variant_id=each.id,
                    warehouse_id=level.warehouse_id,
                    quantity=units,
                    created_at=tx.now,
                )
            )
        if left:
            short[each.sku] = short.get(each.sku, 0) + left
    await stock.warn_low(tx, before)
    await _paid(tx, order, channel, args.external_id)
    orders.note(tx, order, "order.placed", f"Placed on {channel.name} as {args.external_id}")
    return order, short


def _order(args: ImportChannelOrder, channel: Channel, buyer: Customer, subtotal: int, number: str, tx: Tx) -> Order:
    address = {**args.ship_to.model_dump(), "name": args.ship_to.name or args.buyer_name}
    return Order(
        tenant_id=tx.tenant_id,
        id=new_id(),
        number=number,
        customer_id=buyer.id,
        channel=channel.code,
        external_id=args.external_id,
        status=OrderStatus.CONFIRMED,
        payment_status=PaymentStatus.PAID,
        fulfilment_status=FulfilmentStatus.UNFULFILLED,
        currency=args.shipping.currency,
        subtotal_minor=subtotal,
        shipping_minor=args.shipping.minor,
        total_minor=subtotal + args.shipping.minor,
        ship_to=address,
        bill_to=address,
        placed_at=min(args.placed_at, tx.now),
    )


async def _paid(tx: Tx, order: Order, channel: Channel, external_id: str) -> None:
    """Note that the buyer paid the channel, which collects for the shop."""
    if order.total_minor == 0:
        return
    payment = Payment(
        tenant_id=tx.tenant_id,
        id=new_id(),
        order_id=order.id,
        method="channel",
        label=f"Paid on {channel.name}",
        currency=order.currency,
        created_at=tx.now,
    )
    tx.add(payment)
    await tx.session.flush()
    tx.add(
        PaymentTransaction(
            tenant_id=tx.tenant_id,
            payment_id=payment.id,
            type=TransactionType.CHARGE,
            state=TransactionState.SUCCEEDED,
            amount_minor=order.total_minor,
            currency=order.currency,
            idempotency_key=f"channel:{channel.code}:{external_id}",
            created_at=tx.now,
        )
    )


async def _count(tx: Tx, number: str | None, what: str) -> None:
    """Count an order for its synchronisation, after every other lock."""
    if number is None:
        return
    run = await channels.run_by_number(tx, number)
    setattr(run, what, getattr(run, what) + 1)
    if SyncStatus(run.status) is SyncStatus.PENDING:
        run.status = change(f"synchronisation {run.number}", SyncStatus.PENDING, SyncStatus.RUNNING, SYNC_TRANSITIONS)
    tx.session.add(run)
