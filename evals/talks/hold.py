"""Holds a scripted conversation in the demo shop, looks what it led to, and takes everything back."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import UUID

from langchain_core.messages import AnyMessage, HumanMessage, ToolMessage
from sqlalchemy import text

from agents.llm.meter import Meter
from agents.think import Mind
from core.errors import Forbidden
from core.identity import Principal, Role, RunContext
from core.ids import CustomerId, UserId
from core.settings import Budget
from evals.talks.templates import TEMPLATES, Template
from evals.tau_retail.rewind import RewindableUnits
from graph.guard import unsupported
from tools import approvals
from tools.approvals import Answer, Choice
from tools.executor import Executor
from tools.policy import Policy
from tools.result import Outcome, ToolResult, failed

_TURNS, _STEPS = 6, 10


@dataclass(frozen=True, slots=True)
class Talk:
    """One conversation to hold: a way of saying it, about one row."""

    template: Template
    opening: str
    facts: Mapping[str, Any]
    number: int

    def filled(self, words: str) -> str:
        """Return a text of the template with the row's values."""
        return words.format(**self.facts)


@dataclass(slots=True)
class Held:
    """What came of it; `problems` is empty when everything is as it should be."""

    talk: Talk
    problems: list[str] = field(default_factory=list[str])
    transcript: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    ok_tools: list[str] = field(default_factory=list[str])
    steps: list[float] = field(default_factory=list[float])


class Silent:
    """Takes drafts nobody reads."""

    def token(self, message_id: str, text: str) -> None:
        """Show nothing."""

    def discard(self, message_id: str) -> None:
        """Take nothing back."""


