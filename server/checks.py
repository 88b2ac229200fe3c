"""What `storehand doctor` looks at: every part, with what to do about it."""

from collections.abc import Awaitable

from core.errors import StorehandError
from core.identity import Principal
from server.setup import keeper
from server.wiring import Runtime
from store import audit
from store.rls import uncovered_tables

Finding = tuple[bool, str, str]
"""Fine or not, which part, and what was found."""

_QUEUE = (
    "SELECT (SELECT count(*) FROM runs WHERE status = 'pending') AS pending, "
    "(SELECT count(*) FROM runs WHERE status = 'running' AND lease_until < now() - interval '1 minute') AS abandoned, "
    "(SELECT count(*) FROM outbox WHERE sent_at IS NULL) AS unsent"
)
_INVARIANTS: dict[str, str] = {
    "refunds never exceed what was captured": "SELECT id FROM payments WHERE refunded_minor > captured_minor",
    "payment sums match their transactions": (
        "SELECT p.id FROM payments p LEFT JOIN payment_transactions t ON t.tenant_id = p.tenant_id AND t.payment_id = p.id GROUP BY p.id, "
        "p.captured_minor, p.refunded_minor HAVING coalesce(sum(t.amount_minor) FILTER (WHERE t.type IN ('capture', 'charge') AND t.state = "
        "'succeeded'), 0) <> p.captured_minor OR coalesce(sum(t.amount_minor) FILTER (WHERE t.type = 'refund' AND t.state IN ('pending', "
        "'succeeded')), 0) <> p.refunded_minor"
    ),
    "reserved stock matches active reservations": (
        "SELECT s.id FROM stock_levels s LEFT JOIN reservations r ON r.tenant_id = s.tenant_id AND r.variant_id = s.variant_id AND "
        "r.warehouse_id = s.warehouse_id AND r.status = 'active' GROUP BY s.id, s.reserved HAVING coalesce(sum(r.quantity), 0) <> s.reserved"
    ),
    "a cancelled order holds no stock": (
        "SELECT o.id FROM orders o JOIN order_lines l ON l.tenant_id = o.tenant_id AND l.order_id = o.id JOIN reservations r ON "
        "r.tenant_id = l.tenant_id AND r.order_line_id = l.id WHERE o.status = 'cancelled' AND r.status = 'active'"
    ),
    "order totals add up": "SELECT id FROM orders WHERE total_minor <> subtotal_minor + shipping_minor - discount_minor",
    "returned units never exceed ordered ones": (
        "SELECT l.id FROM order_lines l JOIN return_lines rl ON rl.tenant_id = l.tenant_id AND rl.order_line_id = l.id JOIN returns r ON "
        "r.tenant_id = rl.tenant_id AND r.id = rl.return_id WHERE r.status NOT IN ('rejected', 'cancelled') GROUP BY l.id, l.quantity "
        "HAVING sum(rl.quantity) > l.quantity"
    ),
    "a run's log has no gaps": (
        "SELECT r.id FROM runs r JOIN run_events e ON e.tenant_id = r.tenant_id AND e.run_id = r.id GROUP BY r.id, r.seq "
        "HAVING count(*) <> r.seq OR max(e.seq) <> r.seq"
    ),
}


async def examine(runtime: Runtime) -> list[Finding]:
    """Check servers, isolation, queue, invariants and audit chains."""
    findings = [
        await _try("database", _database(runtime)),
        await _try("valkey", _valkey(runtime)),
        await _try("chroma", _chroma(runtime)),
        (True, "model", runtime.models.description),
    ]
    for row in await runtime.units.call("list_tenants"):
        who = keeper(row["tenant_id"])
        findings.append(await _try(f"queue {row['slug']}", _queue(runtime, who)))
        findings.append(await _try(f"books {row['slug']}", _books(runtime, who)))
        findings.append(await _try(f"audit {row['slug']}", _audit(runtime, who)))
    return findings


async def _try(name: str, check: Awaitable[tuple[bool, str]]) -> Finding:
    try:
        fine, finding = await check
    except StorehandError as error:
        return False, name, error.message
    return fine, name, finding


async def _database(runtime: Runtime) -> tuple[bool, str]:
    bare = await uncovered_tables(runtime.units.engine)
    if bare:
        return False, f"not under row security: {', '.join(bare)}; run 'storehand migrate'"
    return True, "reachable; every table is under row security and the role cannot bypass it"


async def _valkey(runtime: Runtime) -> tuple[bool, str]:
    await runtime.limiter.take("sh:-:doctor", 1000, 1000)
    return True, "reachable"


async def _chroma(runtime: Runtime) -> tuple[bool, str]:
    rows = await runtime.units.call("list_tenants")
    if not rows:
        return True, "no shop yet: load one with 'storehand seed'"
    hits = await runtime.index.search(rows[0]["tenant_id"], "returns policy", visibility=["public"], limit=1)
    return bool(hits), "reachable, knowledge is indexed" if hits else "reachable, but no knowledge is indexed: start 'storehand serve' once"


async def _queue(runtime: Runtime, who: Principal) -> tuple[bool, str]:
    async with runtime.units.read(who) as tx:
        row = (await tx.connection.exec_driver_sql(_QUEUE)).one()
    words = f"{row.pending} runs wait, {row.abandoned} abandoned, {row.unsent} outbox messages unsent"
    return row.abandoned == 0, words if row.abandoned == 0 else f"{words}: start a worker with 'storehand worker'"


async def _books(runtime: Runtime, who: Principal) -> tuple[bool, str]:
    broken: list[str] = []
    async with runtime.units.read(who) as tx:
        for claim, query in _INVARIANTS.items():
            count = len((await tx.connection.exec_driver_sql(query)).all())
            if count:
                broken.append(f"{claim}: {count} violations")
    return not broken, "; ".join(broken) or f"{len(_INVARIANTS)} invariants hold"


async def _audit(runtime: Runtime, who: Principal) -> tuple[bool, str]:
    async with runtime.units.read(who) as tx:
        verdict = await audit.verify(tx)
    if verdict.broken_at is not None:
        return False, f"chain is broken at entry {verdict.broken_at} of {verdict.entries}"
    return True, f"chain of {verdict.entries} entries is whole"
