"""A run from the words to the end of its log, over real Postgres and Valkey, with the offline model or one that plays a script."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

from agents.llm.scripted import ScriptedModel
from core.clock import system_clock
from core.errors import Conflict, Forbidden, InvalidInput, NotFound
from core.identity import Principal, Role
from core.ids import UserId, new_id
from server import sse
from server.runs import cancel_run, decide_approval
from server.wiring import Runtime, open_runtime
from server.worker.loop import Worker
from store.embedded import Endpoints
from tests.support.talk import APPROVE, REJECT, Talk, one, rows, thinking_with
from tools.approvals import Answer, Choice

REFUND: dict[str, Any] = {"order": "1017", "amount": "120.00", "reason": "goodwill"}
HEADSET = "refund the headset on order 1017"
REFUNDS = (
    "SELECT count(*) FROM payment_transactions t JOIN payments p ON p.id = t.payment_id JOIN orders o ON o.id = p.order_id "
    "WHERE o.number = :number AND t.type = 'refund'"
)
CANCELLABLE = (
    "SELECT number FROM orders WHERE customer_id = :customer AND status IN ('pending', 'confirmed', 'processing') "
    "ORDER BY placed_at DESC LIMIT 1"
)
DELIVERED = (
    "SELECT o.number FROM orders o JOIN shipments s ON s.order_id = o.id WHERE o.customer_id = :customer AND s.status = 'delivered' "
    "ORDER BY o.placed_at DESC LIMIT 1"
)


async def cancellable(runtime: Runtime, customer: Principal) -> str:
    return await one(runtime, customer, CANCELLABLE, customer=customer.customer_id)


async def order_status(runtime: Runtime, who: Principal, number: str) -> str:
    return await one(runtime, who, "SELECT status FROM orders WHERE number = :number", number=number)


async def approval_status(runtime: Runtime, who: Principal, talk: Talk) -> list[str]:
    return [
        row[0]
        for row in await rows(runtime, who, "SELECT status FROM approvals WHERE thread_id = :id ORDER BY created_at", id=talk.thread_id)
    ]


def calls(*wanted: tuple[str, dict[str, Any]], say: str = "") -> AIMessage:
    """Return a model's answer that calls tools."""
    return AIMessage(say, tool_calls=[{"name": name, "args": args, "id": f"{name}-{new_id()}"} for name, args in wanted])


# --- the main conversations --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "words", "agent", "tool", "says"),
    [
        ("merchant", "which orders are stuck?", "after_sales", "stuck_orders", "1042"),
        ("merchant", "why is order 1042 on hold?", "risk", "explain_hold", "1042"),
        ("merchant", "what is running low and what should I reorder?", "risk", "low_stock", ""),
        ("merchant", "which Amazon listings have errors?", "marketplace", "listing_issues", ""),
        ("customer", "where is my order?", "after_sales", "track_order", "transit"),
    ],
)
async def test_a_question_is_routed_looked_up_and_answered_and_the_log_says_so(
    who: str, words: str, agent: str, tool: str, says: str, runtime: Runtime, merchant: Principal, customer: Principal
):
    turn = await (await Talk.open(runtime, merchant if who == "merchant" else customer)).say(words)
    assert (turn.run.status, turn.agents[0], turn.end.status) == ("success", agent, "success")
    assert (tool, "ok") in turn.tools
    assert says in turn.answer.lower()
    assert turn.numbers == list(range(1, turn.run.seq + 1)), "numbers have no gaps"
    kinds = [fact.type for fact in turn.facts]
    assert (kinds[0], kinds[-1], kinds.count("run.finished")) == ("run.started", "run.finished", 1)
    started = [fact.call_id for fact in turn.facts if fact.type == "tool.started"]
    assert started == [fact.call_id for fact in turn.facts if fact.type == "tool.finished"] != []


async def test_what_a_live_reader_sees_is_the_log(runtime: Runtime, customer: Principal):
    talk = await Talk.open(runtime, customer)
    run = await talk.queue("where is my order?")
    reader = asyncio.create_task(_facts_of(sse.follow(runtime, customer, run.id, None)))
    await Worker(runtime).drain()
    turn = await talk.turn(run.id)
    assert await asyncio.wait_for(reader, 15) == turn.facts
    replayed = [(event_id, event) async for event_id, event in sse.follow(runtime, customer, run.id, None)]
    places = [tuple(map(int, event_id.split("-"))) for event_id, _ in replayed]
    assert places == sorted(set(places)), "live ids only grow"
    stored = {f"{number}-0": fact for number, fact in zip(turn.numbers, turn.facts, strict=True)}
    assert all(stored[event_id] == event for event_id, event in replayed if event_id in stored), (
        "a whole number names the same fact in both"
    )


