"""Holds one conversation of the domain: a model with a customer's tools on one side, a scripted customer on the other."""

import json
import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from agents.think import Mind
from core.errors import Forbidden
from core.identity import Principal
from evals.tau_retail.customer import Customer
from evals.tau_retail.replay import Replay, Row
from evals.tau_retail.rules import policy
from evals.tau_retail.world import CURRENCY
from tools.result import Outcome, ToolResult, failed

_TURNS, _STEPS = 12, 12
"""So many times the customer speaks, and so many steps the shop may take to each."""
WRITES = {
    "cancel_pending_order": "cancel", "modify_pending_order_items": "modify items", "exchange_delivered_order_items": "exchange",
    "return_delivered_order_items": "return", "modify_pending_order_address": "address", "modify_pending_order_payment": "payment",
    "modify_user_address": "profile address",
}  # fmt: skip


@dataclass(slots=True)
class Held:
    """What came of a conversation."""

    id: str
    kinds: tuple[str, ...]
    """What the recording changes."""
    untouched: bool
    """The recording changes nothing: doing nothing is right."""
    differences: list[str] = field(default_factory=list[str])
    transcript: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    steps: list[float] = field(default_factory=list[float])
    """Seconds of each answer of the model."""

    @property
    def equal(self) -> bool:
        """Whether the end state is as recorded."""
        return not self.differences


class _Silent:
    def token(self, message_id: str, text: str) -> None: ...
    def discard(self, message_id: str) -> None: ...


class Dialogue:
    """Holds conversations over a loaded tenant, each from its initial state."""

    def __init__(self, replay: Replay, mind: Mind) -> None:
        self._replay, self._mind = replay, mind
        self._adapter = replay.adapter
        self._policy = policy(replay.adapter.version)

    async def hold(self, row: Row) -> Held:
        """Hold one conversation, compare the end state, and take everything back."""
        changed = any(row["changed"].values())
        held = Held(str(row["id"]), tuple(WRITES[each["name"]] for each in row["actions"] if each["name"] in WRITES), not changed)
        self._adapter.forget()
        units = self._replay.units
        await units.start()
        try:
            since = await self._replay.mark()
            await self._talk(self._adapter.world.customer(self._user_of(row)), Customer(wish_of(row)), held)
            held.differences = list(self._replay.state_differences(row, await self._replay.changed(since)))
        finally:
            await units.rewind()
        return held

    def _user_of(self, row: Row) -> str:
        """Return who speaks: recorded with the row, else told in it."""
        return str(row["user_id"]) if "user_id" in row else self._adapter.world.user_told(wish_of(row))

    async def _talk(self, who: Principal, customer: Customer, held: Held) -> None:
        history: list[AnyMessage] = []
        said: str | None = customer.wish
        for _ in range(_TURNS):
            if said is None:
                return
            history.append(HumanMessage(said))
            held.transcript.append(("customer", said))
            reply = await self._turn(who, customer, history, held)
            held.transcript.append(("shop", reply))
            said = customer.answer(reply)

    async def _turn(self, who: Principal, customer: Customer, history: list[AnyMessage], held: Held) -> str:
        for _ in range(_STEPS):
            message = await self._think(who, history, held)
            history.append(message)
            if not message.tool_calls:
                return message.text
            for call in message.tool_calls:
                result = await self._call(who, customer, call["name"], call["args"])
                held.transcript.append(("tool", f"{call['name']} {json.dumps(call['args'])}: {result.status} {result.text[:300]}"))
                history.append(ToolMessage(result.for_model(), tool_call_id=call["id"], name=call["name"]))
        return ""

    async def _think(self, who: Principal, history: Sequence[AnyMessage], held: Held) -> AIMessage:
        places = [place for place in self._mind.places_for(who) if not place.startswith("knowledge/articles")]
        began = time.perf_counter()
        completion = await self._mind.think(
            places=places,
            principal=who,
            policy=self._policy,
            shop="the shop",
            currency=CURRENCY,
            today="15 May 2024",
            history=history,
            may_transfer=False,
            draft=_Silent(),
            message_id=f"{held.id}-{len(history)}",
        )
        held.steps.append(time.perf_counter() - began)
        return completion.message

    async def _call(self, who: Principal, customer: Customer, name: str, args: Mapping[str, Any]) -> ToolResult:
        if self._adapter.owing:
            await self._adapter.settle()
        result = await self._adapter.once(who, name, args)
        if result.status is Outcome.PENDING and result.approval_id is not None:
            if not customer.agrees(args, result.text):
                return failed(name, "not_executed", "The person declined; nothing was changed.")
            try:
                await self._adapter.confirm(who, name, result.approval_id)
            except Forbidden:  # somebody of the shop has to decide it, and nobody does
                return result
            result = await self._adapter.once(who, name, args, approval=result.approval_id)
        self._adapter.owing |= name in self._adapter.toolbox and self._adapter.toolbox[name].writes
        return result


