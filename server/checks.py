"""What `storehand doctor` looks at: every part, with what to do about it."""

from collections.abc import Awaitable
from dataclasses import dataclass

from core.errors import StorehandError
from core.identity import Principal
from server.setup import keeper
from server.wiring import Runtime
from store import audit, invariants
from store.invariants import INVARIANTS
from store.queries import providers
from store.rls import uncovered_tables

Finding = tuple[bool, str, str]
"""Fine or not, which part, and what was found."""

_QUEUE = (
    "SELECT (SELECT count(*) FROM runs WHERE status = 'pending') AS pending, "
    "(SELECT count(*) FROM runs WHERE status = 'running' AND lease_until < now() - interval '1 minute') AS abandoned, "
    "(SELECT count(*) FROM outbox WHERE sent_at IS NULL) AS unsent"
)


@dataclass(frozen=True, slots=True)
class Books:
    """What the audit of one tenant's rows found."""

    tenant: str
    findings: list[invariants.Finding]
    chain: audit.Verdict

    @property
    def whole(self) -> bool:
        """Whether every claim holds and the audit chain is unbroken."""
        return self.chain.broken_at is None and not any(finding.count for finding in self.findings)


async def examine_books(runtime: Runtime) -> list[Books]:
    """Check every invariant over every row of every tenant, and every audit chain."""
    return [await _read_books(runtime, row["slug"], keeper(row["tenant_id"])) for row in await runtime.units.call("list_tenants")]


async def _read_books(runtime: Runtime, slug: str, who: Principal) -> Books:
    async with runtime.units.read(who) as tx:
        return Books(slug, [await invariants.check(tx, invariant) for invariant in INVARIANTS], await audit.verify(tx))


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
        findings.append(await _try(f"secrets {row['slug']}", _secrets(runtime, who)))
        findings.append(await _try(f"books {row['slug']}", _books(runtime, row["slug"], who)))
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


async def _secrets(runtime: Runtime, who: Principal) -> tuple[bool, str]:
    async with runtime.units.read(who) as tx:
        opened = await providers.readable(tx, runtime.vault)
    return True, f"{opened} secrets of providers can be opened"


async def _books(runtime: Runtime, slug: str, who: Principal) -> tuple[bool, str]:
    books = await _read_books(runtime, slug, who)
    broken = [f"{finding.claim}: {finding.count} violations" for finding in books.findings if finding.count]
    if books.chain.broken_at is not None:
        broken.append(f"the audit chain is broken at entry {books.chain.broken_at} of {books.chain.entries}")
    whole = f"{len(INVARIANTS)} invariants hold, the audit chain of {books.chain.entries} entries is whole"
    return not broken, f"{'; '.join(broken)}; 'storehand doctor --audit' names them" if broken else whole
