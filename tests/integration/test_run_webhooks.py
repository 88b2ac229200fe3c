"""What a run's end leaves for its address, in its own transaction, and what is never asked."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from core.identity import Principal
from core.ids import new_id
from core.outside import Outside
from server.outbound.webhooks import Webhooks
from server.runs import NewRun, cancel_run, create_run
from server.wiring import Runtime
from server.worker.loop import Worker
from tests.support.talk import rows

_MESSAGES = "SELECT status, tries, reason FROM deliveries WHERE topic = 'run.finished'"


async def started(runtime: Runtime, who: Principal, url: str = "https://hooks.example.com/") -> tuple[UUID, UUID]:
    """Queue a run with a webhook and return its conversation and its id."""
    new = NewRun("ops", [{"id": str(new_id()), "content": "hello"}], None, str(new_id()), "", options={"webhook": url})
    run = await create_run(runtime, who, None, new)
    return run.thread_id, run.id


@pytest.mark.parametrize("found", [["169.254.169.254"], ["127.0.0.1"], ["1.1.1.1", "10.0.0.7"]])
async def test_a_name_that_turns_out_to_lead_inside_is_not_asked(runtime: Runtime, merchant: Principal, found: list[str]) -> None:
    """By its words the address is fine; what it resolves to is seen when it is to be asked, and it is not tried again."""

    async def look_up(host: str, port: int) -> list[str]:
        return found

    await cancel_run(runtime, merchant, *await started(runtime, merchant))
    webhooks = Webhooks(runtime, Outside(timeout=1, largest=10, look_up=look_up))
    assert await webhooks.deliver() == 1
    assert await rows(runtime, merchant, _MESSAGES) == [("failed", 1, "the host's address is not public")]
    assert await webhooks.deliver() == 0
    await webhooks.close()


async def test_an_end_leaves_one_message_however_it_came(runtime: Runtime, merchant: Principal) -> None:
    """A worker's end, a cancellation at the same moment, a plain UPDATE: the database leaves the message, once."""
    thread, run = await started(runtime, merchant)
    ends = await asyncio.gather(Worker(runtime).drain(), *(cancel_run(runtime, merchant, thread, run) for _ in range(20)))
    assert ends.count(True) <= 1
    assert await rows(runtime, merchant, _MESSAGES) == [("waiting", 0, "")]
    _, other = await started(runtime, merchant)
    async with runtime.units.write(merchant) as tx:
        for status in ("running", "error", "success"):
            await tx.connection.execute(text("UPDATE runs SET status = :status WHERE id = :id"), {"status": status, "id": other})
    assert len(await rows(runtime, merchant, _MESSAGES)) == 2


async def test_a_message_is_of_its_store_alone(runtime: Runtime, merchant: Principal, other_merchant: Principal) -> None:
    await cancel_run(runtime, merchant, *await started(runtime, merchant))
    assert await rows(runtime, other_merchant, _MESSAGES) == []


async def test_a_run_without_an_address_leaves_none(runtime: Runtime, merchant: Principal) -> None:
    new: dict[str, Any] = {
        "assistant": "ops",
        "messages": [{"id": str(new_id()), "content": "hello"}],
        "answer": None,
        "key": None,
        "body_hash": "",
    }
    run = await create_run(runtime, merchant, None, NewRun(**new))
    await cancel_run(runtime, merchant, run.thread_id, run.id)
    assert await rows(runtime, merchant, _MESSAGES) == []
