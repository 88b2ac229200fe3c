"""A sales channel with a plain REST API."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from server.simulator.behaviour import World
from server.simulator.reporting import Reporter
from server.simulator.rest import Asked, Refusal

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

    def fulfil(self, asked: Asked, number: str) -> dict[str, Any]:
        """Take what was sent of an order; more than was ordered is refused."""
        order = next((each for each in self._world.orders if (each["account"], each["id"]) == (asked.account, number)), None)
        if order is None:
            raise Refusal(404, "unknown_order", f"there is no order {number}")
        left = Counter({line["sku"]: line["quantity"] for line in order["lines"]})
        for told in [each for each in self._world.fulfilments if (each["account"], each["order"]) == (asked.account, number)]:
            left.subtract({line["sku"]: line["quantity"] for line in told["lines"]})
        if any(left[line["sku"]] < line["quantity"] for line in asked.body["lines"]):
            raise Refusal(422, "too_many", f"more than was ordered was sent for {number}")
        fulfilment = {"id": self._world.number("ful"), "account": asked.account, "order": number, **asked.body}
        self._world.fulfilments.append(fulfilment)
        return {"id": fulfilment["id"]}

    def refund(self, asked: Asked, number: str) -> dict[str, Any]:
        """Pay the buyer of an order back, at once or after a while, and never more than was collected."""
        order = next((each for each in self._world.orders if (each["account"], each["id"]) == (asked.account, number)), None)
        if order is None:
            raise Refusal(404, "unknown_order", f"there is no order {number}")
        minor = int(asked.body["amount"]["minor"])
        if not 0 < minor <= self._world.left(order):
            raise Refusal(422, "amount_too_large", f"that is more than was collected for {number}")
        refund: dict[str, Any] = {
            "id": self._world.number("rfd"),
            "account": asked.account,
            "order": number,
            "amount": asked.body["amount"],
            "note": asked.body.get("reason", ""),
            "state": "pending",
            "reason": "",
        }
        self._world.refunds.append(refund)

        async def decide() -> None:
            self._decide(refund)

        if self._world.behaviour.decide_seconds:
            self._reporter.later(self._world.behaviour.decide_seconds, decide)
        else:
            self._decide(refund)
        return _shown(refund)

    def _decide(self, refund: dict[str, Any]) -> None:
        declined = self._world.declines(refund["amount"]["minor"])
        refund["state"], refund["reason"] = ("failed", "the buyer's bank declined it") if declined else ("succeeded", "")

    def look_up_refund(self, account: str, number: str, reference: str) -> dict[str, Any]:
        """Return how a refund stands."""
        for each in self._world.refunds:
            if (each["account"], each["order"], each["id"]) == (account, number, reference):
                return _shown(each)
        raise Refusal(404, "unknown_refund", f"there is no refund {reference} of {number}")

    def write(self, account: str, message: dict[str, Any]) -> dict[str, Any]:
        """Write to the seller, as a buyer does, and report it."""
        written = {"id": self._world.number("msg"), "written_at": datetime.now(UTC).isoformat(), **message}
        self._reporter.report(account, "channel", "message.created", written)
        return written

    def review(self, account: str, listing: str, problems: list[dict[str, str]]) -> None:
        """Look at a listing again, as a channel does days later, and report what is wrong with it."""
        self._reporter.report(account, "channel", "listing.reviewed", {"listing": listing, "problems": problems})

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


def _shown(refund: dict[str, Any]) -> dict[str, Any]:
    return {name: refund[name] for name in ("id", "amount", "state", "reason")}
