"""Which message goes to which port, and which tool records the answer. Read this first."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import JsonValue

from core.identity import Principal
from core.money import Money
from core.providers import ProviderKind
from core.selling import ChannelOrderStatus
from core.statuses import TransactionType
from server.outbound.carriers import ParcelRequest
from server.outbound.channels import ChannelRefund, Fulfilment, ListingPush, Reply, SoldOrder
from server.outbound.connections import Providers
from server.outbound.mail import Mail
from server.outbound.payments import MoneyAnswer, MoneyRequest, MoneyState
from server.outbound.templates import write
from store.queries import customers, tenants
from store.queries.customers import Contact
from store.queries.deliveries import Claimed
from store.tables.providers import ProviderConnection
from store.unit import Units

_PAGES = 20
"""Pages of orders in one pull; the next pull goes on."""


@dataclass(frozen=True, slots=True)
class Carried:
    """A message that arrived. `asked`: the provider took it and has not decided."""

    reference: str = ""
    asked: bool = False


Record = Callable[[str, str, Mapping[str, JsonValue]], Awaitable[dict[str, Any]]]
"""Runs the tool that records an answer - its name, what makes the call unique, and its arguments - and returns what the tool says."""


@dataclass(frozen=True, slots=True)
class Errand:
    """A message with all that carrying it needs."""

    claimed: Claimed
    connection: ProviderConnection
    providers: Providers
    units: Units
    principal: Principal
    record: Record

    @property
    def body(self) -> dict[str, Any]:
        """What the tool asked for."""
        return self.claimed.body


async def move_money(errand: Errand) -> Carried:
    """Ask the payment provider for a movement, or how the one that it took stands."""
    provider, body, known = errand.providers.payments(errand.connection), errand.body, errand.claimed.reference
    if known:
        answer = await provider.look_up(known)
    else:
        kind = _MOVEMENTS[errand.claimed.topic]
        request = MoneyRequest(
            key=errand.claimed.key,
            kind=kind,
            transaction=str(body["transaction"]),
            payment=str(body["payment"]),
            order=str(body.get("order", "")),
            method=str(body.get("method", "")),
            amount=Money.model_validate(body["amount"]),
            reason=str(body.get("reason", "")),
        )
        answer = await provider.submit(request)
    return await _settle(errand, answer)


async def _settle(errand: Errand, answer: MoneyAnswer) -> Carried:
    """Record how a movement of money ended, once it has."""
    if answer.state is MoneyState.PENDING:
        return Carried(answer.reference, asked=True)
    args = {"transaction": errand.body["transaction"], "outcome": answer.state.value, "provider_reference": answer.reference[:120]}
    await errand.record("settle_payment", answer.state.value, {**args, "reason": answer.reason})
    return Carried(answer.reference)


async def buy_label(errand: Errand) -> Carried:
    """Buy a parcel's label."""
    body = errand.body
    request = ParcelRequest(
        key=errand.claimed.key,
        shipment=str(body["shipment"]),
        order=str(body.get("order", "")),
        carrier=str(body["carrier"]),
        service=str(body.get("service", "")),
        weight_grams=int(body.get("weight_grams") or 0),
        ship_from=dict(body.get("ship_from") or {}),
        ship_to=dict(body.get("ship_to") or {}),
    )
    label = await errand.providers.carrier(errand.connection).buy_label(request)
    args = {"shipment": request.shipment, "tracking_number": label.tracking_number, "label": label.reference}
    await errand.record("record_label", "label", args)
    return Carried(label.reference)


async def push_listing(errand: Errand) -> Carried:
    """Publish a listing on its channel."""
    body = errand.body
    listing = ListingPush(
        key=errand.claimed.key,
        listing=str(body["listing"]),
        sku=str(body["sku"]),
        price=Money.model_validate(body["price"]),
        quantity=int(body["quantity"]),
        fields=body.get("fields") or {},
    )
    answer = await errand.providers.channel(errand.connection).push(listing)
    problems: list[JsonValue] = [asdict(problem) for problem in answer.problems]
    await errand.record(
        "record_channel_result",
        "push",
        {"channel": body["channel"], "listing": listing.listing, "accepted": not problems, "problems": problems},
    )
    return Carried(answer.reference)


async def reply_to_buyer(errand: Errand) -> Carried:
    """Send an answer to a buyer through the channel."""
    body = errand.body
    reply = Reply(errand.claimed.key, str(body["conversation"]), str(body["message"]), str(body["text"]))
    return Carried(await errand.providers.channel(errand.connection).reply(reply))