async def _facts_of(events: AsyncIterator[tuple[str, Any]]) -> list[Any]:
    return [event async for _, event in events if event.type not in {"token", "draft.discarded"}]


# --- decisions ---------------------------------------------------------------------------------------------------------------------------


async def test_an_approved_refund_happens_once_and_a_second_decision_changes_nothing(runtime: Runtime, merchant: Principal):
    talk = await Talk.open(runtime, merchant)
    asked = await talk.say(HEADSET)
    assert (asked.end.status, asked.request.tool) == ("interrupted", "issue_refund")
    assert await one(runtime, merchant, REFUNDS, number="1017") == 0
    done = await talk.say(APPROVE)
    assert ("issue_refund", "ok") in done.tools
    assert await approval_status(runtime, merchant, talk) == ["consumed"]
    with pytest.raises(Conflict):
        await talk.queue(APPROVE)
    with pytest.raises(Conflict):
        await decide_approval(runtime, merchant, asked.request.approval_id, APPROVE)
    assert await one(runtime, merchant, REFUNDS, number="1017") == 1


async def test_of_many_decisions_at_once_one_counts(runtime: Runtime, merchant: Principal):
    talk = await Talk.open(runtime, merchant)
    asked = await talk.say(HEADSET)
    decisions = [decide_approval(runtime, merchant, asked.request.approval_id, APPROVE) for _ in range(12)]
    results = await asyncio.gather(*decisions, return_exceptions=True)
    assert sum(not isinstance(result, BaseException) for result in results) == 1
    assert {type(result) for result in results if isinstance(result, BaseException)} == {Conflict}
    await Worker(runtime).drain()
    assert await one(runtime, merchant, REFUNDS, number="1017") == 1


async def test_a_rejected_refund_does_not_happen_and_the_model_is_told(runtime: Runtime, merchant: Principal):
    script = ScriptedModel([calls(("issue_refund", REFUND)), AIMessage("Then I leave it.")])
    talk = await Talk.open(thinking_with(runtime, script), merchant)
    await talk.say("refund 120 on order 1017")
    done = await talk.say(REJECT.model_copy(update={"message": "too much"}))
    assert await one(runtime, merchant, REFUNDS, number="1017") == 0
    assert await approval_status(runtime, merchant, talk) == ["rejected"]
    assert done.answer == "Then I leave it."
    told = script.asked[-1].messages[-1]
    assert isinstance(told, ToolMessage)
    assert "not_executed" in told.text
    assert "too much" in told.text


async def test_an_edited_refund_happens_as_edited(runtime: Runtime, merchant: Principal):
    talk = await Talk.open(runtime, merchant)
    asked = await talk.say(HEADSET)
    edited = {**asked.request.args, "amount": "111.00"}
    done = await talk.say(Answer(decision=Choice.EDIT, args=edited))
    assert ("issue_refund", "ok") in done.tools
    amount = "SELECT t.amount_minor FROM payment_transactions t JOIN payments p ON p.id = t.payment_id JOIN orders o ON o.id = p.order_id"
    assert await rows(runtime, merchant, f"{amount} WHERE o.number = '1017' AND t.type = 'refund'") == [(11_100,)]


async def test_an_edit_that_the_policy_forbids_is_refused_and_the_request_stays_open(runtime: Runtime, merchant: Principal):
    talk = await Talk.open(runtime, merchant)
    asked = await talk.say(HEADSET)
    with pytest.raises((Conflict, InvalidInput)):
        await talk.queue(Answer(decision=Choice.EDIT, args={**asked.request.args, "amount": "99999.00"}))
    assert await approval_status(runtime, merchant, talk) == ["open"]


async def test_a_typed_yes_confirms(runtime: Runtime, customer: Principal):
    number, talk = await cancellable(runtime, customer), await Talk.open(runtime, customer)
    asked = await talk.say(f"please cancel order {number}")
    assert (asked.request.kind, asked.end.status) == ("confirmation", "interrupted")
    done = await talk.say("yes")
    assert ("cancel_order", "ok") in done.tools
    assert await order_status(runtime, customer, number) == "cancelled"


