"""The audit of the whole database: it names what is wrong, and a storm of random calls leaves nothing for it to name."""

from sqlalchemy import text

from core.identity import Principal
from evals.storm import storm
from server.checks import examine_books
from server.wiring import Runtime
from store.invariants import SHOWN
from tests.support.talk import one

_1042 = "(SELECT id FROM orders WHERE number = '1042')"
BROKEN = [
    ("an order's total is its subtotal and shipping without the discount", f"orders SET total_minor = total_minor + 1 WHERE id = {_1042}"),
    ("an order's subtotal is the sum of its lines", f"order_lines SET quantity = quantity + 1 WHERE order_id = {_1042}"),
    ("an order and its payments are in one currency", f"payments SET currency = 'USD' WHERE order_id = {_1042}"),
    ("reserved stock is that of the active reservations", "stock_levels SET reserved = reserved + 1 WHERE on_hand > reserved"),
    ("an order is called refunded only when nothing of it is left", "orders SET payment_status = 'refunded' WHERE number = '1017'"),
    ("a stored fraud score is the sum of its signals, at most 100", "fraud_checks SET score = score + 1 WHERE score < 100"),
    ("a delivered order has the date of it", "orders SET delivered_at = NULL WHERE status = 'delivered'"),
]
"""A claim, and an update that breaks it past every tool."""


async def test_a_row_that_breaks_a_claim_is_named(runtime: Runtime, merchant: Principal):
    assert all(books.whole for books in await examine_books(runtime))
    async with runtime.units.write(merchant) as tx:
        for _, statement in BROKEN:
            await tx.connection.execute(text(f"UPDATE {statement}"))
    found = {finding.claim: finding for books in await examine_books(runtime) for finding in books.findings if finding.count}
    assert {claim for claim, _ in BROKEN} - found.keys() == set()
    assert all(each.count and each.violations[0].subject and each.violations[0].detail for each in found.values())
    assert len(found["a delivered order has the date of it"].violations) == SHOWN < found["a delivered order has the date of it"].count


async def test_a_storm_of_calls_breaks_nothing(runtime: Runtime, merchant: Principal):
    done = await storm(runtime, 800, seed=7, progress=lambda _: None)
    assert done.calls >= 800
    assert (done.crashes, done.violations) == ([], [])
    assert await one(runtime, merchant, "SELECT count(*) FROM ledger WHERE status = 'ok'") >= 10, "it had effects"