async def pull_orders(errand: Errand) -> Carried:
    """Read the channel's new orders; an order that is known already is imported without an effect.

    The next pull begins before the first order that could not be taken over, to try it again, unless so many came after it that a
    pull no longer reaches them.
    """
    body = errand.body
    run, cursor = body.get("sync_run"), str(body.get("after", ""))
    channel, stuck, more = errand.providers.channel(errand.connection), list[str](), True
    for _ in range(_PAGES):
        page = await channel.orders(cursor)
        for order in page.orders:
            args = {**import_args(str(body["channel"]), order), "sync_run": run}
            taken = await errand.record("import_channel_order", order.external_id, args)
            if taken["status"] == ChannelOrderStatus.BLOCKED:
                stuck.append(cursor)
        cursor, more = page.cursor, page.more
        if not more:
            break
    if run is not None:
        resume = stuck[0] if stuck and not more else cursor
        await errand.record("record_sync_result", "ended", {"sync_run": run, "outcome": "succeeded", "cursor": resume})
    return Carried(cursor)


async def tell_fulfilment(errand: Errand) -> Carried:
    """Tell a channel what was sent of an order that was placed there."""
    body = errand.body
    fulfilment = Fulfilment(
        key=errand.claimed.key,
        order=str(body["external_id"]),
        shipment=str(body["shipment"]),
        carrier=str(body["carrier"]),
        tracking_number=str(body["tracking_number"]),
        lines={str(line["sku"]): int(line["quantity"]) for line in body["lines"]},
    )
    return Carried(await errand.providers.channel(errand.connection).fulfil(fulfilment))


async def refund_on_channel(errand: Errand) -> Carried:
    """Let the channel that collected an order's money pay its buyer back, or ask how the refund that it took stands."""
    channel, body, known = errand.providers.channel(errand.connection), errand.body, errand.claimed.reference
    order = str(body["external_id"])
    if known:
        answer = await channel.look_up_refund(order, known)
    else:
        refund = ChannelRefund(
            key=errand.claimed.key,
            order=order,
            transaction=str(body["transaction"]),
            amount=Money.model_validate(body["amount"]),
            reason=str(body.get("reason", "")),
        )
        answer = await channel.refund(refund)
    return await _settle(errand, answer)


async def send_mail(errand: Errand) -> Carried:
    """Write an e-mail from its template and hand it over."""
    body = errand.body
    async with errand.units.read(errand.principal) as tx:
        store = await tenants.current(tx)
        to = Contact(str(body["contact"]), str(body["to"])) if "to" in body else await customers.contact(tx, body["customer"])
    if to is None:
        return Carried("no such customer")
    written = write(str(body["template"]), {**(body.get("data") or {}), "name": to.name, "store": store.name, "order": body.get("order")})
    mail = Mail(errand.claimed.key, to.email, to.name, f"{store.name} <{store.support_email}>", written.subject, written.text)
    return Carried(await errand.providers.mail(errand.connection).send(mail))


def import_args(channel: str, order: SoldOrder) -> dict[str, JsonValue]:
    """Return an order of a channel as arguments of `import_channel_order`."""
    lines: list[JsonValue] = [
        {"sku": line.sku, "quantity": line.quantity, "unit_price": line.unit_price.model_dump()} for line in order.lines
    ]
    return {
        "channel": channel,
        "external_id": order.external_id,
        "placed_at": order.placed_at,
        "buyer_name": order.buyer_name,
        "buyer_email": order.buyer_email,
        "ship_to": {name: value for name, value in order.ship_to.items() if value is not None},
        "lines": lines,
        "shipping": order.shipping.model_dump(),
        "ip": order.ip[:45],
        "card": order.card[:80],
    }


def codes(topic: str, body: Mapping[str, Any]) -> tuple[ProviderKind, list[str]]:
    """Return the port of a topic, and the connections that may serve it: the one named, else the general one of the port."""
    kind = PORTS[topic][0]
    named = body.get("carrier") if kind is ProviderKind.CARRIER else body.get("channel") if kind is ProviderKind.CHANNEL else None
    return kind, [*([str(named)] if named else []), kind.value]


_MOVEMENTS = {
    "payment.authorization.requested": TransactionType.AUTHORIZATION,
    "payment.capture.requested": TransactionType.CAPTURE,
    "payment.void.requested": TransactionType.VOID,
    "payment.refund.requested": TransactionType.REFUND,
}
PORTS: Mapping[str, tuple[ProviderKind, Callable[[Errand], Awaitable[Carried]]]] = {
    **dict.fromkeys(_MOVEMENTS, (ProviderKind.PAYMENTS, move_money)),
    "shipment.label.requested": (ProviderKind.CARRIER, buy_label),
    "channel.listing.push": (ProviderKind.CHANNEL, push_listing),
    "channel.message.reply": (ProviderKind.CHANNEL, reply_to_buyer),
    "channel.orders.pull": (ProviderKind.CHANNEL, pull_orders),
    "channel.order.fulfilled": (ProviderKind.CHANNEL, tell_fulfilment),
    "channel.refund.requested": (ProviderKind.CHANNEL, refund_on_channel),
    "email.requested": (ProviderKind.MAIL, send_mail),
}
"""Every topic of `store.outbox.LANES` with its port and the errand that carries it."""

__all__ = ["PORTS", "Carried", "Errand", "Record", "codes", "import_args"]
