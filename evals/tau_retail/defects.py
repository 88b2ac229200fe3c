"""What the published tools do wrong, put right: what a row would record if they did not.

1. A change of several items gives every line the price and the options of the last variant (second version).
2. A cancellation after a switched payment refunds the refund too.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, cast

from evals.tau_retail.canonical import Record, amount, canonical
from evals.tau_retail.world import World

Changed = dict[str, dict[str, Record]]


def corrected_order(world: World, order: Record) -> Record:
    """Return an order at cents as correct tools would have left it."""
    fixed = deepcopy(order)
    if fixed["status"] == "pending (item modified)":
        for line in fixed["items"]:
            variant = world.initial["products"][line["product_id"]]["variants"][line["item_id"]]
            line["price"], line["options"] = variant["price"], variant["options"]
    fixed["payment_history"] = _once(fixed)[0]
    return fixed


def corrected_state(world: World, changed: Mapping[str, Mapping[str, Any]]) -> Changed:
    """Return the changed records at cents as correct tools would have left them."""
    state: Changed = {kind: {key: canonical({**each}) for key, each in records.items()} for kind, records in changed.items()}
    for user_id, user in state.get("users", {}).items():
        user["user_id"] = user_id
    for key, order in list(state.get("orders", {}).items()):
        fixed, too_much = _once(order)
        state["orders"][key] = corrected_order(world, order)
        user = state.get("users", {}).get(order["user_id"])
        for reference, minor in too_much.items() if len(fixed) < len(order["payment_history"]) and user else ():
            method = cast("Record", user)["payment_methods"][reference]
            if "balance" in method:
                method["balance"] = amount(round(float(method["balance"]) * 100) - minor)
    return {
        kind: {key: record for key, record in records.items() if world.initial[kind].get(key) != record} for kind, records in state.items()
    }


def _once(order: Record) -> tuple[list[Record], dict[str, int]]:
    """Return an order's payments with nothing refunded twice, and what was refunded too much by method."""
    history: list[Record] = order["payment_history"]
    half = len(history) // 2
    before, after = history[:half], history[half:]
    refunded_before = [row for row in before if row["transaction_type"] == "refund"]
    if order["status"] != "cancelled" or not refunded_before or len(before) != len(after):
        return history, {}
    owed: dict[str, int] = {}
    for row in before:
        sign = 1 if row["transaction_type"] == "payment" else -1
        owed[row["payment_method_id"]] = owed.get(row["payment_method_id"], 0) + sign * _minor(row)
    given: dict[str, int] = {}
    for row in after:
        given[row["payment_method_id"]] = given.get(row["payment_method_id"], 0) + _minor(row)
    right = [
        {"transaction_type": "refund", "amount": amount(minor), "payment_method_id": reference}
        for reference, minor in owed.items()
        if minor
    ]
    return [*before, *right], {reference: minor - owed.get(reference, 0) for reference, minor in given.items()}


def _minor(row: Record) -> int:
    return round(float(row["amount"]) * 100)
