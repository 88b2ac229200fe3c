"""A return under lock, as every step of its handling begins: its order first, then the return."""

from dataclasses import dataclass

from core.statuses import ReturnReason, ReturnStatus
from store.queries import orders, returns, rma
from store.queries.rma import LineOfReturn
from store.tables.aftersales import Return
from store.tables.orders import Order
from store.unit import Tx
from tools.policy.handling_returns import StepPlan


@dataclass(frozen=True, slots=True)
class Handled:
    """A locked return with its order, its lines and what the rules ask of it."""

    rma: Return
    order: Order
    lines: list[LineOfReturn]
    step: StepPlan


async def locked(tx: Tx, number: str) -> Handled:
    """Lock a return that the caller may see, after its order.

    Raises:
        NotFound: unknown, or somebody else's.
    """
    known = await returns.by_number(tx, number)
    order = await orders.by_id(tx, known.order_id, lock=True)
    row = await returns.by_number(tx, number, lock=True)
    step = StepPlan(
        number=row.number,
        status=ReturnStatus(row.status),
        reason=ReturnReason(row.reason),
        photos=len(await rma.photos(tx, row.id)),
        expires_at=row.expires_at,
        now=tx.now,
    )
    return Handled(row, order, await rma.lines(tx, row.id), step)
