"""What came back is inspected, and each item goes where the policy sends it."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from core.aftersales import DefectKind, Disposition, ItemCondition
from core.errors import InvalidInput
from core.identity import Permission, RunContext
from core.statuses import ORDER_TRANSITIONS, FulfilmentStatus, OrderStatus, ReturnReason, ReturnStatus, change
from store.queries import orders, rma, stock
from store.queries.rma import LineOfReturn
from store.tables.orders import Order
from store.unit import Tx
from tools.aftersales.handled import ReturnStep
from tools.aftersales.handling import OneReturn, handled_facts, moved, step
from tools.aftersales.locking import Handled, locked
from tools.aftersales.module import module
from tools.arguments import ItemRef, Note
from tools.items import resolve
from tools.phrases import joined, words
from tools.policy import Policy
from tools.policy.decision import Decision, allow, deny
from tools.quality.recording import Found, record
from tools.spec import Args, Audience, Effect

_GOES_ON = frozenset({ReturnStatus.INSPECTED, ReturnStatus.REFUND_PENDING, ReturnStatus.REFUNDED, ReturnStatus.COMPLETED})


class FoundItem(BaseModel):
    """In which state one of the items came back."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    item: ItemRef
    condition: ItemCondition
    defect: DefectKind = DefectKind.FUNCTIONAL
    """What is wrong with it, when it is defective."""


class InspectReturn(OneReturn):
    """What the inspection found: one condition for all, or one an item."""

    condition: ItemCondition | None = None
    """The state of everything that is not named in `items`."""
    defect: DefectKind = DefectKind.FUNCTIONAL
    """What is wrong, when it is defective."""
    items: Annotated[tuple[FoundItem, ...], Field(max_length=20, description="Items that are in another state than the rest")] = ()
    note: Note = ""
    """What was noticed, for the timeline."""


class DisposeReturn(OneReturn):
    """What becomes of the items of an inspected return."""

    recycle_defective: bool = False
    """Recycle defective items instead of returning them to the supplier."""


@dataclass(frozen=True, slots=True)
class _Inspection:
    handled: Handled
    policy: Policy
    found: list[tuple[LineOfReturn, ItemCondition, DefectKind]]


@dataclass(frozen=True, slots=True)
class _Named:
    """A returned line as people name it."""

    line: LineOfReturn

    @property
    def sku(self) -> str:
        return self.line.sold.sku

    @property
    def title(self) -> str:
        return self.line.sold.title

    @property
    def category(self) -> str:
        return self.line.sold.category


async def _inspection(tx: Tx, args: InspectReturn, _ctx: RunContext, policy: Policy) -> _Inspection:
    handled = await locked(tx, args.return_number)
    named = [_Named(line) for line in handled.lines]
    special = {resolve(each.item, named, handled.order.number).line.sold.sku: each for each in args.items}
    found: list[tuple[LineOfReturn, ItemCondition, DefectKind]] = []
    for line in handled.lines:
        own = special.get(line.sold.sku)
        condition = own.condition if own else args.condition
        if condition is None:
            raise InvalidInput(f"in which condition is {line.sold.title}?", field="condition", code="condition_missing")
        found.append((line, condition, own.defect if own else args.defect))
    return _Inspection(handled, policy, found)


def _may_inspect(_policy: Policy, facts: _Inspection, _args: Args, _principal: object) -> Decision:
    at = facts.handled.step.status
    if at is ReturnStatus.INSPECTING:
        return allow("return.inspect")
    return facts.handled.step.reaches(ReturnStatus.INSPECTING) or allow("return.inspect")