async def test_other_words_supersede_the_request_and_the_model_is_told(runtime: Runtime, customer: Principal):
    number = await cancellable(runtime, customer)
    script = ScriptedModel([calls(("cancel_order", {"order": number})), AIMessage("I am glad to help with that instead.")])
    talk = await Talk.open(thinking_with(runtime, script), customer)
    asked = await talk.say(f"cancel order {number}")
    before = await order_status(runtime, customer, number)
    turn = await talk.say("actually, do you sell umbrellas?")
    assert await approval_status(runtime, customer, talk) == ["superseded"]
    assert ("approval.decided", "superseded") in [(fact.type, getattr(fact, "decision", "")) for fact in turn.facts]
    assert await order_status(runtime, customer, number) == before
    assert "not_executed" in [message for message in script.asked[-1].messages if isinstance(message, ToolMessage)][-1].text
    with pytest.raises(Conflict):
        await decide_approval(runtime, customer, asked.request.approval_id, APPROVE)


async def test_a_manager_approves_a_customers_refund_and_the_customers_conversation_goes_on(
    runtime: Runtime, customer: Principal, merchant: Principal
):
    number = await one(runtime, customer, DELIVERED, customer=customer.customer_id)
    args = {"order": number, "amount": "5.00", "reason": "goodwill"}
    script = ScriptedModel([calls(("issue_refund", args)), AIMessage("The shop agreed.")])
    talk = await Talk.open(thinking_with(runtime, script), customer)
    asked = await talk.say("I want 5 euros back")
    assert (asked.request.kind, await one(runtime, merchant, REFUNDS, number=number)) == ("approval", 0)
    with pytest.raises(Forbidden):
        await decide_approval(runtime, customer, asked.request.approval_id, APPROVE)
    _, run = await decide_approval(talk.runtime, merchant, asked.request.approval_id, APPROVE)
    assert run is not None
    await Worker(talk.runtime).drain()
    turn = await talk.turn(run.id)
    assert (turn.run.user_id, turn.answer) == (customer.user_id, "The shop agreed.")
    assert ("issue_refund", "ok") in turn.tools
    assert await one(runtime, merchant, REFUNDS, number=number) == 1


async def test_where_four_eyes_are_asked_the_requester_cannot_approve(runtime: Runtime, merchant: Principal):
    dear = (
        "SELECT o.number FROM orders o JOIN payments p ON p.order_id = o.id WHERE o.payment_status = 'paid' "
        "AND o.status = 'delivered' AND p.captured_minor - p.refunded_minor >= 50000 LIMIT 1"
    )
    number = await one(runtime, merchant, dear)
    script = ScriptedModel([calls(("issue_refund", {"order": number, "reason": "goodwill"}))])
    talk = await Talk.open(thinking_with(runtime, script), merchant)
    asked = await talk.say("refund all of it")
    with pytest.raises(Forbidden, match="four eyes"):
        await decide_approval(runtime, merchant, asked.request.approval_id, APPROVE)
    colleague = replace(merchant, user_id=UserId(new_id()), role=Role.STAFF)
    with pytest.raises(Forbidden):
        await decide_approval(runtime, colleague, asked.request.approval_id, APPROVE)
    assert await one(runtime, merchant, REFUNDS, number=number) == 0


async def test_an_expired_request_cannot_be_approved(runtime: Runtime, merchant: Principal, settings: Any, demo_db: Endpoints):
    talk = await Talk.open(runtime, merchant)
    asked = await talk.say(HEADSET)
    async with open_runtime(settings, demo_db, clock=lambda: system_clock() + timedelta(days=7, minutes=1)) as later:
        with pytest.raises(Conflict, match="expired"):
            await decide_approval(later, merchant, asked.request.approval_id, APPROVE)
    assert await one(runtime, merchant, REFUNDS, number="1017") == 0


async def test_an_approval_that_expires_before_the_effect_is_not_used(
    runtime: Runtime, merchant: Principal, settings: Any, demo_db: Endpoints
):
    talk = await Talk.open(runtime, merchant)
    await talk.say(HEADSET)
    run = await talk.queue(APPROVE)
    async with open_runtime(settings, demo_db, clock=lambda: system_clock() + timedelta(days=8)) as later:
        await Worker(later).drain()
    assert ("issue_refund", "failed") in (await talk.turn(run.id)).tools
    assert await one(runtime, merchant, REFUNDS, number="1017") == 0


