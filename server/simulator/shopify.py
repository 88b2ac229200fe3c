"""A store that speaks Shopify's GraphQL Admin API (2024-10), as far as the adapter asks it."""

import re
from datetime import UTC, datetime
from typing import Any

from server.simulator.behaviour import World
from server.simulator.reporting import Reporter
from server.simulator.rest import Asked

_ROOT = re.compile(r"\{\s*(\w+)")
_PAGE = 50


class ShopifyStore:
    """Answers the queries that the adapter asks, by their first field; it is no GraphQL engine."""

    def __init__(self, world: World, reporter: Reporter) -> None:
        self._world = world
        self._reporter = reporter

    def graphql(self, asked: Asked) -> dict[str, Any]:
        """Answer one query."""
        root = _ROOT.search(str(asked.body.get("query", "")))
        variables: dict[str, Any] = asked.body.get("variables") or {}
        answers = {
            "productVariants": self._find,
            "productVariantsBulkUpdate": self._price,
            "inventorySetQuantities": self._stock,
            "orders": self._orders,
            "fulfillmentCreate": self._fulfil,
            "refundCreate": self._refund,
        }
        if root is None or root.group(1) not in answers:
            return {"errors": [{"message": "Field doesn't exist on type", "extensions": {"code": "undefinedField"}}]}
        if self._world.behaviour.throttle_queries > 0:
            self._world.behaviour.throttle_queries -= 1
            return {"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]}
        return {"data": {root.group(1): answers[root.group(1)](asked.account, variables)}}

    def sell(self, account: str, order: dict[str, Any]) -> dict[str, Any]:
        """Place an order in the store, as a buyer does, and report it as `orders/create` with the body of the REST API."""
        number = self._world.number("SH")
        placed: dict[str, Any] = {"id": number, "placed_at": datetime.now(UTC).isoformat(), **order, "account": account, "sent": {}}
        self._world.orders.append(placed)
        to, currency = placed["ship_to"], placed["shipping"]["currency"]
        self._reporter.report(
            account,
            "shopify",
            "orders/create",
            {
                "name": f"#{placed['id']}",
                "created_at": placed["placed_at"],
                "email": placed["buyer"]["email"],
                "currency": currency,
                "browser_ip": placed["buyer"].get("ip"),
                "shipping_address": {
                    "name": to["name"],
                    "address1": to["line1"],
                    "address2": None,
                    "city": to["city"],
                    "zip": to["postal_code"],
                    "country_code": to["country"],
                },
                "shipping_lines": [{"price": _shop_money(placed["shipping"])["amount"]}],
                "line_items": [
                    {"sku": line["sku"], "quantity": line["quantity"], "price": _shop_money(line["unit_price"])["amount"]}
                    for line in placed["lines"]
                ],
            },
        )
        return {key: value for key, value in placed.items() if key not in {"account", "sent"}}

    def _find(self, _account: str, variables: dict[str, Any]) -> dict[str, Any]:
        sku = str(variables.get("query", "")).removeprefix("sku:")
        if sku.startswith("UNKNOWN"):
            return {"nodes": []}
        number = len(self._world.variants) + 1
        variant = self._world.variants.setdefault(
            sku,
            {
                "id": f"gid://shopify/ProductVariant/{number}",
                "product": {"id": f"gid://shopify/Product/{number}"},
                "inventoryItem": {"id": f"gid://shopify/InventoryItem/{number}"},
                "price": None,
                "available": 0,
            },
        )
        return {"nodes": [variant]}

    def _price(self, _account: str, variables: dict[str, Any]) -> dict[str, Any]:
        errors: list[dict[str, Any]] = []
        for wanted in variables["variants"]:
            if float(wanted["price"]) <= 0:
                errors.append({"field": ["variants", "0", "price"], "message": "Price must be greater than 0"})
                continue
            next(each for each in self._world.variants.values() if each["id"] == wanted["id"])["price"] = wanted["price"]
        return {"productVariants": [{"id": each["id"]} for each in variables["variants"]], "userErrors": errors}

    def _stock(self, _account: str, variables: dict[str, Any]) -> dict[str, Any]:
        for wanted in variables["input"]["quantities"]:
            found = next(each for each in self._world.variants.values() if each["inventoryItem"]["id"] == wanted["inventoryItemId"])
            found["available"] = wanted["quantity"]
        return {"inventoryAdjustmentGroup": {"createdAt": datetime.now(UTC).isoformat()}, "userErrors": []}

    def _fulfil(self, account: str, variables: dict[str, Any]) -> dict[str, Any]:
        wanted = variables["fulfillment"]
        for part in wanted["lineItemsByFulfillmentOrder"]:
            number = part["fulfillmentOrderId"].rpartition("/")[2]
            order = next(each for each in self._world.orders if (each["account"], each["id"]) == (account, number))
            for item in part["fulfillmentOrderLineItems"]:
                sku = item["id"].rpartition("/")[2]
                order["sent"][sku] = order["sent"].get(sku, 0) + item["quantity"]
            lines = [{"sku": item["id"].rpartition("/")[2], "quantity": item["quantity"]} for item in part["fulfillmentOrderLineItems"]]
            tracking = wanted["trackingInfo"]["number"]
            self._world.fulfilments.append({"account": account, "order": number, "lines": lines, "tracking_number": tracking})
        return {"fulfillment": {"id": f"gid://shopify/Fulfillment/{len(self._world.fulfilments)}"}, "userErrors": []}

    def _paid(self, order: dict[str, Any]) -> dict[str, Any]:
        made = [each for each in self._world.refunds if (each["account"], each["order"]) == (order["account"], order["id"])]
        taken = {"id": f"gid://shopify/OrderTransaction/{order['id']}", "kind": "SALE", "status": "SUCCESS", "gateway": "shopify_payments"}
        return {"refunds": [{"id": each["id"], "note": each["note"]} for each in made], "transactions": [taken]}

    def _refund(self, account: str, variables: dict[str, Any]) -> dict[str, Any]:
        wanted = variables["input"]
        number = wanted["orderId"].rpartition("/")[2]
        order = next(each for each in self._world.orders if (each["account"], each["id"]) == (account, number))
        minor = sum(round(float(each["amount"]) * 100) for each in wanted["transactions"])
        if minor > self._world.left(order) or self._world.declines(minor):
            return {"refund": None, "userErrors": [{"field": ["transactions"], "message": "Refund cannot be processed by the gateway"}]}
        refund = {
            "id": f"gid://shopify/Refund/{len(self._world.refunds) + 1}",
            "account": account,
            "order": number,
            "amount": {"minor": minor, "currency": order["shipping"]["currency"]},
            "note": wanted["note"],
            "state": "succeeded",
        }
        self._world.refunds.append(refund)
        return {"refund": {"id": refund["id"]}, "userErrors": []}

    def _orders(self, account: str, variables: dict[str, Any]) -> dict[str, Any]:
        own = [order for order in self._world.orders if order["account"] == account]
        if named := str(variables.get("query", "")).removeprefix("name:#"):
            return {"nodes": [{**_to_fulfil(order), **self._paid(order)} for order in own if order["id"] == named]}
        numbers = [order["id"] for order in own]
        after = str(variables.get("after") or "")
        begin = numbers.index(after) + 1 if after in numbers else 0
        page = own[begin : begin + _PAGE]
        info = {"hasNextPage": begin + _PAGE < len(own), "endCursor": page[-1]["id"] if page else None}
        nodes = [
            {
                "id": f"gid://shopify/Order/{order['id']}",
                "name": f"#{order['id']}",
                "createdAt": order["placed_at"],
                "email": order["buyer"]["email"],
                "clientIp": order["buyer"].get("ip"),
                "customer": {"displayName": order["buyer"]["name"]},
                "shippingAddress": {
                    "name": order["ship_to"]["name"],
                    "address1": order["ship_to"]["line1"],
                    "address2": None,
                    "city": order["ship_to"]["city"],
                    "zip": order["ship_to"]["postal_code"],
                    "countryCodeV2": order["ship_to"]["country"],
                },
                "totalShippingPriceSet": {"shopMoney": _shop_money(order["shipping"])},
                "lineItems": {
                    "nodes": [
                        {
                            "sku": line["sku"],
                            "quantity": line["quantity"],
                            "originalUnitPriceSet": {"shopMoney": _shop_money(line["unit_price"])},
                        }
                        for line in order["lines"]
                    ]
                },
            }
            for order in page
        ]
        return {"pageInfo": info, "nodes": nodes}


def _to_fulfil(order: dict[str, Any]) -> dict[str, Any]:
    sent: dict[str, int] = order["sent"]
    lines = [
        {"id": f"gid://shopify/Line/{line['sku']}", "sku": line["sku"], "remainingQuantity": line["quantity"] - sent.get(line["sku"], 0)}
        for line in order["lines"]
    ]
    open_ = any(line["remainingQuantity"] for line in lines)
    part = {"id": f"gid://shopify/FulfillmentOrder/{order['id']}", "status": "OPEN" if open_ else "CLOSED", "lineItems": {"nodes": lines}}
    return {"id": f"gid://shopify/Order/{order['id']}", "fulfillmentOrders": {"nodes": [part]}}


def _shop_money(money: dict[str, Any]) -> dict[str, str]:
    return {"amount": f"{money['minor'] / 100:.2f}", "currencyCode": money["currency"]}
