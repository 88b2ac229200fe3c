"""The generic channel API: listings, conversations, orders and what was sent and paid back of them.

`PUT /v1/listings/{listing}`, `POST /v1/conversations/{id}/replies`, `GET /v1/orders?after=`, `POST /v1/orders/{id}/fulfilments`,
`POST /v1/orders/{id}/refunds`, `GET /v1/orders/{id}/refunds/{reference}`.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from pydantic import JsonValue, ValidationError

from core.money import Money
from server.outbound.adapters.rest_payments import money_answer
from server.outbound.channels import (
    ChannelRefund,
    Fulfilment,
    ListingProblem,
    ListingPush,
    OrderPage,
    PushAnswer,
    Reply,
    SoldLine,
    SoldOrder,
)
from server.outbound.failure import ProviderDown
from server.outbound.http import ProviderClient
from server.outbound.payments import MoneyAnswer


class RestChannel:
    """Speaks to a channel that offers listings, conversations and orders as JSON resources."""

    def __init__(self, client: ProviderClient) -> None:
        self._client = client

    async def push(self, listing: ListingPush) -> PushAnswer:
        """Publish a listing; a channel that takes it in part lists the problems."""
        body: JsonValue = {
            "sku": listing.sku,
            "price": listing.price.model_dump(),
            "quantity": listing.quantity,
            "fields": dict(listing.fields),
        }
        found = await self._client.send("PUT", f"/v1/listings/{quote(listing.listing, safe='')}", key=listing.key, body=body)
        problems = [
            ListingProblem(str(each.get("field", ""))[:40], str(each.get("message", ""))[:300], str(each.get("code", "channel_specific")))
            for each in found.get("problems", [])
        ]
        return PushAnswer(str(found.get("id", listing.listing)), problems)

    async def reply(self, reply: Reply) -> str:
        """Send an answer to a buyer."""
        path = f"/v1/conversations/{quote(reply.conversation, safe='')}/replies"
        found = await self._client.send("POST", path, key=reply.key, body={"in_reply_to": reply.message, "text": reply.text})
        return str(found.get("id", ""))

    async def orders(self, cursor: str) -> OrderPage:
        """Return orders after `cursor`, oldest first."""
        found = await self._client.send("GET", "/v1/orders", params={"after": cursor, "limit": "50"})
        orders = [sold_order(each) for each in found.get("orders", [])]
        return OrderPage(orders, orders[-1].external_id if orders else cursor, bool(found.get("next")))

    async def fulfil(self, fulfilment: Fulfilment) -> str:
        """Tell what was sent of an order."""
        body: JsonValue = {
            "shipment": fulfilment.shipment,
            "carrier": fulfilment.carrier,
            "tracking_number": fulfilment.tracking_number,
            "lines": [{"sku": sku, "quantity": units} for sku, units in fulfilment.lines.items()],
        }
        path = f"/v1/orders/{quote(fulfilment.order, safe='')}/fulfilments"
        return str((await self._client.send("POST", path, key=fulfilment.key, body=body)).get("id", ""))

    async def refund(self, refund: ChannelRefund) -> MoneyAnswer:
        """Pay a buyer back."""
        body: JsonValue = {"transaction": refund.transaction, "amount": refund.amount.model_dump(), "reason": refund.reason}
        return money_answer(await self._client.send("POST", _refunds(refund.order), key=refund.key, body=body))

    async def look_up_refund(self, order: str, reference: str) -> MoneyAnswer:
        """Return how a refund stands now."""
        return money_answer(await self._client.send("GET", f"{_refunds(order)}/{quote(reference, safe='')}"))


def _refunds(order: str) -> str:
    return f"/v1/orders/{quote(order, safe='')}/refunds"


def sold_order(found: Mapping[str, Any]) -> SoldOrder:
    """Read an order in the generic form, from a page or from a webhook.

    Raises:
        ProviderDown: it is not understood.
    """
    try:
        return SoldOrder(
            external_id=str(found["id"]),
            placed_at=str(found["placed_at"]),
            buyer_name=str(found["buyer"]["name"]),
            buyer_email=str(found["buyer"]["email"]),
            ship_to=dict(found["ship_to"]),
            lines=[SoldLine(str(line["sku"]), int(line["quantity"]), Money.model_validate(line["unit_price"])) for line in found["lines"]],
            shipping=Money.model_validate(found["shipping"]),
            ip=str(found["buyer"].get("ip") or ""),
            card=str(found["buyer"].get("card") or ""),
        )
    except (KeyError, TypeError, ValueError, ValidationError) as error:
        raise ProviderDown("an order of the channel is not understood") from error