async def test_two_requests_of_one_message_are_decided_in_any_order(runtime: Runtime, merchant: Principal):
    wanted = [("issue_refund", {**REFUND, "amount": amount}) for amount in ("101.00", "102.00")]
    script = ScriptedModel([calls(*wanted), AIMessage("Both are settled.")])
    talk = await Talk.open(thinking_with(runtime, script), merchant)
    await talk.say("refund twice")
    both = "SELECT args ->> 'amount', id, status FROM approvals WHERE thread_id = :id"
    requests = {amount: approval for amount, approval, _ in await rows(runtime, merchant, both, id=talk.thread_id)}
    await decide_approval(talk.runtime, merchant, requests["102.00"], APPROVE)
    await Worker(talk.runtime).drain()
    await decide_approval(talk.runtime, merchant, requests["101.00"], REJECT)
    await Worker(talk.runtime).drain()
    script.assert_done()
    refunded = "SELECT amount_minor FROM payment_transactions WHERE type = 'refund' AND amount_minor IN (10100, 10200)"
    assert await rows(runtime, merchant, refunded) == [(10_200,)]
    decided = {amount: status for amount, _, status in await rows(runtime, merchant, both, id=talk.thread_id)}
    assert decided == {"101.00": "rejected", "102.00": "consumed"}


# --- several runs on one conversation ----------------------------------------------------------------------------------------------------


async def test_a_busy_thread_rejects_enqueues_or_gives_way(runtime: Runtime, merchant: Principal):
    talk = await Talk.open(runtime, merchant)
    first = await talk.queue("which orders are stuck?")
    with pytest.raises(Conflict, match="already running"):
        await talk.queue("hello", multitask="reject")
    second = await talk.queue("why is order 1042 on hold?")
    await Worker(runtime).drain()
    one_, two = await talk.turn(first.id), await talk.turn(second.id)
    assert (one_.run.status, two.run.status) == ("success", "success")
    assert one_.run.updated_at <= two.run.updated_at
    third = await talk.queue("which orders are stuck?")
    fourth = await talk.queue("why is order 1042 on hold?", multitask="interrupt")
    assert ((await talk.turn(third.id)).run.status, (await talk.turn(third.id)).end.status) == ("interrupted", "cancelled")
    await Worker(runtime).drain()
    assert (await talk.turn(fourth.id)).run.status == "success"
    assert (await talk.turn(third.id)).end.status == "cancelled", "the one that gave way never ran"


async def test_after_a_cancellation_is_acknowledged_no_effect_starts(runtime: Runtime, customer: Principal):
    number, thinking, go = await cancellable(runtime, customer), asyncio.Event(), asyncio.Event()
    script = SlowModel([calls(("open_ticket", {"subject": "Late", "message": "Where is it?"}))])
    script.gates(thinking, go)
    talk = await Talk.open(thinking_with(runtime, script), customer)
    tickets = await one(runtime, customer, "SELECT count(*) FROM tickets")
    run = await talk.queue(f"open a ticket about {number}")
    driving = asyncio.create_task(Worker(talk.runtime).drain())
    await asyncio.wait_for(thinking.wait(), 15)
    assert await cancel_run(runtime, customer, talk.thread_id, run.id)
    go.set()
    await asyncio.wait_for(driving, 15)
    turn = await talk.turn(run.id)
    assert (turn.run.status, turn.end.status) == ("interrupted", "cancelled")
    assert await one(runtime, customer, "SELECT count(*) FROM tickets") == tickets
    assert await one(runtime, customer, "SELECT count(*) FROM ledger WHERE run_id = :run", run=run.id) == 0
    assert not await cancel_run(runtime, customer, talk.thread_id, run.id), "it has ended already"


class SlowModel(ScriptedModel):
    """Says when it is asked, and answers when it may."""

    _asked_now: Any = None
    _may_answer: Any = None

    def gates(self, asked: asyncio.Event, may_answer: asyncio.Event) -> None:
        """Set both gates."""
        self._asked_now, self._may_answer = asked, may_answer

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        self._asked_now.set()
        await self._may_answer.wait()
        async for chunk in super()._astream(*args, **kwargs):
            yield chunk


