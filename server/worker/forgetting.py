"""Forgetting people to the end: what others were just writing about them, and what lives outside PostgreSQL.

The effect of `erase_personal_data` takes out what PostgreSQL holds. Here the live streams in Valkey and the index in Chroma follow, and
conversations in which somebody still worked, such as the one in which the erasure was asked for. Safe to do again and beside itself.
"""

from uuid import UUID

from memory.cache import EventStreams
from memory.indexing import index_knowledge
from server.setup import keeper
from server.wiring import Runtime
from store.queries import erasure


async def forget_people(runtime: Runtime) -> int:
    """Go on with every erasure that is open and return how many came to their end.

    Raises:
        Unavailable: a server cannot be reached; what is left is found again next time.
    """
    return sum([await _forget(runtime, row["tenant_id"], row["id"]) for row in await runtime.units.call("open_erasures")])


async def _forget(runtime: Runtime, tenant_id: UUID, erasure_id: UUID) -> bool:
    who = keeper(tenant_id)
    async with runtime.units.write(who) as tx:
        swept = await erasure.sweep(tx, await erasure.by_id(tx, erasure_id))
    await runtime.live.forget(swept.runs)
    await EventStreams(runtime.valkey).forget(tenant_id, swept.words)
    await index_knowledge(runtime.units, who, runtime.index)
    if swept.busy:
        return False
    async with runtime.units.write(who) as tx:
        await erasure.end(tx, erasure_id)
    return True
