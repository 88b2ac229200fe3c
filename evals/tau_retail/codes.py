"""One code for each refusal of the domain: from its own error texts, and from our typed refusals. Nothing else says that they agree."""

import re
from dataclasses import dataclass
from enum import StrEnum

from evals.tau_retail.rules import Version
from tools.result import Outcome, ToolResult


class Code(StrEnum):
    """Why the domain refuses a call."""

    USER = "user_not_found"
    ORDER = "order_not_found"
    PRODUCT = "product_not_found"
    ITEM = "item_not_found"
    METHOD = "payment_method_not_found"
    CANCEL_STATUS = "not_pending_cancel"
    MODIFY_STATUS = "not_pending_modify"
    RETURN_STATUS = "not_delivered_return"
    EXCHANGE_STATUS = "not_delivered_exchange"
    REASON = "invalid_reason"
    ONE_PAYMENT = "one_payment"
    SAME_METHOD = "same_payment_method"
    BALANCE_ORDER = "balance_order"
    BALANCE_ITEM = "balance_item"
    BALANCE_DIFFERENCE = "balance_difference"
    LENGTH = "length_mismatch"
    SAME_ITEM = "same_item"
    VARIANT = "variant_not_found"
    AVAILABLE = "variant_not_available"
    REFUND_TO = "refund_method"
    SOME_ITEM = "some_item_not_found"
    EXPRESSION = "invalid_expression"
    ACTION = "unknown_action"


_TEXTS: tuple[tuple[str, Code], ...] = (
    (r"user not found", Code.USER),
    (r"order not found", Code.ORDER),
    (r"product not found", Code.PRODUCT),
    (r"variant not found", Code.VARIANT),
    (r"new item \S+ not found or available", Code.AVAILABLE),
    (r"some item not found", Code.SOME_ITEM),
    (r"payment method not found", Code.METHOD),
    (r"item not found|number of \S+ not found\.?|\S+ not found\.?", Code.ITEM),
    (r"non-pending order cannot be cancelled", Code.CANCEL_STATUS),
    (r"non-pending order cannot be modified", Code.MODIFY_STATUS),
    (r"non-delivered order cannot be returned", Code.RETURN_STATUS),
    (r"non-delivered order cannot be exchanged", Code.EXCHANGE_STATUS),
    (r"invalid reason", Code.REASON),
    (r"there should be exactly one payment for a pending order", Code.ONE_PAYMENT),
    (r"the new payment method should be different from the current one", Code.SAME_METHOD),
    (r"insufficient gift card balance to pay for the order", Code.BALANCE_ORDER),
    (r"insufficient gift card balance to pay for the new item", Code.BALANCE_ITEM),
    (r"insufficient gift card balance to pay for the price difference", Code.BALANCE_DIFFERENCE),
    (r"the number of items to be exchanged should match\.?", Code.LENGTH),
    (r"the new item id should be different from the old item id", Code.SAME_ITEM),
    (r"payment method should be (either )?the original payment method( or a gift card)?", Code.REFUND_TO),
    (r"invalid characters in expression", Code.EXPRESSION),
)


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal of the domain; `ours` is the rule or the code that it was mapped from."""

    code: Code
    ours: str = ""


def of_text(observation: str) -> Code | None:
    """Return the code of an observation that is an error text, nothing for every other observation.

    Raises:
        ValueError: an error text that the domain does not have.
    """
    if observation.startswith("Unknown action"):
        return Code.ACTION
    if not observation.startswith("Error:"):
        return None
    said = observation.removeprefix("Error:").strip().lower().rstrip(".")
    for pattern, code in _TEXTS:
        if re.fullmatch(pattern, said):
            return code
    raise ValueError(f"no code for the error text {observation!r}")


_COMMON = {
    "payment_method_unknown": Code.METHOD,
    "payment_method_unclear": Code.METHOD,
    "invalid_arguments": Code.ORDER,
    "not_found": Code.ORDER,
}
_ITEMS = {"item_unknown": Code.ITEM, "item_unclear": Code.ITEM, "item_quantity": Code.ITEM, "return_window.general": Code.ITEM}
_VARIANTS = {"variant_unknown": Code.AVAILABLE, "variant_unclear": Code.AVAILABLE, "out_of_stock": Code.AVAILABLE}
_BY_TOOL: dict[str, dict[str, Code]] = {
    "cancel_order": {
        "cancellation.before_shipping": Code.CANCEL_STATUS,
        "cancellation.items_changed": Code.CANCEL_STATUS,
        "cancellation.reason": Code.REASON,
    },
    "change_address": {"address.before_shipping": Code.MODIFY_STATUS, "address.items_changed": Code.MODIFY_STATUS},
    "change_payment_method": {
        "payment_method.status": Code.MODIFY_STATUS,
        "payment_method.items_changed": Code.MODIFY_STATUS,
        "payment_method.one_payment": Code.ONE_PAYMENT,
        "payment_method.same": Code.SAME_METHOD,
        "payment_method.balance": Code.BALANCE_ORDER,
    },
    "modify_order_items": {
        "order_items.status": Code.MODIFY_STATUS,
        "order_items.once": Code.MODIFY_STATUS,
        "order_items.balance": Code.BALANCE_ITEM,
        "variant_same": Code.SAME_ITEM,
        **_ITEMS,
        **_VARIANTS,
    },
    "request_return": {
        "return.not_delivered": Code.RETURN_STATUS,
        "return.once_per_order": Code.RETURN_STATUS,
        "return.refund_to": Code.REFUND_TO,
        **dict.fromkeys(_ITEMS, Code.SOME_ITEM),
    },
    "request_exchange": {
        "return.not_delivered": Code.EXCHANGE_STATUS,
        "return.once_per_order": Code.EXCHANGE_STATUS,
        "exchange.balance": Code.BALANCE_DIFFERENCE,
        **_ITEMS,
        **_VARIANTS,
    },
    "get_customer": {"not_found": Code.USER, "customer_unclear": Code.USER},
    "find_customers": {"not_found": Code.USER},
    "get_product": {"not_found": Code.PRODUCT},
}
_SECOND = {"variant_unknown": Code.VARIANT, "variant_unclear": Code.VARIANT}


def of_result(result: ToolResult, version: Version) -> Refused:
    """Return the domain's code for a refusal of ours.

    Raises:
        ValueError: a refusal that the domain does not have; the message says which.
    """
    assert result.status is not Outcome.OK
    ours = (result.rule if result.status is Outcome.DENIED else result.code) or ""
    known = _COMMON | _BY_TOOL.get(result.tool, {})
    if version is Version.SECOND and result.tool in {"modify_order_items", "request_exchange"}:
        known |= _SECOND
    if ours not in known:
        raise ValueError(f"{result.tool}: no code of the domain for {ours or result.status}: {result.text}")
    return Refused(known[ours], ours)