def wish_of(row: Row) -> str:
    """Return what the customer of a row wants, in one paragraph."""
    if "instruction" in row:
        return str(row["instruction"])
    told = row["scenario"]["instructions"]
    return " ".join(str(told[key]) for key in ("known_info", "reason_for_call", "task_instructions") if told.get(key))


_FIELDS = {
    "exchange_items": "other item", "return_items": "other item", "exchange_new_items": "other variant", "items": "other variant",
    "exchange_payment_method_id": "other payment method", "return_payment_method_id": "other payment method",
    "payment_history": "other payment", "payment_methods": "other payment", "cancel_reason": "other reason", "address": "other address",
    "exchange_price_difference": "other variant",
}  # fmt: skip
_MISSED, _UNASKED = "wanted, not done", "done, not wanted"
_INITIAL = frozenset({'"pending"', '"delivered"', '"processed"'})


def failure_kinds(differences: Sequence[str]) -> list[str]:
    """Return in which ways an end state is not as recorded, by what differs; an order that was left alone is that and nothing more."""
    found: dict[str, set[str]] = {}
    for each in differences:
        where, _, how = each.partition(": expected ")
        record, _, rest = where.partition(".")
        if how and rest:
            found.setdefault(record, set()).add(_kind(re.split(r"[.\[]", rest)[0], *how.split(", found ", 1)))
    kinds = {kind for each in found.values() for kind in (each & {_MISSED} or each & {_UNASKED} or each)}
    return sorted(kinds) or ["other"]


def _kind(name: str, expected: str, got: str) -> str:
    if name == "status":
        return _MISSED if got in _INITIAL else _UNASKED if expected in _INITIAL else "done in another way"
    return _FIELDS.get(name, name)


def summed_up(held: Sequence[Held]) -> dict[str, Any]:
    """Return the figures of conversations: right ones, the floor, what was wrong, and how long the model took."""
    steps = sorted(each for one in held for each in one.steps)
    kinds = Counter(kind for one in held for kind in set(one.kinds))
    right = Counter(kind for one in held if one.equal for kind in set(one.kinds))
    wrong = Counter(kind for one in held if not one.equal for kind in failure_kinds(one.differences))
    return {
        "conversations": len(held),
        "right": _share(one.equal for one in held),
        "floor": _share(one.untouched for one in held),
        "by_kind": {kind: f"{right[kind]} of {count}" for kind, count in kinds.most_common()},
        "failures": dict(wrong.most_common()),
        "step_ms_p50": round(1000 * steps[len(steps) // 2], 1) if steps else 0.0,
        "step_ms_p95": round(1000 * steps[int(len(steps) * 0.95)], 1) if steps else 0.0,
    }


def _share(marks: Any) -> float:
    listed = list(marks)
    return round(sum(listed) / len(listed), 4) if listed else 0.0
