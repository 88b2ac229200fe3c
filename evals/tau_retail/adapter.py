"""The domain's tools on ours: each call goes through the executor as the right customer, who confirms where the policy asks."""

import ast
import operator
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import text

from core.identity import Principal, RunContext
from core.statuses import CancelReason, TransactionState
from evals.tau_retail.canonical import Record
from evals.tau_retail.codes import Code, Refused, of_result
from evals.tau_retail.export import export
from evals.tau_retail.rules import Version
from evals.tau_retail.world import REASONS, World, order_number, to_address
from store.queries import customers
from store.unit import Units
from tools import approvals, registry
from tools.approvals import Answer, Choice
from tools.executor import Executor
from tools.result import Outcome, ToolResult

Observation = Record | str | Refused
Given = Mapping[str, Any]
_SAME = frozenset({"address.same", "address.known"})
"""We refuse to replace an address by itself; the domain does so and changes nothing."""
_NO_VARIANT = "-"
"""Asked for where a list has no partner: our tools take pairs, and look for all items before the first variant."""
_PENDING = text("SELECT id FROM payment_transactions WHERE tenant_id = :tenant AND state = :pending ORDER BY id")
_BINARY: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.FloorDiv: operator.floordiv,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A write of ours that a call of the domain means: who calls which tool with which arguments, and about which order."""

    who: Principal
    tool: str
    args: dict[str, Any]
    order_id: str | None = None
    user_id: str | None = None
    mismatch: bool = False
    """The two lists of items have different lengths."""


@dataclass
class Adapter:
    """Plays calls of the domain against one loaded tenant. `settles` lets the payment provider answer before the next write."""

    world: World
    version: Version
    units: Units
    toolbox: registry.Toolbox
    settles: bool = True
    executor: Executor = field(init=False)
    _keys: "count[int]" = field(default_factory=lambda: count(1))
    _user: str | None = None
    owing: bool = False
    """Something was asked of the payment provider, perhaps."""

    def __post_init__(self) -> None:
        """Put one executor over the units: the same door as in the product."""
        self.executor = Executor(self.units, self.toolbox, {})
        self.reads: dict[str, Callable[..., Any]] = {
            "find_user_id_by_email": self._by_email,
            "find_user_id_by_name_zip": self._by_name,
            "get_user_details": self._user_details,
            "get_order_details": self._order_details,
            "get_product_details": self._product_details,
            "get_item_details": self._item_details,
            "list_all_product_types": self._product_types,
            "calculate": _calculate,
            "think": _think,
            "transfer_to_human_agents": self._transfer,
        }

    def forget(self) -> None:
        """Start another conversation."""
        self._user, self.owing = None, False

    async def call(self, name: str, given: Given) -> Observation:
        """Play one call and return what the domain would show of it."""
        if name in self.reads:
            return await self.reads[name](**given)
        asked = self.asked(name, given)
        if isinstance(asked, Refused):
            return asked
        if self.owing and self.settles:
            await self.settle()
        result = await self.confirmed(asked.who, asked.tool, asked.args)
        self.owing = True
        return await self.shown(asked, result)

    async def shown(self, asked: Asked, result: ToolResult) -> Observation:
        """Return the order or the user after a write, or why it was refused."""
        if result.status is not Outcome.OK and result.rule not in _SAME:
            refused = of_result(result, self.version)
            if asked.mismatch and refused.ours == "variant_unknown":
                return Refused(Code.LENGTH, refused.ours)
            return refused
        if asked.order_id is not None:
            return await self._record("orders", asked.order_id)
        assert asked.user_id is not None
        return await self._record("users", asked.user_id)

    def asked(self, name: str, given: Given) -> Asked | Refused:
        """Return the write of ours that a call of the domain means."""
        if name == "modify_user_address":
            return self._user_address(given)
        writes: dict[str, tuple[str, Callable[[Given], dict[str, Any]]]] = {
            "cancel_pending_order": ("cancel_order", _cancel),
            "modify_pending_order_address": ("change_address", _address),
            "modify_pending_order_payment": ("change_payment_method", _payment),
            "modify_pending_order_items": ("modify_order_items", _pairs),
            "return_delivered_order_items": ("request_return", _return),
            "exchange_delivered_order_items": ("request_exchange", _pairs),
        }
        if name not in writes:
            return Refused(Code.ACTION)
        order_id = str(given["order_id"])
        owner = self.world.owner_of(order_id)
        tool, arguments = writes[name]
        args = {"order": order_number(order_id), **arguments(given)}
        mismatch = "new_item_ids" in given and len(given["item_ids"]) != len(given["new_item_ids"])
        who = self.world.customer(owner) if owner else self.world.staff
        self._user = owner or self._user
        return Asked(who, tool, args, order_id=order_id, mismatch=mismatch)

    async def confirmed(self, who: Principal, tool: str, args: Mapping[str, Any], *, key: str = "") -> ToolResult:
        """Call a tool as its caller, who confirms what the policy wants confirmed."""
        result = await self.once(who, tool, args, key=key)
        if result.status is Outcome.PENDING and result.approval_id is not None:
            await self.confirm(who, tool, result.approval_id)
            result = await self.once(who, tool, args, approval=result.approval_id)
        return result

    async def once(self, who: Principal, tool: str, args: Mapping[str, Any], *, key: str = "", approval: UUID | None = None) -> ToolResult:
        """Call a tool once."""
        ctx = RunContext(who, idempotency_key=key or f"call-{next(self._keys)}", approval_id=approval)
        return await self.executor.execute(ctx, tool, args)

    async def confirm(self, who: Principal, tool: str, approval: UUID) -> None:
        """Answer a request with yes, as the one who asked."""
        async with self.units.write(who) as tx:
            policy = await self.executor.policy(tx)
            await approvals.decide(tx, self.toolbox[tool], approval, Answer(decision=Choice.APPROVE), policy)

    async def settle(self) -> None:
        """Let the payment provider report that everything it was asked for went through."""
        async with self.units.read(self.world.staff) as tx:
            rows = await tx.connection.execute(_PENDING, {"tenant": self.world.tenant_id, "pending": TransactionState.PENDING.value})
            waiting = list(rows.scalars())
        for transaction in waiting:
            await self.once(self.world.provider, "settle_payment", {"transaction": str(transaction), "outcome": "succeeded"})
        self.owing = False

    async def _record(self, kind: str, key: str) -> Record:
        ids = {"users": self.world.customer_id, "orders": self.world.order_uuid, "products": self.world.product_uuid}
        async with self.units.write(self.world.staff) as tx:
            state = await export(tx.connection, self.world, {kind: [ids[kind](key)]})
        return state[kind][key]

    async def _by_email(self, email: str) -> Observation:
        result = await self.once(self.world.staff, "get_customer", {"customer": email})
        if result.status is not Outcome.OK or str(result.data["email"]).lower() != email.lower():
            return Refused(Code.USER)
        return await self._found([result.data["email"]]) or Refused(Code.USER)

    async def _by_name(self, first_name: str, last_name: str, zip: str) -> Observation:  # noqa: A002 the domain's name
        async with self.units.read(self.world.staff) as tx:
            rows = await customers.match(tx, f"{first_name} {last_name}", limit=50)
        return await self._found([row.email for row in rows], first_name, last_name, zip) or Refused(Code.USER)

    async def _found(self, emails: list[Any], first: str = "", last: str = "", zip_code: str = "") -> str | None:
        """Return the user of one of some addresses, with that name and postal code where they are given."""
        async with self.units.write(self.world.staff) as tx:
            ids = [row.id for email in emails for row in await customers.match(tx, str(email), limit=1)]
            users = (await export(tx.connection, self.world, {"users": ids}))["users"] if ids else {}
        for user_id, user in users.items():
            named = (user["name"]["first_name"].lower(), user["name"]["last_name"].lower()) == (first.lower(), last.lower())
            if not first or (named and user["address"]["zip"] == zip_code):
                self._user = user_id
                return user_id
        return None

    async def _user_details(self, user_id: str) -> Observation:
        user = self.world.data["users"].get(user_id)
        if user is None:
            return Refused(Code.USER)
        who = self.world.customer(user_id)
        result = await self.once(who, "list_payment_methods", {})
        return await self._record("users", user_id) if result.status is Outcome.OK else of_result(result, self.version)

    async def _order_details(self, order_id: str) -> Observation:
        owner = self.world.owner_of(order_id)
        who = self.world.customer(owner) if owner else self.world.staff
        result = await self.once(who, "get_order", {"order": order_number(order_id)})
        return await self._record("orders", order_id) if result.status is Outcome.OK else of_result(result, self.version)

    async def _product_details(self, product_id: str) -> Observation:
        result = await self.once(self.world.staff, "get_product", {"product": product_id})
        if result.status is not Outcome.OK or result.data["product"] != product_id:
            return Refused(Code.PRODUCT)
        return await self._record("products", product_id)

    async def _item_details(self, item_id: str) -> Observation:
        result = await self.once(self.world.staff, "get_product", {"product": item_id})
        if result.status is not Outcome.OK or result.data["product"] == item_id:
            return Refused(Code.ITEM)
        variants = (await self._record("products", str(result.data["product"])))["variants"]
        return variants[item_id] if item_id in variants else Refused(Code.ITEM)

    async def _product_types(self) -> Observation:
        async with self.units.write(self.world.staff) as tx:
            products = (await export(tx.connection, self.world, {"products": None}))["products"]
        return dict(sorted((product["name"], key) for key, product in products.items()))

    async def _transfer(self, summary: str) -> Observation:
        if self._user is not None:
            args = {"subject": "Hand over to a person", "message": summary[:2000] or "-"}
            await self.confirmed(self.world.customer(self._user), "open_ticket", args)
        return "Transfer successful"

    def _user_address(self, given: Given) -> Asked | Refused:
        user_id = str(given["user_id"])
        if user_id not in self.world.data["users"]:
            return Refused(Code.USER)
        args = {"which": "1", **_some(to_address("", given), without="name")}
        return Asked(self.world.customer(user_id), "update_address", args, user_id=user_id)


def _some(values: Mapping[str, Any], *, without: str = "") -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None and key != without}


def _address(given: Given) -> dict[str, Any]:
    return _some(to_address("", given), without="name")


def _cancel(given: Given) -> dict[str, Any]:
    return {"reason": REASONS.get(given["reason"], CancelReason.OTHER).value}


def _payment(given: Given) -> dict[str, Any]:
    return {"payment_method": given["payment_method_id"]}


def _return(given: Given) -> dict[str, Any]:
    skus: list[str] = given["item_ids"]
    counted: list[dict[str, Any]] = [{"item": sku, "quantity": units} for sku, units in Counter(skus).items()]
    first: dict[str, Any] = counted[0] if counted else {"item": _NO_VARIANT}
    return {**first, "more": counted[1:], "reason": "changed_mind", "refund_to": given["payment_method_id"]}


def _pairs(given: Given) -> dict[str, Any]:
    old: list[str] = given["item_ids"]
    new: list[str] = given["new_item_ids"]
    wanted = new if len(old) == len(new) else [_NO_VARIANT] * len(old)
    pairs: list[dict[str, Any]] = [{"item": sku, "wanted": ref, "quantity": 1} for sku, ref in zip(old, wanted, strict=True)]
    first: dict[str, Any] = pairs[0] if pairs else {"wanted": _NO_VARIANT}
    return {**first, "more": pairs[1:], "payment_method": given["payment_method_id"]}


async def _think(thought: str) -> Observation:
    return ""


async def _calculate(expression: str) -> Observation:
    """Work out an expression of numbers, + - * / and parentheses, rounded to two decimals."""
    if not all(letter in "0123456789+-*/(). " for letter in expression):
        return Refused(Code.EXPRESSION)
    value = _value(ast.parse(expression.strip(), mode="eval").body)
    return str(float(round(value, 2)))


def _value(node: ast.AST) -> float:
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return node.value
    if isinstance(node, ast.BinOp):
        return _BINARY[type(node.op)](_value(node.left), _value(node.right))
    if isinstance(node, ast.UnaryOp):
        value = _value(node.operand)
        return -value if isinstance(node.op, ast.USub) else value
    raise ValueError("only numbers, + - * / and parentheses can be worked out")
