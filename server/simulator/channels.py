"""The sales channels: one with a plain REST API, and one that speaks Shopify's GraphQL Admin API (2024-10)."""

import re
from datetime import UTC, datetime
from typing import Any

from server.simulator.behaviour import World
from server.simulator.reporting import Reporter
from server.simulator.rest import Asked, Refusal

_ROOT = re.compile(r"\{\s*(\w+)")
_LONGEST_TITLE = 200


class Channel:
    """Listings, conversations and orders as resources."""

    def __init__(self, world: World, reporter: Reporter) -> None:
        self._world = world
        self._reporter = reporter

    def put_listing(self, asked: Asked, listing: str) -> dict[str, Any]:
        """Take a listing, or say what is wrong with it."""
        body = asked.body
        problems: list[dict[str, str]] = []
        title = body.get("fields", {}).get("title")
        if int(body.get("price", {}).get("minor", 0)) <= 0:
            problems.append({"field": "price", "code": "business_rule_violation", "message": "The price must be above zero."})
        if title is not None and not str(title).strip():
            problems.append({"field": "title", "code": "missing_required_field", "message": "A title is required."})
        if title is not None and len(str(title)) > _LONGEST_TITLE:
            problems.append({"field": "title", "code": "invalid_format", "message": f"The title is longer than {_LONGEST_TITLE} letters."})
        if not problems:
            self._world.listings[asked.account, listing] = body
        return {"id": listing, "problems": problems}

    def reply(self, asked: Asked, conversation: str) -> dict[str, Any]:
        """Take an answer to a buyer."""
        if not str(asked.body.get("text", "")).strip():
            raise Refusal(422, "empty", "an answer needs a text")
        reply = {"id": self._world.number("rep"), "account": asked.account, "conversation": conversation, **asked.body}
        self._world.replies.append(reply)
        return {"id": reply["id"]}

    def orders(self, account: str, after: str, limit: int) -> dict[str, Any]:
        """Return a page of an account's orders, oldest first."""
        own = [order for order in self._world.orders if order["account"] == account]
        numbers = [order["id"] for order in own]
        begin = numbers.index(after) + 1 if after in numbers else 0
        page = own[begin : begin + limit]
        more = page[-1]["id"] if begin + limit < len(own) else ""
        return {"orders": [{key: value for key, value in order.items() if key != "account"} for order in page], "next": more}

    def sell(self, account: str, order: dict[str, Any]) -> dict[str, Any]:
        """Place an order on the channel, as a buyer does, and report it."""
        placed = {"id": self._world.number("CH"), "placed_at": datetime.now(UTC).isoformat(), **order, "account": account}
        self._world.orders.append(placed)
        shown = {key: value for key, value in placed.items() if key != "account"}
        self._reporter.report(account, "channel", "order.created", {"order": shown})
        return shown


class ShopifyStore:
    """Answers the queries that the adapter asks, by their first field; it is no GraphQL engine."""

    def __init__(self, world: World) -> None:
        self._world = world

    def graphql(self, asked: Asked) -> dict[str, Any]:
        """Answer one query."""
        root = _ROOT.search(str(asked.body.get("query", "")))
        variables: dict[str, Any] = asked.body.get("variables") or {}
        answers = {
            "productVariants": self._find,
            "productVariantsBulkUpdate": self._price,
            "inventorySetQuantities": self._stock,
            "orders": self._orders,
        }
        if root is None or root.group(1) not in answers:
            return {"errors": [{"message": "Field doesn't exist on type", "extensions": {"code": "undefinedField"}}]}
        return {"data": {root.group(1): answers[root.group(1)](variables)}}

    def _find(self, variables: dict[str, Any]) -> dict[str, Any]:
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

    def _price(self, variables: dict[str, Any]) -> dict[str, Any]:
        errors: list[dict[str, Any]] = []
        for wanted in variables["variants"]:
            if float(wanted["price"]) <= 0:
                errors.append({"field": ["variants", "0", "price"], "message": "Price must be greater than 0"})
                continue
            next(each for each in self._world.variants.values() if each["id"] == wanted["id"])["price"] = wanted["price"]
        return {"productVariants": [{"id": each["id"]} for each in variables["variants"]], "userErrors": errors}

    def _stock(self, variables: dict[str, Any]) -> dict[str, Any]:
        for wanted in variables["input"]["quantities"]:
            found = next(each for each in self._world.variants.values() if each["inventoryItem"]["id"] == wanted["inventoryItemId"])
            found["available"] = wanted["quantity"]
        return {"inventoryAdjustmentGroup": {"createdAt": datetime.now(UTC).isoformat()}, "userErrors": []}

    def _orders(self, _variables: dict[str, Any]) -> dict[str, Any]:
        nodes = [
            {
                "id": f"gid://shopify/Order/{order['id']}",
                "name": f"#{order['id']}",
                "createdAt": order["placed_at"],
                "email": order["buyer"]["email"],
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
            for order in self._world.orders
        ]
        return {"pageInfo": {"hasNextPage": False, "endCursor": None}, "nodes": nodes}


def _shop_money(money: dict[str, Any]) -> dict[str, str]:
    return {"amount": f"{money['minor'] / 100:.2f}", "currencyCode": money["currency"]}