async def test_one_key_makes_one_run_and_is_good_for_one_request_only(runtime: Runtime, merchant: Principal):
    talk = await Talk.open(runtime, merchant)
    key = str(new_id())
    made = await asyncio.gather(*(talk.queue("which orders are stuck?", key=key) for _ in range(8)))
    assert len({run.id for run in made}) == 1
    with pytest.raises(Conflict, match="Idempotency-Key"):
        await talk.queue("something else", key=key)
    await Worker(runtime).drain()
    assert (await talk.queue("which orders are stuck?", key=key)).id == made[0].id
    assert await one(runtime, merchant, "SELECT count(*) FROM runs WHERE thread_id = :id", id=talk.thread_id) == 1


async def test_somebody_elses_thread_run_and_request_do_not_exist(runtime: Runtime, customer: Principal, other_customer: Principal):
    number, talk = await cancellable(runtime, customer), await Talk.open(runtime, customer)
    asked = await talk.say(f"please cancel order {number}")
    with pytest.raises(NotFound):
        await Talk(runtime, other_customer, talk.thread_id).queue("yes")
    with pytest.raises(NotFound):
        await cancel_run(runtime, other_customer, talk.thread_id, asked.run.id)
    with pytest.raises(NotFound):
        await decide_approval(runtime, other_customer, asked.request.approval_id, APPROVE)


# --- what a conversation costs -----------------------------------------------------------------------------------------------------------


async def test_a_late_turn_stores_as_little_as_an_early_one(runtime: Runtime, merchant: Principal):
    script = ScriptedModel([AIMessage(f"Answer number {name(turn)}, of much the same length as all the others.") for turn in range(60)])
    talk = await Talk.open(thinking_with(runtime, script), merchant)
    sizes = [0]
    for turn in range(60):
        await talk.say(f"question number {name(turn)}, as long as the others, about the desk")
        if turn + 1 in {9, 10, 59}:
            sizes.append(await stored_bytes(runtime, talk))
    sizes.append(await stored_bytes(runtime, talk))
    early, late = sizes[2] - sizes[1], sizes[4] - sizes[3]
    assert late / early <= 1.2, f"turn 10 stored {early} bytes, turn 60 {late}"


def name(number: int) -> str:
    """Spell a number with letters, always as many: digits are claims that an answer must prove."""
    return "".join("abcdefghij"[int(digit)] for digit in f"{number:03}")


async def stored_bytes(runtime: Runtime, talk: Talk) -> int:
    total = 0
    async with runtime.pool.connection() as connection:
        for table in ("checkpoints", "checkpoint_blobs", "checkpoint_writes"):
            query = f"SELECT coalesce(sum(pg_column_size(t)), 0) AS size FROM {table} t WHERE thread_id LIKE %s"
            row: Any = await (await connection.execute(query, (f"%{talk.thread_id}",))).fetchone()
            total += int(row["size"])
    return total


async def test_calls_that_were_left_open_are_closed_before_the_model_is_asked_again(runtime: Runtime, customer: Principal):
    number = await cancellable(runtime, customer)
    script = ScriptedModel(
        [
            calls(("get_order", {"order": number}), ("cancel_order", {"order": number}), ("open_ticket", {})),
            AIMessage("Fine."),
        ]
    )
    talk = await Talk.open(thinking_with(runtime, script), customer)
    await talk.say("cancel it")
    await talk.say("what else can you do?")
    history = script.asked[-1].messages
    assert sum(isinstance(message, ToolMessage) for message in history) == 3
    for index, message in enumerate(history):
        if isinstance(message, AIMessage) and message.tool_calls:
            wanted = [call["id"] for call in message.tool_calls]
            following = history[index + 1 : index + 1 + len(wanted)]
            assert [result.tool_call_id for result in following if isinstance(result, ToolMessage)] == wanted
    assert isinstance(history[0], SystemMessage)
    assert isinstance(history[-1], HumanMessage)


async def test_five_turns_cost_eleven_model_calls_at_most(runtime: Runtime, merchant: Principal):
    talk = await Talk.open(runtime, merchant)
    words = (
        "hello",
        "where is order 1042?",
        "and why is it on hold?",
        "which Amazon listings have errors?",
        "which orders are stuck and what is running low?",
    )
    turns = [await talk.say(said) for said in words]
    assert all(turn.run.status == "success" for turn in turns)
    assert sum(turn.end.model_calls for turn in turns) <= 11, [turn.end.model_calls for turn in turns]
