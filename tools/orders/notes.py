"""Notes for colleagues, and tags."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, Field

from core.identity import Permission, RunContext
from store.queries import orders
from store.tables.orders import Order
from store.unit import Tx
from tools.arguments import OrderNumber, Tag
from tools.orders.module import module
from tools.policy import Policy
from tools.policy.decision import allow
from tools.policy.placing import TagPlan, decide_tag
from tools.result import Quote, Result
from tools.spec import Args, Audience, Effect


class AddOrderNote(Args):
    """Which order, and what colleagues should know."""

    order: OrderNumber
    note: Annotated[
        str, Field(min_length=1, max_length=280, description="What colleagues should know", json_schema_extra={"format": "text"})
    ]


class NoteAdded(Result):
    """A note that colleagues see."""

    order: str
    note: Quote

    def text(self) -> str:
        """Confirm the note."""
        return f"Noted on order {self.order}: “{self.note.text}”"


class NotePlan(BaseModel):
    """The order that a note is written on."""

    order: str


@dataclass(frozen=True, slots=True)
class _Noted:
    plan: NotePlan
    order: Order


async def _noted(tx: Tx, args: AddOrderNote, _ctx: RunContext, _policy: Policy) -> _Noted:
    order = await orders.by_number(tx, args.order, lock=True)
    return _Noted(NotePlan(order=order.number), order)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.ORDER_NOTE,
    audience=Audience.STAFF,
    facts=_noted,
    policy=lambda _policy, _facts, _args, _principal: allow("note.staff"),
    examples=(
        "note on order 1042: customer called, wants delivery on Friday",
        "add a note to 1042 that the neighbour takes the parcel",
        "write down on #1017: gift wrapping promised",
        "leave a comment on order 1042, we owe them a call",
        "remember for order 1042: fragile",
        "put an internal remark on order 1017",
    ),
)
async def add_order_note(tx: Tx, args: AddOrderNote, _ctx: RunContext, facts: _Noted) -> NoteAdded:
    """Write a note for colleagues into an order's timeline; customers do not see it."""
    orders.note(tx, facts.order, orders.NOTE, args.note)
    tx.emit("order.noted", order=facts.order.number)
    return NoteAdded(order=facts.order.number, note=Quote.external(args.note))


class TagOrder(Args):
    """Which order, and which tag."""

    order: OrderNumber
    tag: Tag


class OrderTagged(Result):
    """An order's tags."""

    order: str
    tags: list[str]

    def text(self) -> str:
        """List the tags."""
        return f"Order {self.order} has the tags {', '.join(self.tags)}." if self.tags else f"Order {self.order} has no tags."


@dataclass(frozen=True, slots=True)
class _Tagged:
    plan: TagPlan
    order: Order


async def _tagged(tx: Tx, args: TagOrder, _ctx: RunContext, _policy: Policy) -> _Tagged:
    order = await orders.by_number(tx, args.order, lock=True)
    return _Tagged(TagPlan(order=order.number, tag=args.tag, there=args.tag in order.tags), order)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.ORDER_NOTE,
    audience=Audience.STAFF,
    facts=_tagged,
    policy=lambda _policy, facts, _args, _principal: decide_tag(facts.plan, wanted=True),
    examples=(
        "tag order 1042 as vip",
        "mark 1042 with the tag gift",
        "label order 1017 wholesale",
        "add the tag urgent to #1042",
        "give order 1042 the tag press",
        "tag 1017: fragile",
    ),
)
async def tag_order(tx: Tx, args: TagOrder, _ctx: RunContext, facts: _Tagged) -> OrderTagged:
    """Put a tag on an order, to find it by."""
    return _retag(tx, facts.order, [*facts.order.tags, args.tag], "order.tagged", args.tag)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.ORDER_NOTE,
    audience=Audience.STAFF,
    facts=_tagged,
    policy=lambda _policy, facts, _args, _principal: decide_tag(facts.plan, wanted=False),
    examples=(
        "untag order 1042: vip",
        "take the tag gift off 1042",
        "remove the label urgent from order 1017",
        "order 1042 is no longer tagged wholesale",
        "drop the press tag of #1042",
        "clear the tag fragile on 1017",
    ),
)
async def untag_order(tx: Tx, args: TagOrder, _ctx: RunContext, facts: _Tagged) -> OrderTagged:
    """Take a tag off an order."""
    return _retag(tx, facts.order, [tag for tag in facts.order.tags if tag != args.tag], "order.untagged", args.tag)


def _retag(tx: Tx, order: Order, tags: list[str], topic: str, tag: str) -> OrderTagged:
    order.tags = tags
    tx.session.add(order)
    tx.emit(topic, order=order.number, tag=tag)
    return OrderTagged(order=order.number, tags=tags)
