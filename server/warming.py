"""What a process does before its first customer comes, so that nobody waits for what is loaded once."""

import gc
from contextlib import suppress

from core.errors import StorehandError
from core.identity import Principal, Role
from core.ids import CustomerId, TenantId, UserId, new_id
from server.wiring import Runtime

_NEW_OBJECTS = 10_000
"""Objects that are made between two looks for garbage: a turn makes thousands, and nearly all of them go without being looked for."""


async def warm_up(runtime: Runtime) -> None:
    """Search and route once, and then tell the collector that everything loaded so far stays.

    A full collection looks at every object of the process, and nobody is served meanwhile: with the libraries of a language model that is
    a third of a second, again and again.
    """
    rows = await runtime.units.call("list_tenants")
    with suppress(StorehandError):
        for row in rows[:1]:
            tenant = TenantId(row["tenant_id"])
            await runtime.index.search(tenant, "returns", visibility=["public"], limit=1)
            for role, customer in ((Role.CUSTOMER, CustomerId(new_id())), (Role.OWNER, None)):
                await runtime.mind.router.learned(Principal(tenant, UserId(new_id()), role, customer))
    settle()


def settle() -> None:
    """Tell the collector that everything loaded so far stays."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 20, 20)
