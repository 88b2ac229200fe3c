"""Effects happen once, or not at all after the word that they shall not."""

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from langchain_core.messages import AIMessage
from pydantic import PrivateAttr

from agents.llm.scripted import ScriptedModel
from core.errors import StorehandError
from core.identity import Principal
from core.ids import new_id
from server.runs import cancel_run
from server.wiring import Runtime
from server.worker.loop import Worker
from tests.support.proof import Proof, prove, scaled
from tests.support.talk import APPROVE, Talk, one, thinking_with

_LONGEST_THOUGHT = 0.3


class Hesitant(ScriptedModel):
    """Thinks for a random time, then opens a ticket, and another one."""

    _chance: random.Random = PrivateAttr(default_factory=random.Random)

    def __init__(self, seed: int) -> None:
        super().__init__([_ticket(), _ticket(), AIMessage("Both are open.")])
        self._chance.seed(seed)

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        await asyncio.sleep(self._chance.uniform(0, _LONGEST_THOUGHT))
        async for chunk in super()._astream(*args, **kwargs):
            yield chunk


def _ticket() -> AIMessage:
    args = {"subject": "Late", "message": "Where is it?"}
    return AIMessage("", tool_calls=[{"name": "open_ticket", "args": args, "id": f"call_{new_id().hex}"}])


async def test_g24_many_decisions_at_once_execute_an_approved_call_once(runtime: Runtime, merchant: Principal):
    talk, decisions = await Talk.open(runtime, merchant), scaled(500)
    await talk.say("refund the headset on order 1017")
    refunds = "SELECT count(*) FROM payment_transactions WHERE type = 'refund'"
    before = await one(runtime, merchant, refunds)

    async def decide() -> bool:
        try:
            await talk.queue(APPROVE)
        except StorehandError:
            return False
        return True

    taken = sum(await asyncio.gather(*(decide() for _ in range(decisions))))
    await Worker(runtime).drain()
    executed = await one(runtime, merchant, refunds) - before
    prove(Proof("24", "decisions at once that execute a call more than once", decisions, abs(executed - 1) + abs(taken - 1)))


async def test_g29_no_effect_starts_after_a_cancellation_was_acknowledged(runtime: Runtime, customer: Principal):
    trials, late = scaled(200), 0
    for number in range(trials):
        late += await _late_effects(runtime, customer, number)
    prove(Proof("29", "effects that start after a cancellation was acknowledged", trials, late))


async def _late_effects(runtime: Runtime, who: Principal, seed: int) -> int:
    """Cancel a run at a random moment and return how many effects came after that."""
    talk = await Talk.open(thinking_with(runtime, Hesitant(seed)), who)
    run = await talk.queue("open two tickets about my order")
    driving = asyncio.create_task(Worker(talk.runtime).drain())
    await asyncio.sleep(random.Random(-seed).uniform(0, 2.5 * _LONGEST_THOUGHT))
    await cancel_run(runtime, who, talk.thread_id, run.id)
    acknowledged = await _effects(runtime, who, run.id)
    await asyncio.wait_for(driving, 20)
    return await _effects(runtime, who, run.id) - acknowledged


async def _effects(runtime: Runtime, who: Principal, run_id: UUID) -> int:
    return await one(runtime, who, "SELECT count(*) FROM ledger WHERE run_id = :run", run=run_id)
