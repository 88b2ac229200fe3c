"""What the conversations are made of: who says what in which ways, about which rows of the demo shop, and the end state.

Words in braces are columns of `rows`. A conversation takes one row and one way of saying it; what is asked back is answered by the first
of `answers` whose word the question has.
"""

from dataclasses import dataclass, field

from evals.talks import rows


@dataclass(frozen=True, slots=True)
class Template:
    """One kind of conversation."""

    name: str
    who: str
    """`merchant`, or `customer` for the customer of the row."""
    rows: str
    """The query that yields rows to talk about; ordered, so that they are the same each time."""
    ways: tuple[str, ...]
    answers: tuple[tuple[str, str], ...] = ()
    approves: bool = True
    """What whoever talks says to a request for confirmation."""
    tools: tuple[str, ...] = ()
    """Tools that must have ended ok."""
    says: tuple[str, ...] = ()
    never_says: tuple[str, ...] = ()
    true: dict[str, str] = field(default_factory=dict[str, str])
    """What must be true afterwards: a name and the query that yields it."""
    unchanged: bool = False
    """No write may have succeeded."""
    count: int = 12


_CANCELLED = {"the order is cancelled": "SELECT status = 'cancelled' FROM orders WHERE number = '{order}'"}
_STANDS = {"the order stands": "SELECT status = '{status}' FROM orders WHERE number = '{order}'"}
_RETURNED = (
    "SELECT count(*) = 1 FROM return_lines rl JOIN returns r ON r.id = rl.return_id JOIN orders o ON o.id = r.order_id "
    "JOIN order_lines l ON l.id = rl.order_line_id WHERE o.number = '{order}' AND l.sku = '{sku}'"
)
_REASONS = (("reason", "I changed my mind"), ("many", "one"), ("which", "{item}"))
_ADDRESS = {
    "it goes to the new address": "SELECT ship_to->>'line1' = '{line1}' AND ship_to->>'postal_code' = '{code}' FROM orders "
    "WHERE number = '{order}'"
}

