"""Trained routers of stores: made from the messages that a store has labelled, kept in its rows, read by every process."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agents.routing.router import Router
from agents.routing.sayings import KINDS, Audience, Saying, side_of
from core.errors import InvalidInput
from core.identity import Principal, system
from core.ids import TenantId
from store.queries import routing
from store.unit import Units

if TYPE_CHECKING:
    from agents.routing.model import Learned

_FRESH = 20.0
"""Seconds for which a process believes what it knows of a store's routers."""
_STORES = 100
"""Stores whose routers a process keeps."""


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training led to."""

    audience: Audience
    version: int
    messages: int
    seconds: float


class StoredRouters:
    """Routers of stores, looked up at most every `_FRESH` seconds."""

    def __init__(self, units: Units) -> None:
        self._units = units
        self._seen: dict[TenantId, tuple[float, Mapping[str, int]]] = {}
        self._read: dict[tuple[TenantId, str], tuple[int, Learned]] = {}

    async def find(self, tenant: TenantId, audience: Audience) -> "Learned | None":
        """Return a store's own router, or None when it has trained none."""
        at, versions = self._seen.get(tenant, (-_FRESH, {}))
        if time.monotonic() - at >= _FRESH:
            versions = await self._look(tenant)
        version = versions.get(audience)
        if version is None:
            return None
        known = self._read.get((tenant, audience))
        if known is None or known[0] != version:
            known = await self._load(tenant, audience, version) or known
        return known[1] if known else None

    def forget(self, tenant: TenantId) -> None:
        """Look again with the next message."""
        self._seen.pop(tenant, None)

    async def _look(self, tenant: TenantId) -> Mapping[str, int]:
        async with self._units.read(system(tenant, "routing")) as tx:
            heads = await routing.model_heads(tx)
        if len(self._seen) >= _STORES:
            self._seen.clear()
            self._read.clear()
        versions = {head.audience: head.version for head in heads}
        self._seen[tenant] = time.monotonic(), versions
        return versions

    async def _load(self, tenant: TenantId, audience: Audience, version: int) -> "tuple[int, Learned] | None":
        from agents.routing.model import Learned

        async with self._units.read(system(tenant, "routing")) as tx:
            body = await routing.model_body(tx, audience, version)
        if body is None:
            return None
        self._read[tenant, audience] = version, Learned.from_bytes(body)
        return self._read[tenant, audience]


async def train_store(units: Units, router: Router, who: Principal) -> list[Trained]:
    """Train a store's routers on its newest labelled messages: for customers, and for staff where messages belong to desks of theirs.

    Raises:
        InvalidInput: the store has labelled nothing.
    """
    import asyncio

    from agents.routing.learn import MOST

    async with units.read(who) as tx:
        labelled = [Saying(said, route) for said, route in await routing.newest(tx, MOST)]
    if not labelled:
        raise InvalidInput("label messages first: storehand route train --messages FILE --routes FILE", field="messages")
    done: list[Trained] = []
    for audience, own in _by_audience(labelled, router).items():
        started = time.monotonic()
        learned = await asyncio.to_thread(router.train, own, audience)
        async with units.write(who) as tx:
            figures = {
                "routes": {label: sum(saying.label == label for saying in own) for label in sorted({saying.label for saying in own})}
            }
            version = await routing.put_model(
                tx, audience, learned.to_bytes(), messages=len(own), sentences=learned.sentences, figures=figures
            )
        done.append(Trained(audience, version, len(own), time.monotonic() - started))
    return done


def _by_audience(labelled: list[Saying], router: Router) -> dict[Audience, list[Saying]]:
    """Return the messages that each audience's router learns from: customers' own, unless a customer can never be sent there."""
    open_to_customers = {*KINDS, *router.sides("customer")}
    customers = [saying for saying in labelled if side_of(saying.label) in open_to_customers]
    staff = [saying for saying in labelled if side_of(saying.label) not in open_to_customers]
    found: dict[Audience, list[Saying]] = {"customer": customers}
    if staff:
        found["staff"] = staff
    return {audience: own for audience, own in found.items() if own}
