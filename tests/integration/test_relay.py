"""The outbox relay on a real Postgres and Valkey: nothing is lost, and what comes twice says so by its key."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from core.errors import Unavailable
from core.identity import Principal
from memory.cache import connect, key
from server.wiring import Runtime
from server.worker.loop import working
from server.worker.relay import Relay
from store import outbox
from tests.support.talk import one, until


async def leave(runtime: Runtime, who: Principal, name: str, count: int) -> None:
    """Put messages in the outbox, as an effect does."""
    async with runtime.units.write(who) as tx:
        for number in range(count):
            tx.emit("order.cancelled", order=f"{name}-{number}")
        await outbox.flush(tx, name)


async def published(runtime: Runtime, who: Principal) -> list[dict[bytes, bytes]]:
    entries: Any = await runtime.valkey.commands.xrange(key(who.tenant_id, "events"))
    return [fields for _, fields in entries]


async def unsent(runtime: Runtime, who: Principal) -> int:
    return await one(runtime, who, "SELECT count(*) FROM outbox WHERE sent_at IS NULL")


@pytest.fixture(autouse=True)
async def fresh(runtime: Runtime, merchant: Principal, other_merchant: Principal) -> None:
    """Databases of tests share one Valkey and the tenants' ids."""
    for who in (merchant, other_merchant):
        await runtime.valkey.commands.delete(key(who.tenant_id, "events"))
    while await Relay(runtime).deliver():
        pass
    for who in (merchant, other_merchant):
        await runtime.valkey.commands.delete(key(who.tenant_id, "events"))


async def test_every_message_arrives_once_in_order_in_its_tenants_stream(runtime: Runtime, merchant: Principal, other_merchant: Principal):
    await leave(runtime, merchant, "a", 450)
    await leave(runtime, other_merchant, "b", 3)
    assert [await Relay(runtime).deliver() for _ in range(4)] == [200, 200, 53, 0]
    got = await published(runtime, merchant)
    assert [fields[b"key"].decode() for fields in got] == [f"a#{number}" for number in range(450)]
    assert (got[7][b"topic"], got[7][b"body"]) == (b"order.cancelled", b'{"order":"a-7"}')
    assert [fields[b"key"] for fields in await published(runtime, other_merchant)] == [b"b#0", b"b#1", b"b#2"]
    assert await unsent(runtime, merchant) == 0


async def test_a_relay_that_dies_between_publishing_and_marking_loses_nothing_and_repeats_under_the_same_key(
    runtime: Runtime, merchant: Principal, monkeypatch: pytest.MonkeyPatch
):
    from core import faults

    await leave(runtime, merchant, "a", 20)
    monkeypatch.setattr(faults, "_fault", "relay.after_publish:error")
    with pytest.raises(faults.InjectedFault):
        await Relay(runtime).deliver()
    monkeypatch.undo()
    assert await unsent(runtime, merchant) == 20
    assert await Relay(runtime).deliver() == 20
    keys = [fields[b"key"] for fields in await published(runtime, merchant)]
    assert len(keys) == 40
    assert set(keys) == {f"a#{number}".encode() for number in range(20)}


async def test_relays_side_by_side_lose_nothing(runtime: Runtime, merchant: Principal):
    await leave(runtime, merchant, "a", 900)
    while await unsent(runtime, merchant):
        await asyncio.gather(*(Relay(runtime).deliver() for _ in range(4)))
    assert {fields[b"key"] for fields in await published(runtime, merchant)} == {f"a#{number}".encode() for number in range(900)}


async def test_while_valkey_is_down_messages_wait(runtime: Runtime, merchant: Principal, tmp_path: Any):
    await leave(runtime, merchant, "a", 5)
    down = connect(f"unix://{tmp_path}/none.sock?db=0")
    with pytest.raises(Unavailable):
        await Relay(replace(runtime, valkey=down)).deliver()
    await down.close()
    assert await unsent(runtime, merchant) == 5
    assert await Relay(runtime).deliver() == 5


async def test_a_working_process_relays_by_itself(runtime: Runtime, merchant: Principal):
    async with working(runtime):
        await leave(runtime, merchant, "a", 3)
        await until(lambda: one(runtime, merchant, "SELECT count(*) = 0 FROM outbox WHERE sent_at IS NULL"))
    assert len(await published(runtime, merchant)) == 3