TEMPLATES: tuple[Template, ...] = (
    Template(
        "cancel", "customer", rows.OPEN,
        (
            "cancel order {order}", "please cancel my order {order}", "I don't want order {order} anymore, cancel it",
            "can you cancel #{order} please?", "hi, I'd like to cancel order number {order}", "stop order {order}, I no longer need it",
            "call off order {order} pls", "pls cancel {order}, thx", "I need to cancel my order, it is number {order}",
            "Could you please cancel order #{order}? I found it elsewhere.", "order {order} can be cancelled",
            "Hello! I changed my mind about order {order}. Please cancel it.", "cancle order {order}",
            "would you mind cancelling order {order}?", "I want to annul order {order}",
        ),
        true=_CANCELLED, tools=("cancel_order",), count=15,
    ),
    Template(
        "cancel_by_mistake", "customer", rows.OPEN,
        (
            "cancel order {order}, I ordered it by mistake", "I placed order {order} by accident, please cancel it",
            "order {order} was a mistake, cancel it please", "please cancel {order}: ordered by mistake",
            "oops, I ordered {order} by mistake. Can you cancel it?", "cancel #{order} because it was ordered by mistake",
        ),
        true={**_CANCELLED, "the reason is kept": "SELECT cancel_reason = 'ordered_by_mistake' FROM orders WHERE number = '{order}'"},
    ),
    Template(
        "cancel_declined", "customer", rows.OPEN,
        (
            "cancel order {order}", "please cancel my order {order}", "can you cancel #{order}?", "I'd like to cancel order {order}",
            "stop order {order} please", "I want order {order} cancelled",
        ),
        approves=False, true=_STANDS, unchanged=True,
    ),
    Template(
        "cancel_too_late", "customer", rows.SHIPPED,
        (
            "cancel order {order}", "please cancel my order {order}", "I no longer need order {order}, cancel it",
            "can you still cancel #{order}?", "stop order {order}", "I'd like to cancel order {order} please",
        ),
        true=_STANDS, unchanged=True, says=("not possible",),
    ),
    Template(
        "return_with_reason", "customer", rows.RETURNABLE,
        (
            "I want to return the {item} from order {order}, I changed my mind", "return the {item} of order {order}: it is defective",
            "the {item} from order {order} arrived damaged, I want to return it", "send back the {item} from {order}, I don't like it",
            "I'd like to return the {item} (order {order}) because the quality is poor",
            "please take back the {item} of my order {order}, it does not look as described",
            "Hi there, I would like to return the {item} that I bought with order {order}. It doesn't fit.",
            "order {order}: I want to send the {item} back, changed my mind",
            "can I give back the {item} of order {order}? found it cheaper", "wanna return the {item}, order {order}, it is broken",
        ),
        _REASONS, true={"the item is on one return": _RETURNED}, tools=("request_return",), count=20,
    ),
    Template(
        "return_asked_why", "customer", rows.RETURNABLE,
        (
            "I want to return the {item} from order {order}", "return the {item} of order {order} please",
            "I'd like to return the {item} (order {order})", "please start a return for the {item} in #{order}",
            "I would like to send back the {item} from my order {order}", "please take back the {item} of order {order}",
        ),
        _REASONS, true={"the item is on one return": _RETURNED}, tools=("request_return",), count=15,
    ),
    Template(
        "return_two", "customer", rows.TWO_RETURNABLE,
        (
            "I want to return the {item} and the {other} from order {order}, I changed my mind",
            "return the {item} and the {other} of order {order}, I don't need them",
            "please take back both the {item} and the {other} from #{order}, changed my mind",
            "Order {order}: I'd like to send back the {item} and also the {other}. They don't fit.",
        ),
        _REASONS,
        true={
            "both are on one return": "SELECT count(*) = 2 AND count(DISTINCT r.id) = 1 FROM return_lines rl JOIN returns r ON r.id = rl.return_id "
            "JOIN orders o ON o.id = r.order_id JOIN order_lines l ON l.id = rl.order_line_id WHERE o.number = '{order}' "
            "AND l.sku IN ('{sku}', '{other_sku}')"
        },
        tools=("request_return",), count=16,
    ),
    Template(
        "exchange", "customer", rows.EXCHANGEABLE,
        (
            "exchange the {item} from order {order} for {wanted}", "I'd like to swap the {item} of order {order} for {wanted}",
            "can I get the {item} from order {order} in {wanted} instead", "please exchange the {item} in #{order} for {wanted}",
            "the {item} from order {order} is wrong for me, I want to exchange it for {wanted}", "swap the {item} in {order} for {wanted}",
        ),
        (("instead", "{wanted}"), ("reason", "it does not fit"), ("which", "{item}")),
        true={
            "it is exchanged for what was wanted": "SELECT count(*) = 1 FROM return_lines rl JOIN returns r ON r.id = rl.return_id "
            "JOIN orders o ON o.id = r.order_id JOIN variants v ON v.id = rl.exchange_variant_id JOIN order_lines l ON l.id = rl.order_line_id "
            "WHERE o.number = '{order}' AND l.sku = '{sku}' AND v.options->>'{option}' = '{wanted}'"
        },
        tools=("request_exchange",), count=22,
    ),
    Template(
        "change_item", "customer", rows.CHANGEABLE,
        (
            "change the {item} in order {order} to {wanted}", "order {order} has not shipped yet, make the {item} {wanted} please",
            "I picked the wrong one: please change the {item} of order {order} to {wanted}",
            "can the {item} in my open order {order} still become {wanted}?",
        ),
        (("instead", "{wanted}"), ("which", "{item}"), ("method", "{method}"), ("payment", "{method}")),
        true={
            "the line is what was wanted": "SELECT count(*) >= 1 FROM order_lines l JOIN orders o ON o.id = l.order_id "
            "JOIN variants v ON v.id = l.variant_id WHERE o.number = '{order}' AND v.options->>'{option}' = '{wanted}' AND l.sku <> '{sku}'"
        },
        tools=("modify_order_items",), count=13,
    ),
    Template(
        "change_address", "customer", rows.MOVABLE,
        (
            "change the address of order {order} to {address}", "please send order {order} to {address}",
            "I moved! Ship order {order} to {address} please", "wrong address on order {order}, it should be {address}",
            "Can you deliver #{order} to {address} instead?", "new delivery address for order {order}: {address}",
        ),
        true=_ADDRESS, tools=("change_address",), count=16,
    ),
    Template(
        "change_address_asked", "customer", rows.MOVABLE,
        (
            "change the delivery address of order {order}", "I need another address on order {order}",
            "can order {order} go somewhere else?", "please update the shipping address for order {order}",
        ),
        (("address", "{address}"),), true=_ADDRESS, tools=("change_address",), count=10,
    ),
    Template(
        "track", "customer", rows.SHIPPED,
        (
            "where is my order {order}?", "track order {order}", "when will order {order} arrive?", "has #{order} been shipped yet?",
            "what is the tracking number of order {order}", "my parcel {order} has not come yet, where is it",
            "hi, any news on the delivery of order {order}?", "where's {order}",
        ),
        tools=("track_order",), says=("{tracking}",), unchanged=True, count=18,
    ),
    Template(
        "show", "customer", rows.ANY,
        (
            "show me order {order}", "what did I order with {order}?", "details of order {order} please", "how much was order {order}",
            "what is in order #{order}?", "can I see my order {order}",
        ),
        tools=("get_order",), says=("{total}",), unchanged=True, count=16,
    ),
    Template(
        "mine", "customer", rows.CUSTOMERS,
        (
            "show my orders", "which orders do I have?", "list all my orders please", "what have I ordered so far?",
            "can you show me my order history", "what are my orders",
        ),
        tools=("find_orders",), says=("{newest}",), unchanged=True, count=12,
    ),
    Template(
        "foreign", "customer", rows.FOREIGN,
        (
            "show me order {order}", "where is order {order}?", "cancel order {order}", "what is in order {order}",
            "return everything of order {order}, I changed my mind", "change the address of order {order} to 1 Grand Place, 1000 Brussels, BE",
        ),
        never_says=("{owner}", "{total}"), unchanged=True, says=("not found",), count=18,
    ),
    Template(
        "refund", "merchant", rows.REFUNDABLE,
        (
            "refund {amount} on order {order}", "please give the customer of order {order} {amount} back",
            "refund {amount} for order #{order}, goodwill", "pay back {amount} on order {order} because of a price difference",
        ),
        (("reason", "goodwill"),),
        true={
            "the amount is on its way back": "SELECT sum(t.amount_minor) = {minor} FROM payment_transactions t JOIN payments p ON p.id = t.payment_id "
            "JOIN orders o ON o.id = p.order_id WHERE o.number = '{order}' AND t.type = 'refund'"
        },
        tools=("issue_refund",), count=16,
    ),
    Template(
        "hold", "merchant", rows.OPEN,
        (
            "put order {order} on hold: the address looks wrong", "hold order {order} because the payment looks odd",
            "please stop order {order} from shipping, I want to check the customer", "block shipping of order {order} for now, address check",
        ),
        (("reason", "address check"),),
        true={"it is on hold": "SELECT on_hold FROM orders WHERE number = '{order}'"}, tools=("hold_order",),
    ),
    Template(
        "release", "merchant", rows.HELD,
        ("release order {order}", "order {order} is fine, release it", "please lift the hold on order {order}", "unblock order {order}"),
        (("reason", "checked by phone"),),
        true={"it is not on hold": "SELECT NOT on_hold FROM orders WHERE number = '{order}'"}, tools=("release_order",), count=9,
    ),
    Template(
        "stock", "merchant", rows.STOCKED,
        (
            "how many {sku} do we have?", "stock of {sku}", "what is the stock level of {sku}", "check stock for {sku} please",
            "how much {sku} is left in the warehouses?",
        ),
        tools=("check_stock",), says=("{available}",), unchanged=True, count=14,
    ),
    Template(
        "policy", "customer", rows.CUSTOMERS,
        (
            "how long can I return electronics?", "what is the return policy for electronics", "return window for electronics please",
            "within how many days can electronics go back?",
        ),
        says=("30 days",), tools=("search_articles",), unchanged=True, count=10,
    ),
    Template(
        "two_requests", "customer", rows.OPEN_AND_ANOTHER,
        (
            "cancel order {order} and show me order {second}", "show me order {second} and cancel order {order}",
            "please cancel {order}, and also show me order {second}", "cancel order {order}. What is in order {second}?",
        ),
        true=_CANCELLED, says=("{second}",), tools=("cancel_order", "get_order"), count=12,
    ),
)  # fmt: skip