class Holder:
    """Holds conversations as people of one shop; each starts from the loaded state."""

    def __init__(self, units: RewindableUnits, mind: Mind, merchant: Principal) -> None:
        self._units, self._mind, self._merchant = units, mind, merchant
        self._executor = Executor(units, mind.toolbox, mind.grants)
        self._policy = Policy()
        self._keys = count(1)

    async def talks(self) -> list[Talk]:
        """Return all conversations, always the same ones: rows and ways of a template take turns."""
        found: list[Talk] = []
        async with self._units.read(self._merchant) as tx:
            self._policy = await self._executor.policy(tx)
            for template in TEMPLATES:
                rows = [dict(row) for row in (await tx.connection.execute(text(template.rows))).mappings()]
                if not rows:
                    raise ValueError(f"the demo shop has no rows for conversations of kind {template.name!r}")
                for place in range(template.count):
                    way = template.ways[place % len(template.ways)]
                    found.append(Talk(template, way, rows[(place * 7 + place // len(rows)) % len(rows)], len(found)))
        return found

    async def hold(self, talk: Talk) -> Held:
        """Hold one conversation and check its end."""
        held, who = Held(talk), self._speaker(talk)
        await self._units.start()
        try:
            answer = await self._converse(who, talk, held)
            await self._check(talk, held, answer.lower())
        finally:
            await self._units.rewind()
        return held

    def _speaker(self, talk: Talk) -> Principal:
        if talk.template.who == "merchant":
            return self._merchant
        customer = talk.facts["customer_id"]
        return Principal(self._merchant.tenant_id, UserId(customer), Role.CUSTOMER, CustomerId(customer), talk.facts["customer_name"])

    async def _converse(self, who: Principal, talk: Talk, held: Held) -> str:
        history: list[AnyMessage] = []
        place: str | None = None
        said: str | None = talk.filled(talk.opening)
        reply = ""
        for _ in range(_TURNS):
            if said is None:
                break
            history.append(HumanMessage(said))
            held.transcript.append(("person", said))
            route = await self._mind.route(said, who, active=place, asked=reply.rstrip().endswith("?"), meter=Meter(Budget()))
            place, reply = await self._turn(who, talk, [route.place, *([route.second] if route.second else [])], history, held)
            held.transcript.append(("shop", reply))
            said = _answer(talk, reply)
        return reply

    async def _turn(self, who: Principal, talk: Talk, places: Sequence[str], history: list[AnyMessage], held: Held) -> tuple[str, str]:
        """Return where the turn ended, after at most two transfers, and what was said."""
        evidence, had = list[str](), [places[0]]
        for _ in range(_STEPS):
            began = time.perf_counter()
            completion = await self._mind.think(
                places=places, principal=who, policy=self._policy, shop="the shop", currency="EUR", today="today", history=history,
                may_transfer=len(had) < 3, draft=Silent(), message_id=f"{talk.number}-{len(history)}",
            )  # fmt: skip
            held.steps.append(time.perf_counter() - began)
            message = completion.message
            history.append(message)
            if not message.tool_calls:
                known = self._mind.known_figures(self._policy, "EUR", who)
                if claims := unsupported(message.text, history, evidence, known):
                    held.problems.append(f"the answer check withholds {claims}")
                return places[0], message.text
            for call in message.tool_calls:
                if call["name"] == "transfer":
                    places = [str(call["args"]["agent"])]
                    had += places
                    result = ToolResult(tool="transfer", status=Outcome.OK, text="Handed over.")
                else:
                    result = await self._call(who, talk, call["name"], call["args"])
                evidence.append(result.text)
                held.transcript.append(("tool", f"{call['name']} {call['args']}: {result.status} {result.text[:200]}"))
                held.ok_tools += [call["name"]] if result.status is Outcome.OK else []
                history.append(ToolMessage(result.for_model(), tool_call_id=call["id"], name=call["name"]))
        held.problems.append("the turn took too many steps")
        return places[0], ""

    async def _call(self, who: Principal, talk: Talk, name: str, args: Mapping[str, Any]) -> ToolResult:
        key = f"talk-{talk.number}-{next(self._keys)}"
        result = await self._executor.execute(RunContext(who, idempotency_key=key), name, args)
        if result.status is not Outcome.PENDING or result.approval_id is None:
            return result
        if not talk.template.approves:
            return failed(name, "not_executed", "The person declined; nothing was changed.")
        try:
            await self._approve(who, name, result.approval_id)
        except Forbidden:
            await self._approve(self._merchant, name, result.approval_id)
        again = RunContext(who, idempotency_key=f"{key}-again", approval_id=result.approval_id)
        return await self._executor.execute(again, name, args)

    async def _approve(self, who: Principal, tool: str, approval: UUID) -> None:
        async with self._units.write(who) as tx:
            await approvals.decide(tx, self._mind.toolbox[tool], approval, Answer(decision=Choice.APPROVE), self._policy)

    async def _check(self, talk: Talk, held: Held, said: str) -> None:
        template, toolbox = talk.template, self._mind.toolbox
        held.problems += [f"{tool} did not end ok" for tool in template.tools if tool not in held.ok_tools]
        held.problems += [f"the answer does not say {words!r}" for words in map(talk.filled, template.says) if words.lower() not in said]
        held.problems += [f"the answer says {words!r}" for words in map(talk.filled, template.never_says) if words.lower() in said]
        if template.unchanged and (wrote := [tool for tool in held.ok_tools if tool in toolbox and toolbox[tool].writes]):
            held.problems.append(f"changed something: {', '.join(wrote)}")
        async with self._units.read(self._merchant) as tx:
            for claim, query in template.true.items():
                if not (await tx.connection.execute(text(talk.filled(query)))).scalar():
                    held.problems.append(f"not true afterwards: {claim}")


def _answer(talk: Talk, reply: str) -> str | None:
    """Return the answer to what is asked back: of the first word that the question has; None when nothing is asked."""
    asked = next((part.lower() for part in reversed(reply.split("\n\n")) if "?" in part), None)
    if asked is None:
        return None
    return next((talk.filled(answer) for word, answer in talk.template.answers if word in asked), None)
