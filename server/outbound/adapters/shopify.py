"""Shopify's GraphQL Admin API, version 2024-10, as its public documentation describes it.

A listing's SKU finds its variant; prices are set by `productVariantsBulkUpdate`, stock by `inventorySetQuantities`. The token goes in
`X-Shopify-Access-Token`. What Shopify refuses it says in `userErrors`, and a spent query budget in `errors` with the code THROTTLED.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import JsonValue, ValidationError

from core.money import Money
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
from server.outbound.failure import ProviderDown, ProviderRefused
from server.outbound.http import ProviderClient
from server.outbound.payments import MoneyAnswer, MoneyState

VERSION = "2024-10"
_PATH = f"/admin/api/{VERSION}/graphql.json"
_FIND = "query Variant($query: String!) { productVariants(first: 1, query: $query) { nodes { id product { id } inventoryItem { id } } } }"
_PRICE = (
    "mutation Price($productId: ID!, $variants: [ProductVariantsBulkInput!]!) { productVariantsBulkUpdate(productId: $productId, "
    "variants: $variants) { productVariants { id } userErrors { field message } } }"
)
_STOCK = (
    "mutation Stock($input: InventorySetQuantitiesInput!) { inventorySetQuantities(input: $input) "
    "{ inventoryAdjustmentGroup { createdAt } userErrors { field message } } }"
)
_ORDERS = (
    "query Orders($after: String) { orders(first: 50, after: $after, sortKey: CREATED_AT) { pageInfo { hasNextPage endCursor } nodes { "
    "id name createdAt email clientIp customer { displayName } shippingAddress { name address1 address2 city zip countryCodeV2 } "
    "totalShippingPriceSet { shopMoney { amount currencyCode } } "
    "lineItems(first: 100) { nodes { sku quantity originalUnitPriceSet { shopMoney { amount currencyCode } } } } } } }"
)
_OPEN = (
    "query Open($query: String!) { orders(first: 1, query: $query) { nodes { id fulfillmentOrders(first: 20) { nodes { id status "
    "lineItems(first: 100) { nodes { id sku remainingQuantity } } } } } } }"
)
_FULFIL = (
    "mutation Fulfil($fulfillment: FulfillmentInput!) { fulfillmentCreate(fulfillment: $fulfillment) "
    "{ fulfillment { id } userErrors { field message } } }"
)
_PAID = (
    "query Paid($query: String!) { orders(first: 1, query: $query) { nodes { id refunds(first: 100) { id note } "
    "transactions(first: 100) { id kind status gateway } } } }"
)
_REFUND = "mutation Refund($input: RefundInput!) { refundCreate(input: $input) { refund { id } userErrors { field message } } }"
_TOOK = frozenset({"SALE", "CAPTURE"})
_CLOSED = frozenset({"CLOSED", "CANCELLED"})


class Shopify:
    """Speaks to one Shopify store; `location` is the id of the location whose stock is set."""

    def __init__(self, client: ProviderClient, location: str) -> None:
        self._client = client
        self._location = location

    async def push(self, listing: ListingPush) -> PushAnswer:
        """Set price and stock of the variant with the listing's SKU."""
        found = await self._ask(_FIND, {"query": f"sku:{listing.sku}"}, listing.key)
        variants = found["productVariants"]["nodes"]
        if not variants:
            raise ProviderRefused(f"Shopify has no variant with the SKU {listing.sku}", code="unknown_sku")
        variant = variants[0]
        price: JsonValue = {
            "productId": variant["product"]["id"],
            "variants": [{"id": variant["id"], "price": listing.price.plain()}],
        }
        stock: JsonValue = {
            "input": {
                "name": "available",
                "reason": "correction",
                "ignoreCompareQuantity": True,
                "referenceDocumentUri": f"storehand://listing/{listing.key}",
                "quantities": [
                    {"inventoryItemId": variant["inventoryItem"]["id"], "locationId": self._location, "quantity": listing.quantity}
                ],
            }
        }
        priced = await self._ask(_PRICE, price, listing.key)
        stocked = await self._ask(_STOCK, stock, listing.key)
        errors = [*priced["productVariantsBulkUpdate"]["userErrors"], *stocked["inventorySetQuantities"]["userErrors"]]
        problems = [ListingProblem(str((error.get("field") or [""])[-1])[:40], str(error["message"])[:300]) for error in errors]
        return PushAnswer(str(variant["id"]), problems)

    async def reply(self, reply: Reply) -> str:
        """Refuse: the Admin API has no messages to buyers."""
        raise ProviderRefused(f"Shopify's Admin API cannot answer conversation {reply.conversation}; write to the buyer by e-mail")

    async def orders(self, cursor: str) -> OrderPage:
        """Return orders after `cursor`, oldest first."""
        found = (await self._ask(_ORDERS, {"after": cursor or None}))["orders"]
        try:
            orders = [_order(node) for node in found["nodes"]]
            end, more = found["pageInfo"]["endCursor"], bool(found["pageInfo"]["hasNextPage"])
        except (KeyError, TypeError, ValueError, ValidationError) as error:
            raise ProviderDown("an order of Shopify is not understood") from error
        return OrderPage(orders, str(end or cursor), more)

    async def fulfil(self, fulfilment: Fulfilment) -> str:
        """Fulfil what is open of the order's fulfilment orders, as far as the parcel holds it, with its tracking number."""
        found = (await self._ask(_OPEN, {"query": f"name:#{fulfilment.order}"}))["orders"]["nodes"]
        if not found:
            raise ProviderRefused(f"Shopify has no order #{fulfilment.order}", code="unknown_order")
        left, parts = dict(fulfilment.lines), list[JsonValue]()
        for part in found[0]["fulfillmentOrders"]["nodes"]:
            if part["status"] in _CLOSED:
                continue
            items: list[JsonValue] = []
            for line in part["lineItems"]["nodes"]:
                units = min(int(line["remainingQuantity"]), left.get(str(line["sku"]), 0))
                if units:
                    left[str(line["sku"])] -= units
                    items.append({"id": line["id"], "quantity": units})
            if items:
                parts.append({"fulfillmentOrderId": part["id"], "fulfillmentOrderLineItems": items})
        if not parts:
            return f"#{fulfilment.order} is fulfilled already"
        tracking: JsonValue = {"company": fulfilment.carrier, "number": fulfilment.tracking_number}
        wanted: JsonValue = {"fulfillment": {"lineItemsByFulfillmentOrder": parts, "trackingInfo": tracking, "notifyCustomer": True}}
        answer = (await self._ask(_FULFIL, wanted, fulfilment.key))["fulfillmentCreate"]
        if answer["userErrors"]:
            raise ProviderRefused(str(answer["userErrors"][0]["message"]), code="fulfilment")
        return str(answer["fulfillment"]["id"])

    async def refund(self, refund: ChannelRefund) -> MoneyAnswer:
        """Refund the transaction that took the order's money. A refund's note holds our key, so that it is made once."""
        found = (await self._ask(_PAID, {"query": f"name:#{refund.order}"}))["orders"]["nodes"]
        if not found:
            raise ProviderRefused(f"Shopify has no order #{refund.order}", code="unknown_order")
        order, note = found[0], f"{refund.reason} [{refund.key}]"
        if known := next((each for each in order["refunds"] if each["note"] == note), None):
            return MoneyAnswer(str(known["id"]), MoneyState.SUCCEEDED)
        took = next((each for each in order["transactions"] if each["kind"] in _TOOK and each["status"] == "SUCCESS"), None)
        if took is None:
            raise ProviderRefused(f"Shopify took nothing for order #{refund.order}", code="unpaid_order")
        back: JsonValue = {
            "orderId": order["id"],
            "parentId": took["id"],
            "gateway": took["gateway"],
            "kind": "REFUND",
            "amount": refund.amount.plain(),
        }
        wanted: JsonValue = {"input": {"orderId": order["id"], "note": note, "transactions": [back]}}
        answer = (await self._ask(_REFUND, wanted, refund.key))["refundCreate"]
        if answer["userErrors"]:
            raise ProviderRefused(str(answer["userErrors"][0]["message"]), code="refund")
        return MoneyAnswer(str(answer["refund"]["id"]), MoneyState.SUCCEEDED)

    async def look_up_refund(self, order: str, reference: str) -> MoneyAnswer:
        """Refuse: Shopify decides in its answer, so nothing is ever open."""
        raise ProviderRefused(f"refund {reference} of order #{order} was decided when it was made")

    async def _ask(self, query: str, variables: JsonValue, key: str = "") -> dict[str, Any]:
        answer = await self._client.send("POST", _PATH, key=key, body={"query": query, "variables": variables})
        errors: Sequence[Mapping[str, Any]] = answer.get("errors") or []
        if errors:
            first = errors[0]
            if first.get("extensions", {}).get("code") == "THROTTLED":
                raise ProviderDown("Shopify's query budget is used up", retry_after=2)
            raise ProviderRefused(str(first.get("message", "Shopify refused the query")), code="graphql")
        data: dict[str, Any] | None = answer.get("data")
        if data is None:
            raise ProviderDown("Shopify's answer broke off")
        return data


def _money(found: Mapping[str, Any]) -> Money:
    return Money.parse(str(found["shopMoney"]["amount"]), str(found["shopMoney"]["currencyCode"]))


def _order(node: Mapping[str, Any]) -> SoldOrder:
    address: Mapping[str, Any] = node.get("shippingAddress") or {}
    customer: Mapping[str, Any] = node.get("customer") or {}
    return SoldOrder(
        external_id=str(node["name"]).lstrip("#"),
        placed_at=str(node["createdAt"]),
        buyer_name=str(customer.get("displayName") or address.get("name", "")),
        buyer_email=str(node.get("email") or ""),
        ship_to={
            "name": address.get("name"),
            "line1": address.get("address1"),
            "line2": address.get("address2"),
            "city": address.get("city"),
            "postal_code": address.get("zip"),
            "country": address.get("countryCodeV2"),
        },
        lines=[
            SoldLine(str(line["sku"]), int(line["quantity"]), _money(line["originalUnitPriceSet"])) for line in node["lineItems"]["nodes"]
        ],
        shipping=_money(node["totalShippingPriceSet"]),
        ip=str(node.get("clientIp") or ""),
    )
