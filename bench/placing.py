"""Orders placed a second: asked for, confirmed by the customer and placed through the executor, over 1, 4 and 16 connections.

All want one product, or each one of a thousand. At the end a product with fewer units than buyers is sold out, and the books are audited.
"""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from random import Random
from uuid import uuid4

from bench.results import Figure, at_least, at_most
from bench.shop import measured
from core.identity import Principal, Role, RunContext
from core.ids import CustomerId, UserId
from core.settings import Settings
from server.checks import examine_books
from server.cli.session import who_is
from server.wiring import Runtime, open_runtime
from store.embedded import Endpoints
from store.seed import Size
from tools import approvals
from tools.approvals import Answer, Choice
from tools.result import Outcome

_SIZE = Size(products=400, customers=600, orders=3000)
_ORDERS, _CONNECTIONS, _PRODUCTS = 160, (1, 4, 16), (1, 1000)
_UNITS, _LAST = 100_000, 20
_GOAL = 10.0
_BUYERS = (
    "SELECT m.customer_id FROM payment_methods m JOIN addresses a ON a.tenant_id = m.tenant_id AND a.customer_id = m.customer_id "
    "WHERE m.kind = 'card' GROUP BY 1 ORDER BY 1"
)
_ONE_CARD = (
    "UPDATE payment_methods m SET active = false WHERE EXISTS (SELECT 1 FROM payment_methods other WHERE other.tenant_id = m.tenant_id "
    "AND other.customer_id = m.customer_id AND other.kind = 'card' AND (m.kind <> 'card' OR other.id < m.id))"
)
"""Buyers with one card need not say how they pay."""
_SKUS = "SELECT sku FROM variants ORDER BY sku LIMIT %s"
_FILL = "UPDATE stock_levels SET on_hand = reserved + CASE WHEN variant_id = (SELECT id FROM variants WHERE sku = %s) THEN 0 ELSE %s END"
_LEAVE = (
    "UPDATE stock_levels SET on_hand = reserved + %s WHERE id = (SELECT l.id FROM stock_levels l JOIN variants v "
    "ON v.tenant_id = l.tenant_id AND v.id = l.variant_id WHERE v.sku = %s ORDER BY l.id LIMIT 1)"
)


@dataclass
class Market:
    """A shop, its buyers and what became of their orders."""

    runtime: Runtime
    owner: Principal
    buyers: list[Principal]
    skus: list[str]
    dice: Random

    async def buy(self, number: int, sku: str) -> str:
        """Ask for one unit, confirm, place; return how it ended."""
        buyer = self.buyers[number % len(self.buyers)]
        ctx = RunContext(buyer, idempotency_key=str(uuid4()))
        args = {"item": sku}
        asked = await self.runtime.executor.execute(ctx, "place_order", args)
        if asked.status is not Outcome.PENDING:
            return asked.rule or asked.code or asked.status.value
        assert asked.approval_id is not None
        async with self.runtime.units.write(buyer) as tx:
            policy = await self.runtime.executor.policy(tx)
            await approvals.decide(tx, self.runtime.toolbox["place_order"], asked.approval_id, Answer(decision=Choice.APPROVE), policy)
        confirmed = RunContext(buyer, idempotency_key=ctx.idempotency_key, approval_id=asked.approval_id)
        placed = await self.runtime.executor.execute(confirmed, "place_order", args)
        return placed.rule or placed.code or placed.status.value

    async def rush(self, orders: int, connections: int, skus: list[str]) -> tuple[Counter[str], float]:
        """Let so many buyers at once place orders until all are placed; return how they ended, and the seconds."""
        ended, numbers = Counter[str](), iter(range(orders))

        async def work() -> None:
            for number in numbers:
                ended[await self.buy(number, self.dice.choice(skus))] += 1

        started = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(connections)))
        return ended, time.perf_counter() - started


async def measure(settings: Settings, endpoints: Endpoints) -> list[Figure]:
    """Return orders a second of each crowd, and what the books say afterwards."""
    figures: list[Figure] = []
    async with open_runtime(settings, endpoints) as runtime:
        market = await _open(runtime)
        scarce, *others = market.skus
        await market.rush(20, 4, others)
        for products in _PRODUCTS:
            for connections in _CONNECTIONS:
                ended, seconds = await market.rush(_ORDERS, connections, others[:products])
                assert ended == {"ok": _ORDERS}, ended
                name = f"orders placed a second, {connections} connections, {products} product{'s' * (products > 1)}"
                figures.append(at_least(name, _ORDERS / seconds, "1/s", _GOAL))
        async with runtime.units.write(market.owner) as tx:
            await tx.run(_LEAVE, (_LAST, scarce))
        ended, _ = await market.rush(3 * _LAST, max(_CONNECTIONS), [scarce])
        assert ended == {"ok": _LAST, "place.out_of_stock": 2 * _LAST}, ended
        broken = sum(finding.count for books in await examine_books(runtime) for finding in books.findings)
    return [*figures, at_most("broken invariants after all orders are placed", broken, "rows", 0)]


async def _open(runtime: Runtime) -> Market:
    """Return the first shop with plenty of everything but its first product, of which there is nothing."""
    owner = await who_is(runtime, "merchant")
    async with runtime.units.write(owner) as tx:
        skus = [sku for (sku,) in await tx.run(_SKUS, (max(_PRODUCTS) + 1,))]
        buyers = [Principal(owner.tenant_id, UserId(one), Role.CUSTOMER, CustomerId(one)) for (one,) in await tx.run(_BUYERS)]
        await tx.run(_ONE_CARD)
        await tx.run(_FILL, (skus[0], _UNITS))
    return Market(runtime, owner, buyers, skus, Random(1))


def main() -> None:
    """Measure on embedded servers in a temporary directory."""
    measured(measure, _SIZE)


if __name__ == "__main__":
    main()
