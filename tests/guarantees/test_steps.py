"""What a run does is bounded, and with the offline model it is the same each time."""

import asyncio
import re
from typing import Any

import orjson
from langchain_core.messages import AIMessage, BaseMessage

from agents.llm.scripted import ScriptedModel
from core.identity import Principal
from core.ids import new_id
from server.wiring import Runtime
from server.worker.loop import Worker
from tests.support.proof import Proof, prove, scaled
from tests.support.talk import REJECT, Talk, Turn, thinking_with

_MOST_STEPS = 25
_SAID = ("where is order 1042?", "which orders are stuck?", "refund the headset on order 1017")
_ID = re.compile(r'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<="id":")[a-z0-9]{9}(?=")')
"""Also the short ids of calls."""
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


async def test_g16_the_offline_model_tells_the_same_story_each_time(runtime: Runtime, merchant: Principal):
    trials = scaled(100, least=3)
    stories = [await _story(runtime, merchant) for _ in range(trials)]
    prove(
        Proof("16", "conversations with the offline model whose log differs from the first", trials, sum(s != stories[0] for s in stories))
    )


async def _story(runtime: Runtime, who: Principal) -> list[str]:
    """Return the log of a conversation without ids and instants, of which each is named by its place."""
    talk, names = await Talk.open(runtime, who), dict[str, str]()
    turns = [await talk.say(said) for said in (*_SAID, REJECT)]
    assert turns[-2].request.tool == "issue_refund", "the story has an approval"
    told = [orjson.dumps(fact.model_dump(mode="json")).decode() for turn in turns for fact in turn.facts]
    return [_INSTANT.sub("then", _ID.sub(lambda found: names.setdefault(found[0], f"id {len(names)}"), fact)) for fact in told]


class Restless(ScriptedModel):
    """Never answers: each time it is asked it calls two more tools."""

    def _next(self, messages: list[BaseMessage], tools: list[dict[str, Any]]) -> AIMessage:
        calls = [{"name": "get_order", "args": {"order": order}, "id": f"call_{new_id().hex}"} for order in ("1042", "1017")]
        self._turns.append(AIMessage("", tool_calls=calls))
        return super()._next(messages, tools)


async def test_g27_a_model_that_never_stops_is_stopped_by_the_budget(runtime: Runtime, merchant: Principal):
    trials = scaled(200)
    restless = thinking_with(runtime, Restless())
    talks = [await Talk.open(restless, merchant) for _ in range(trials)]
    queued = await asyncio.gather(*(talk.queue("look at my orders") for talk in talks))
    await Worker(restless).drain()
    turns = [await talk.turn(run.id) for talk, run in zip(talks, queued, strict=True)]
    prove(
        Proof(
            "27", "runs at once of a model that loops, over their budget or 25 steps", trials, sum(not _bounded(runtime, t) for t in turns)
        )
    )


def _bounded(runtime: Runtime, turn: Turn) -> bool:
    """Tell whether a run ended within its budget, counted by its log and not by the meter."""
    budget = runtime.settings.budget
    thoughts = sum(fact.type == "message" and fact.message["type"] == "ai" and bool(fact.message.get("tool_calls")) for fact in turn.facts)
    calls = sum(fact.type == "tool.started" for fact in turn.facts)
    ended = turn.run.status not in {"pending", "running"} and thoughts > 0
    return ended and thoughts <= budget.model_calls and calls <= budget.tool_calls and thoughts + calls <= _MOST_STEPS
