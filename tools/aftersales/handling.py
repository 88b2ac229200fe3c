"""A return on its way back: label, receipt, cancellation and expiry."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, JsonValue

from core.identity import Permission, RunContext
from core.statuses import RETURN_TRANSITIONS, ReturnStatus, change
from store.queries import inventory, orders, rma
from store.queries.rma import Depot
from store.unit import Tx
from tools.aftersales.handled import HandledItem, ReturnsExpired, ReturnStep
from tools.aftersales.locking import Handled, locked
from tools.aftersales.module import module
from tools.arguments import Limit, Note, ReturnNumber
from tools.phrases import day
from tools.policy import Policy
from tools.policy.decision import allow
from tools.policy.handling_returns import UNPROCESSED, StepPlan, decide_cancel, decide_sending
from tools.spec import Args, Audience, Effect


class OneReturn(Args):
    """Which return."""

    return_number: ReturnNumber


class ReceiveReturn(OneReturn):
    """Which return arrived, and where."""

    warehouse: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    """Which warehouse has it, by code, city or name; the one that sent the order when left out."""
    note: Note = ""
    """What was noticed, for the timeline."""


class CancelReturn(OneReturn):
    """Which return is not wanted any more."""

    note: Note = ""
    """Why, for the timeline."""


class ExpireReturns(Args):
    """How many at once."""

    limit: Limit = 50


@dataclass(frozen=True, slots=True)
class Arriving:
    """A locked return, and the warehouse that it goes to."""

    handled: Handled
    depot: Depot


async def handled_facts(tx: Tx, args: OneReturn, _ctx: RunContext, _policy: Policy) -> Handled:
    """Lock the return."""
    return await locked(tx, args.return_number)


async def _sending(tx: Tx, args: OneReturn, _ctx: RunContext, _policy: Policy) -> Arriving:
    handled = await locked(tx, args.return_number)
    named = args.warehouse if isinstance(args, ReceiveReturn) else None
    if named is None:
        return Arriving(handled, await rma.depot(tx, handled.order.id))
    found = await inventory.warehouse(tx, named)
    return Arriving(handled, Depot(found.id, found.code, found.name))


async def _expired(tx: Tx, args: ExpireReturns, _ctx: RunContext, _policy: Policy) -> list[Handled]:
    found = [await locked(tx, number) for number in await rma.expired(tx, args.limit)]
    return [each for each in found if each.step.status in UNPROCESSED and each.step.expired]


def moved(tx: Tx, handled: Handled, *path: ReturnStatus) -> ReturnStatus:
    """Move a locked return along `path`, each step by the transition table.

    Raises:
        TransitionError: a step is not in the table.
    """
    row = handled.rma
    for wanted in path:
        row.status = change(f"return {row.number}", ReturnStatus(row.status), wanted, RETURN_TRANSITIONS)
    tx.session.add(row)
    return ReturnStatus(row.status)


def step(handled: Handled, detail: str = "", *, items: bool = False) -> ReturnStep:
    """Return the state of a return after a step."""
    shown = [
        HandledItem(
            sku=line.sold.sku,
            title=line.sold.title,
            quantity=line.back.quantity,
            condition=line.back.condition,  # pyright: ignore[reportArgumentType]
            disposition=line.back.disposition,
            disposed=line.back.disposed_at is not None,
        )
        for line in handled.lines
    ]
    row = handled.rma
    status = ReturnStatus(row.status)
    return ReturnStep(return_number=row.number, order=handled.order.number, status=status, detail=detail, items=shown if items else [])


@module.tool(
    effect=Effect.OUTBOUND,
    permission=Permission.RETURN_HANDLE,
    audience=Audience.STAFF,
    facts=_sending,
    policy=lambda _policy, facts, _args, _principal: decide_sending(facts.handled.step, ReturnStatus.LABEL_SENT),
    examples=(
        "send the return label for R-1007",
        "mail the customer a label for return R-1012",
        "R-1007 needs its shipping label",
        "e-mail the label of R-1020",
        "give the customer a prepaid label, return R-1007",
        "create the return label R-1015",
    ),
)
async def send_return_label(tx: Tx, args: OneReturn, _ctx: RunContext, facts: Arriving) -> ReturnStep:
    """Send the customer the label with which an approved return is sent back."""
    handled, depot = facts.handled, facts.depot
    row, order = handled.rma, handled.order
    moved(tx, handled, ReturnStatus.LABEL_SENT)
    row.label_reference = f"return-label/{row.number}"
    row.warehouse_id = depot.id
    by = row.expires_at.isoformat() if row.expires_at else None
    data: dict[str, JsonValue] = {"return_number": row.number, "label": row.label_reference, "warehouse": depot.name, "send_by": by}
    tx.emit("email.requested", customer=str(row.customer_id), template="return_label", order=order.number, data=data)
    tx.emit("return.label_sent", return_number=row.number, order=order.number, warehouse=depot.code)
    orders.note(tx, order, "return.label_sent", f"Label for return {row.number} sent, to {depot.name}")
    until = f" It is to be sent back by {day(row.expires_at)}." if row.expires_at else ""
    return step(handled, f"The label is on its way to the customer.{until}")


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.RETURN_HANDLE,
    audience=Audience.STAFF,
    facts=_sending,
    policy=lambda _policy, facts, _args, _principal: decide_sending(_next_of(facts.handled), ReturnStatus.RECEIVED),
    examples=(
        "R-1007 has arrived",
        "receive return R-1012 in Lyon",
        "the parcel of return R-1007 is here",
        "mark R-1020 as received",
        "return R-1007 came in at the warehouse, box torn",
        "book in R-1015",
    ),
)
async def receive_return(tx: Tx, args: ReceiveReturn, _ctx: RunContext, facts: Arriving) -> ReturnStep:
    """Record that a return arrived at a warehouse, to be inspected."""
    handled, depot = facts.handled, facts.depot
    row, order = handled.rma, handled.order
    path = (ReturnStatus.IN_TRANSIT,) if row.status == ReturnStatus.LABEL_SENT else ()
    moved(tx, handled, *path, ReturnStatus.RECEIVED)
    row.received_at, row.warehouse_id = tx.now, depot.id
    late = " It came after its time; the quote holds." if handled.step.expired else ""
    said = f": {args.note}" if args.note else ""
    orders.note(tx, order, "return.received", f"Return {row.number} received at {depot.name}{said}")
    tx.emit("return.received", return_number=row.number, order=order.number, warehouse=depot.code)
    return step(handled, f"It is at {depot.name}.{late}", items=True)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.RETURN_REQUEST,
    facts=handled_facts,
    policy=lambda _policy, facts, _args, principal: decide_cancel(facts.step, principal),
    examples=(
        "cancel my return R-1007",
        "I keep the headset after all, forget return R-1012",
        "withdraw the return R-1007",
        "no need to return it any more, R-1020",
        "drop RMA R-1015",
        "the customer keeps it, cancel return R-1007",
    ),
)
async def cancel_return(tx: Tx, args: CancelReturn, _ctx: RunContext, facts: Handled) -> ReturnStep:
    """Cancel a return that has not arrived yet; the customer keeps the items."""
    return await _call_off(tx, facts, args.note or "not wanted any more")


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.RETURN_HANDLE,
    audience=Audience.STAFF,
    facts=_expired,
    policy=lambda _policy, _facts, _args, _principal: allow("return.expire"),
    examples=(
        "close the returns that expired",
        "expire old RMAs",
        "cancel all returns that were never sent back",
        "clean up returns past their date",
        "which approved returns ran out? close them",
        "time out the stale return numbers",
    ),
)
async def expire_returns(tx: Tx, args: ExpireReturns, _ctx: RunContext, facts: list[Handled]) -> ReturnsExpired:
    """Cancel approved returns that were not sent back in time."""
    for handled in facts:
        await _call_off(tx, handled, "not sent back in time", "return.expired")
    return ReturnsExpired(returns=[handled.rma.number for handled in facts])


async def _call_off(tx: Tx, handled: Handled, why: str, event: str = "return.cancelled") -> ReturnStep:
    row, order = handled.rma, handled.order
    moved(tx, handled, ReturnStatus.CANCELLED)
    row.closed_at = tx.now
    orders.note(tx, order, event, f"Return {row.number} cancelled: {why}")
    tx.emit(event, return_number=row.number, order=order.number, note=why)
    return step(handled, "The items can be returned again within their window.")


def _next_of(handled: Handled) -> StepPlan:
    """Judge a receipt of what the carrier never reported as if it had been on its way."""
    if handled.step.status is ReturnStatus.LABEL_SENT:
        return handled.step.model_copy(update={"status": ReturnStatus.IN_TRANSIT})
    return handled.step