def _may_dispose(_policy: Policy, facts: Handled, _args: Args, _principal: object) -> Decision:
    if facts.step.status not in _GOES_ON:
        reason = f"Return {facts.rma.number} is {words(facts.step.status)}; its items were not inspected yet."
        return deny("return.not_inspected", reason, "inspect the return")
    if all(line.back.disposed_at is not None for line in facts.lines):
        return deny("return.disposed", f"All items of {facts.rma.number} were dealt with already.", "show the return")
    return allow("return.dispose")


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.RETURN_HANDLE,
    audience=Audience.STAFF,
    facts=_inspection,
    policy=_may_inspect,
    examples=(
        "R-1007 inspected: unopened",
        "inspection of return R-1012: the headset is defective, the tee unopened",
        "the items of R-1007 were clearly used",
        "R-1020: opened but fine",
        "what came back with R-1015 is damaged",
        "return R-1007 is hard to judge, condition unclear",
    ),
)
async def inspect_return(tx: Tx, args: InspectReturn, _ctx: RunContext, facts: _Inspection) -> ReturnStep:
    """Record in which condition a return's items came back; the policy says what becomes of each."""
    handled, row, order = facts.handled, facts.handled.rma, facts.handled.order
    if row.status == ReturnStatus.RECEIVED:
        moved(tx, handled, ReturnStatus.INSPECTING)
    for line, condition, _ in facts.found:
        line.back.condition = condition
        line.back.disposition = facts.policy.handling.disposition(condition)
        tx.session.add(line.back)
    shown = joined([f"{line.back.quantity} x {line.sold.title} {condition}" for line, condition, _ in facts.found])
    orders.note(tx, order, "return.inspected", f"Return {row.number} inspected: {shown}{f'; {args.note}' if args.note else ''}")
    if any(condition is ItemCondition.UNCLEAR for _, condition, _ in facts.found):
        tx.emit("return.review_needed", return_number=row.number, order=order.number)
        return step(handled, "Its condition is unclear: a person has to look, and inspect it again.", items=True)
    moved(tx, handled, ReturnStatus.INSPECTED)
    row.inspected_at = tx.now
    await _all_back(tx, order)
    patterns = [
        await record(tx, facts.policy.quality, Found(line.sold.variant_id, kind, line.back.quantity, return_line_id=line.back.id))
        for line, condition, kind in sorted(facts.found, key=lambda each: each[0].sold.variant_id)
        if condition is ItemCondition.DEFECTIVE or (condition is ItemCondition.DAMAGED and row.reason == ReturnReason.DEFECTIVE)
    ]
    conditions: dict[str, str] = {line.sold.sku: condition.value for line, condition, _ in facts.found}
    tx.emit("return.inspected", return_number=row.number, order=order.number, conditions={**conditions})
    return step(handled, "The same defect occurs again and again; an alert is raised." if any(patterns) else "", items=True)


async def _all_back(tx: Tx, order: Order) -> None:
    """Call an order returned once every unit of it has come back and was looked at."""
    await tx.session.flush()
    sold = sum(line.quantity for line in (await orders.lines_of(tx, [order.id]))[order.id])
    possible = OrderStatus.RETURNED in ORDER_TRANSITIONS[OrderStatus(order.status)]
    if not possible or await rma.units_back(tx, order.id) < sold:
        return
    order.status = change(f"order {order.number}", OrderStatus(order.status), OrderStatus.RETURNED, ORDER_TRANSITIONS)
    order.fulfilment_status = FulfilmentStatus.RETURNED
    tx.session.add(order)
    orders.note(tx, order, "order.returned", "All of it came back")
    tx.emit("order.returned", order=order.number)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.RETURN_HANDLE,
    audience=Audience.STAFF,
    facts=handled_facts,
    policy=_may_dispose,
    examples=(
        "put the items of R-1007 where they belong",
        "restock return R-1012",
        "dispose of what came back with R-1007",
        "R-1020: back on the shelf please",
        "carry out the disposition of return R-1015",
        "recycle the defective items of R-1007",
    ),
)
async def dispose_return(tx: Tx, args: DisposeReturn, _ctx: RunContext, facts: Handled) -> ReturnStep:
    """Carry out what becomes of a return's items: only unopened ones go back on the shelf."""
    row, order = facts.rma, facts.order
    waiting = [line for line in facts.lines if line.back.disposed_at is None]
    restocked = [line for line in waiting if line.back.disposition == Disposition.RESTOCK]
    await stock.levels(tx, [line.sold.variant_id for line in restocked], lock=True)
    assert row.warehouse_id is not None, "it was received somewhere"
    for line in waiting:
        if args.recycle_defective and line.back.disposition == Disposition.RETURN_TO_SUPPLIER:
            line.back.disposition = Disposition.RECYCLE
        if line.back.disposition == Disposition.RESTOCK:
            await stock.move(tx, line.sold.variant_id, row.warehouse_id, line.back.quantity, "return_restocked", row.number)
            tx.emit("stock.returned", sku=line.sold.sku, units=line.back.quantity, return_number=row.number)
        line.back.disposed_at = tx.now
        tx.session.add(line.back)
    done = joined([f"{line.back.quantity} x {line.sold.title}: {words(str(line.back.disposition))}" for line in waiting])
    orders.note(tx, order, "return.disposed", f"Return {row.number}: {done}")
    fates: dict[str, str] = {line.sold.sku: str(line.back.disposition) for line in waiting}
    tx.emit("return.disposed", return_number=row.number, order=order.number, dispositions={**fates})
    return step(facts, items=True)
