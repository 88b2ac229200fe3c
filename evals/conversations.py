"""`storehand eval routing`: holds the conversations in a copy of the demo shop, one after the other, and looks who took each turn."""

import asyncio
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.markup import escape

from agents.roster import agent_of
from core.events import MessageAdded, RouteChosen
from core.identity import Principal
from core.ids import new_id
from core.settings import Settings
from evals.copies import fresh, prepare, remove
from evals.routing.cases import Conversation, Expected, conversations
from server.cli.output import out, progress
from server.cli.session import who_is
from server.runs import NewRun, create_run
from server.wiring import Runtime
from server.worker.loop import Worker
from store import events
from store.embedded import servers
from store.queries import threads

GOAL = 0.95
_SPOKEN_FOR = frozenset({"human", "out_of_scope", "other_language"})
"""What a message may ask besides an agent's work, where a case says so; small talk and replies are the agent's with whom they stay."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A turn, who should have taken it and who did."""

    conversation: Conversation
    expected: Expected
    taken: frozenset[str]
    why: str

    @property
    def right(self) -> bool:
        """Whether one of the right answers was given."""
        return self.taken in self.expected.right


async def hold(runtime: Runtime, conversation: Conversation) -> list[Taken]:
    """Hold a conversation on a thread of its own."""
    who = await who_is(runtime, conversation.who)
    async with runtime.units.write(who) as tx:
        thread_id = (await threads.create(tx)).id
    worker = Worker(runtime)
    taken: list[Taken] = []
    agent = ""
    for expected in conversation.turns:
        message = {"id": str(new_id()), "content": expected.said}
        digest = hashlib.sha256(expected.said.encode()).hexdigest()
        run = await create_run(runtime, who, thread_id, NewRun("evals", [message], None, str(new_id()), digest))
        await worker.drain()
        seen, agent = await _seen(runtime, who, run.id, conversation, expected, agent)
        taken.append(seen)
    return taken


async def _seen(
    runtime: Runtime, who: Principal, run_id: Any, conversation: Conversation, expected: Expected, active: str
) -> tuple[Taken, str]:
    """Return who took a turn, and with whom the conversation is; a decision that was waited for goes on with who asked for it."""
    async with runtime.units.read(who) as tx:
        facts = [entry.fact for entry in await events.read(tx, run_id)]
    route = next((fact for fact in facts if isinstance(fact, RouteChosen)), None)
    if route is None:
        return Taken(conversation, expected, frozenset({active}), "decides what waited for it"), active
    taken = {route.asks if route.asks in _SPOKEN_FOR else route.agent}
    if route.second and agent_of(route.second) != route.agent:
        taken.add(agent_of(route.second))
    if route.asks == "other_language" and not any("only understand English" in _words(fact) for fact in facts):
        taken.add("not declined")
    why = f"{route.agent}/{route.desk} by {route.by} {route.confidence:.2f} {route.reason}"
    return Taken(conversation, expected, frozenset(taken), why), route.agent


def _words(fact: Any) -> str:
    return str(fact.message.get("content", "")) if isinstance(fact, MessageAdded) and fact.message.get("type") == "ai" else ""


def run_routing(settings: Settings, families: Sequence[str], *, as_json: bool) -> int:
    """Hold the conversations, print what went wrong and the figures; return 0 when the goal is met."""
    chosen = [each for each in conversations() if not families or each.family in families]
    with servers(settings, progress=progress) as endpoints:
        template = prepare(settings, endpoints)
        try:
            taken = asyncio.run(_hold_all(settings, endpoints, template, chosen))
        finally:
            remove(endpoints, template)
    figures = summed_up(taken)
    wrong = [each for each in taken if not each.right]
    if as_json:
        listed = [
            {"case": each.conversation.name, "said": each.expected.said, "taken": sorted(each.taken), "why": each.why} for each in wrong
        ]
        print(json.dumps({**figures, "wrong": listed}, ensure_ascii=False))  # noqa: T201
    else:
        for each in wrong:
            right = " or ".join("+".join(sorted(one)) for one in each.expected.right)
            mark = "held back" if each.conversation.held_back else each.conversation.family
            out().print(f"[red]wrong[/red] {mark:<12} {escape(repr(each.expected.said))}: {right}, not {escape(each.why)}")
        for name, value in figures.items():
            out().print(f"{name.replace('_', ' '):<28} {value:.1%}" if isinstance(value, float) else f"{name:<28} {value}")
    return 0 if figures["right"] >= GOAL else 1


async def _hold_all(settings: Settings, endpoints: Any, template: str, chosen: Sequence[Conversation]) -> list[Taken]:
    async with fresh(settings, endpoints, template) as runtime:
        return [taken for conversation in chosen for taken in await hold(runtime, conversation)]


def summed_up(taken: Sequence[Taken]) -> dict[str, Any]:
    """Return the share of right turns: of all, of those that may be tuned on, of those held back, and of each family."""
    figures: dict[str, Any] = {"conversations": len({each.conversation.name for each in taken}), "turns": len(taken)}
    groups = {"right": list(taken), "right_tuned": [], "right_held_back": []}
    for each in taken:
        groups["right_held_back" if each.conversation.held_back else "right_tuned"].append(each)
        groups.setdefault(f"right_{each.conversation.family}", []).append(each)
    return figures | {name: sum(each.right for each in group) / max(len(group), 1) for name, group in groups.items()}
