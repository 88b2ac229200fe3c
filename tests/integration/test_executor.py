"""The one door: what it lets pass, what it refuses, and what it leaves behind. The tools here are made for it."""

import asyncio
from dataclasses import dataclass, replace
from typing import Annotated, Any
from uuid import UUID

import psycopg
import pytest
from pydantic import BaseModel, Field
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core import faults
from core.errors import Conflict, Fenced, Unavailable
from core.events import ApprovalRequested, RouteChosen, RunFact, ToolFinished, ToolStarted
from core.identity import Permission, Principal, RunContext
from core.ids import RunId, ThreadId, new_id
from memory.journal import Journal
from store.unit import ReadTx, Tx
from tests.support.shop import NOW, Shop
from tools import approvals
from tools.approvals import Answer, Choice
from tools.executor import Executor
from tools.policy import Policy
from tools.policy.decision import Decision, Preview, allow, approve, confirm, deny
from tools.registry import Toolbox
from tools.result import Outcome, Result, ToolResult
from tools.spec import Args, Audience, Effect, Keying, Module

toy = Module("toy")
SHOWN = Preview(title="Put it", rows=(("Word", "shown"),))


class Say(Args):
    word: Annotated[str, Field(min_length=1, max_length=20, description="A word, such as hello")]
    times: Annotated[int, Field(ge=1, le=9)] = 1
    code: Annotated[str, Field(pattern=r"^[a-z]+$", description="A code, such as abc")] = "abc"


class Said(Result):
    word: str
    seen: int = 0


class Plan(BaseModel):
    word: str
    limit: int


@dataclass(frozen=True, slots=True)
class Found:
    plan: Plan
    version: int


async def found(_tx: ReadTx, args: Say, _ctx: RunContext, policy: Policy) -> Found:
    return Found(Plan(word=args.word, limit=policy.refunds.staff_limit_minor), policy.version)


def rule(_policy: Policy, _facts: Any, args: Say, _who: Principal) -> Decision:
    match args.word:
        case "no":
            return deny("toy.no", "Not this word.", "say yes")
        case "sure":
            return confirm("toy.sure", "Sure?", SHOWN)
        case "boss":
            return approve("toy.boss", "Ask the boss.", SHOWN)
        case _:
            return allow("toy.fine")


@toy.tool(effect=Effect.READ, permission=Permission.ORDER_READ)
async def echo(tx: ReadTx, args: Say, _ctx: RunContext) -> Said:
    """Say it again."""
    return Said(word=args.word)


@toy.tool(effect=Effect.READ, permission=Permission.ORDER_READ, facts=found)
async def look(tx: ReadTx, args: Say, _ctx: RunContext, facts: Found) -> Said:
    """Say what the policy is."""
    return Said(word=facts.plan.word, seen=facts.plan.limit)


@toy.tool(effect=Effect.READ, permission=Permission.ORDER_READ, audience=Audience.STAFF)
async def backstage(tx: ReadTx, args: Say, _ctx: RunContext) -> Said:
    """Be for staff."""
    return Said(word=args.word)


@toy.tool(effect=Effect.READ, permission=Permission.ORDER_READ, timeout=0.05)
async def slow(tx: ReadTx, args: Say, _ctx: RunContext) -> Said:
    """Take too long."""
    await asyncio.sleep(30)
    return Said(word=args.word)


@toy.tool(effect=Effect.WRITE, permission=Permission.ORDER_WRITE, facts=found, policy=rule)
async def put(tx: Tx, args: Say, _ctx: RunContext, facts: Found) -> Said:
    """Put a word down."""
    tx.emit("toy.put", word=args.word)
    return Said(word=args.word, seen=facts.version)


@toy.tool(effect=Effect.WRITE, permission=Permission.ORDER_WRITE, policy=rule, keying=Keying.business(lambda args: f"put:{args.word}"))
async def put_once(tx: Tx, args: Say, _ctx: RunContext) -> Said:
    """Put a word down, once for ever."""
    tx.emit("toy.put", word=args.word)
    return Said(word=args.word)


FAILURES: list[BaseException] = []


@toy.tool(effect=Effect.WRITE, permission=Permission.ORDER_WRITE, policy=rule)
async def stumble(tx: Tx, args: Say, _ctx: RunContext) -> Said:
    """Fail as often as the test says, after having put a word down."""
    tx.emit("toy.put", word=args.word)
    if FAILURES:
        raise FAILURES.pop()
    return Said(word=args.word)


@toy.tool(effect=Effect.WRITE, permission=Permission.ORDER_WRITE, policy=rule)
async def clash(tx: Tx, args: Say, _ctx: RunContext) -> Said:
    """Break a constraint."""
    await tx.connection.execute(
        text("INSERT INTO counters (tenant_id, series, last) VALUES (:tenant, 'a', 1), (:tenant, 'a', 1)"), {"tenant": tx.tenant_id}
    )
    return Said(word=args.word)


TOOLS = Toolbox((echo, look, backstage, slow, put, put_once, stumble, clash))
GRANTS = {"reader": frozenset({"echo", "look"})}


@pytest.fixture
def executor(shop: Shop) -> Executor:
    FAILURES.clear()
    return Executor(shop.units, TOOLS, GRANTS)


def by(who: Principal, key: str = "k", **more: Any) -> RunContext:
    return RunContext(who, idempotency_key=key, **more)


async def rows(shop: Shop, query: str) -> list[Any]:
    async with shop.units.read(shop.owner) as tx:
        return list(await tx.connection.execute(text(query)))


async def put_down(shop: Shop) -> list[str]:
    return [row.word for row in await rows(shop, "SELECT body ->> 'word' AS word FROM outbox WHERE topic = 'toy.put' ORDER BY id")]


async def test_a_read_answers_and_leaves_nothing(shop: Shop, executor: Executor) -> None:
    result = await executor.execute(by(shop.ana), "echo", {"word": "hello"})
    assert (result.status, result.tool, result.data, result.replayed) == (Outcome.OK, "echo", {"word": "hello", "seen": 0}, False)
    assert (await executor.execute(by(shop.ana), "echo", '{"word": "json"}')).data["word"] == "json"
    assert (await executor.execute(RunContext(shop.ana), "echo", {"word": "keyless"})).status is Outcome.OK
    assert await rows(shop, "SELECT 1 FROM ledger UNION ALL SELECT 1 FROM audit UNION ALL SELECT 1 FROM decisions") == []


async def test_facts_of_a_read_come_from_the_policy_in_force(shop: Shop, executor: Executor) -> None:
    assert (await executor.execute(by(shop.ana), "look", {"word": "a"})).data == {"word": "a", "seen": 10_000}
    async with shop.units.write(shop.owner) as tx:
        insert = text(
            "INSERT INTO policy_versions (tenant_id, id, version, body, author, created_at, effective_at) "
            """VALUES (:tenant, gen_random_uuid(), 4, '{"refunds": {"staff_limit_minor": 7}}', 'x', :now, :now)"""
        )
        await tx.connection.execute(insert, {"tenant": tx.tenant_id, "now": NOW})
    assert (await executor.execute(by(shop.ana), "look", {"word": "a"})).data == {"word": "a", "seen": 7}
    assert (await executor.execute(by(shop.ana), "put", {"word": "a"})).data == {"word": "a", "seen": 4}
    assert (await executor.execute(by(shop.eve), "look", {"word": "a"})).data == {"word": "a", "seen": 10_000}
    async with shop.units.read(shop.owner) as tx:
        assert await executor.policy(tx) is await executor.policy(tx), "read once a version"
        assert (await executor.policy(tx)).version == 4


@pytest.mark.parametrize(
    ("name", "said"),
    [("nothing", ["echo", "look", "put", "put_once", "slow", "stumble", "clash"])],
)
async def test_an_unknown_tool_names_those_that_there_are(shop: Shop, executor: Executor, name: str, said: list[str]) -> None:
    result = await executor.execute(by(shop.ana), name, {})
    assert (result.status, result.code, sorted(result.allowed)) == (Outcome.FAILED, "unknown_tool", sorted(said))
    assert "nothing" in result.text


async def test_an_agent_has_its_grant_and_nothing_else(shop: Shop, executor: Executor) -> None:
    reader = by(shop.ana, agent="reader")
    assert (await executor.execute(reader, "echo", {"word": "a"})).status is Outcome.OK
    refused = await executor.execute(reader, "put", {"word": "a"})
    assert (refused.code, refused.allowed) == ("unknown_tool", ["echo", "look"])
    stranger = await executor.execute(by(shop.ana, agent="stranger"), "echo", {"word": "a"})
    assert (stranger.code, stranger.allowed) == ("unknown_tool", [])
    assert await put_down(shop) == []


async def test_a_role_without_the_right_is_refused(shop: Shop, executor: Executor) -> None:
    result = await executor.execute(by(shop.ana), "backstage", {"word": "a"})
    assert (result.status, result.rule, result.code) == (Outcome.DENIED, "permission.order:read", "denied")
    assert "customer" in result.text
    assert (await executor.execute(by(shop.staff), "backstage", {"word": "a"})).status is Outcome.OK


async def test_a_wrong_argument_says_what_it_should_be(shop: Shop, executor: Executor) -> None:
    async def said(raw: Any) -> str:
        result = await executor.execute(by(shop.ana), "echo", raw)
        assert (result.status, result.code) == (Outcome.FAILED, "invalid_arguments")
        return result.text

    assert await said({"word": ""}) == "word: String should have at least 1 character (A word, such as hello)"
    assert await said({"word": "a", "code": "9"}) == "code: is not of the right form (A code, such as abc)"
    assert await said({"word": "a", "times": 0}) == "times: Input should be greater than or equal to 1"
    assert await said({"word": "a", "more": 1}) == "more: Extra inputs are not permitted"
    assert await said({"word": "", "times": 0}) == (
        "word: String should have at least 1 character (A word, such as hello); times: Input should be greater than or equal to 1"
    )
    assert (await said("no json")).startswith("arguments: Invalid JSON")
    assert (await said({f"x{number}": 1 for number in range(9)})).count(";") == 4, "five at most"


async def test_a_write_leaves_its_effect_its_answer_and_its_reason(shop: Shop, executor: Executor) -> None:
    result = await executor.execute(by(shop.ana, "one"), "put", {"word": "hello"})
    assert (result.status, result.data) == (Outcome.OK, {"word": "hello", "seen": 0})
    [ledger] = await rows(shop, "SELECT key, tool, status, result, args_hash, customer_id FROM ledger")
    assert (ledger.key, ledger.tool, ledger.status) == (f"key:{shop.ana.user_id}:one", "put", "ok")
    assert ToolResult.model_validate(ledger.result) == result
    assert (len(ledger.args_hash), ledger.customer_id) == (64, shop.ana.customer_id)
    [audit] = await rows(shop, "SELECT action, actor, body FROM audit")
    [decision] = await rows(shop, "SELECT * FROM decisions")
    assert (audit.action, audit.actor) == ("tool.put", f"customer:{shop.ana.user_id}")
    assert audit.body == {
        "key": ledger.key,
        "args": ledger.args_hash,
        "rule": "toy.fine",
        "policy_version": 0,
        "verdict": "allow",
        "outcome": "ok",
        "agent": None,
        "run": None,
        "decision": str(decision.id),
    }
    assert (decision.tool, decision.rule, decision.verdict, decision.outcome, decision.role) == (
        "put",
        "toy.fine",
        "allow",
        "ok",
        "customer",
    )
    assert (decision.policy_version, decision.approved, decision.actor, decision.at) == (0, False, shop.ana.user_id, NOW)
    assert decision.inputs == {
        "args": {"word": "hello", "times": 1, "code": "abc"},
        "facts": {"plan": {"word": "hello", "limit": 10_000}, "version": 0},
    }
    [message] = await rows(shop, "SELECT key, topic FROM outbox")
    assert message.key == f"{ledger.key}#0"


async def test_a_refusal_is_an_answer_that_is_kept(shop: Shop, executor: Executor) -> None:
    for replayed in (False, True):
        result = await executor.execute(by(shop.ana), "put", {"word": "no"})
        assert (result.status, result.rule, result.text, result.allowed) == (Outcome.DENIED, "toy.no", "Not this word.", ["say yes"])
        assert result.replayed is replayed
    assert [row.status for row in await rows(shop, "SELECT status FROM ledger")] == ["denied"]
    assert await put_down(shop) == []
    assert len(await rows(shop, "SELECT 1 FROM decisions")) == 1


async def test_the_same_call_again_is_answered_from_the_ledger(shop: Shop, executor: Executor) -> None:
    first = await executor.execute(by(shop.ana), "put", {"word": "a"})
    again = await executor.execute(by(shop.ana), "put", {"word": "a"})
    assert (again.replayed, again.data, again.text) == (True, first.data, first.text)
    other_args = await executor.execute(by(shop.ana), "put", {"word": "b"})
    other_tool = await executor.execute(by(shop.ana), "stumble", {"word": "a"})
    for other in (other_args, other_tool):
        assert other.replayed
        assert other.text == f"Another call was already made at this step: put. Its result: {first.text}"
    assert (await executor.execute(by(shop.ana, "other"), "put", {"word": "b"})).replayed is False
    assert await put_down(shop) == ["a", "b"]


async def test_a_business_key_means_the_same_whoever_calls(shop: Shop, executor: Executor) -> None:
    done = [await executor.execute(by(who, key), "put_once", {"word": "a"}) for who, key in ((shop.ana, "1"), (shop.ana, "2"))]
    assert [each.replayed for each in done] == [False, True]
    assert [row.key for row in await rows(shop, "SELECT key FROM ledger")] == ["put_once:put:a"]
    assert await put_down(shop) == ["a"]


async def test_twenty_at_once_have_one_effect(shop: Shop, executor: Executor) -> None:
    done = await asyncio.gather(*(executor.execute(by(shop.ana), "put", {"word": "a"}) for _ in range(20)))
    assert sum(not each.replayed for each in done) == 1
    assert await put_down(shop) == ["a"]


async def asked_and_decided(
    shop: Shop, executor: Executor, word: str, who: Principal, judge: Principal, choice: Choice = Choice.APPROVE
) -> UUID:
    asked = await executor.execute(by(who, f"ask-{word}"), "put", {"word": word})
    assert asked.status is Outcome.PENDING, asked
    assert asked.approval_id is not None
    async with shop.units.write(judge) as tx:
        await approvals.decide(tx, TOOLS["put"], asked.approval_id, Answer(decision=choice), Policy())
    return asked.approval_id


async def test_what_needs_a_person_waits_and_happens_once_when_decided(shop: Shop, executor: Executor) -> None:
    asked = await executor.execute(by(shop.ana, "ask"), "put", {"word": "sure"})
    assert (asked.status, asked.code, asked.rule) == (Outcome.PENDING, "needs_confirmation", "toy.sure")
    assert await put_down(shop) == []
    approval = await asked_and_decided(shop, executor, "boss", shop.ana, shop.manager)
    ctx = by(shop.ana, approval_id=approval)
    done = [await executor.execute(ctx, "put", {"word": "ignored"}) for _ in range(2)]
    assert [each.replayed for each in done] == [False, True]
    assert done[0].data["word"] == "boss", "the approved arguments count, not those that came along"
    assert await put_down(shop) == ["boss"]
    assert sorted(row.status for row in await rows(shop, "SELECT status FROM approvals")) == ["consumed", "open"]
    assert f"approval:{approval}" in [row.key for row in await rows(shop, "SELECT key FROM ledger")]
    assert [row.approved for row in await rows(shop, "SELECT approved FROM decisions ORDER BY id")] == [False, False, True]


async def test_a_rejected_request_has_no_effect(shop: Shop, executor: Executor) -> None:
    approval = await asked_and_decided(shop, executor, "boss", shop.ana, shop.manager, Choice.REJECT)
    late = await executor.execute(by(shop.ana, approval_id=approval), "put", {"word": "boss"})
    assert (late.status, late.code) == (Outcome.FAILED, "approval_not_usable")
    assert await put_down(shop) == []


async def test_an_error_of_the_tool_is_told_and_nothing_is_kept(shop: Shop, executor: Executor) -> None:
    FAILURES.append(Conflict("it is taken", code="taken"))
    result = await executor.execute(by(shop.ana), "stumble", {"word": "a"})
    assert (result.status, result.code, result.text) == (Outcome.FAILED, "taken", "it is taken")
    assert await rows(shop, "SELECT 1 FROM ledger UNION ALL SELECT 1 FROM outbox UNION ALL SELECT 1 FROM decisions") == []
    assert (await executor.execute(by(shop.ana), "stumble", {"word": "a"})).status is Outcome.OK, "so the same call may be made again"


@pytest.mark.parametrize("error", [Fenced("gone"), Unavailable("down"), ZeroDivisionError()])
async def test_a_lost_lease_a_lost_server_and_a_bug_are_raised(shop: Shop, executor: Executor, error: BaseException) -> None:
    FAILURES.append(error)
    with pytest.raises(type(error)):
        await executor.execute(by(shop.ana), "stumble", {"word": "a"})
    assert await put_down(shop) == []


@pytest.mark.parametrize("point", ["tool.after_claim", "tool.after_effect", "tool.before_commit"])
async def test_a_fault_before_the_commit_leaves_nothing(shop: Shop, executor: Executor, point: str) -> None:
    with faults.armed(f"{point}:error"), pytest.raises(faults.InjectedFault):
        await executor.execute(by(shop.ana), "put", {"word": "a"})
    assert await rows(shop, "SELECT 1 FROM ledger UNION ALL SELECT 1 FROM outbox UNION ALL SELECT 1 FROM decisions") == []
    assert not (await executor.execute(by(shop.ana), "put", {"word": "a"})).replayed


async def test_a_fault_after_the_commit_leaves_all_of_it(shop: Shop, executor: Executor) -> None:
    with faults.armed("tool.after_commit:error"), pytest.raises(faults.InjectedFault):
        await executor.execute(by(shop.ana), "put", {"word": "a"})
    assert (await executor.execute(by(shop.ana), "put", {"word": "a"})).replayed
    assert await put_down(shop) == ["a"]


@pytest.mark.parametrize("point", ["tool.after_claim", "tool.before_commit", "tool.after_commit"])
async def test_an_answer_from_the_ledger_passes_the_same_points(shop: Shop, executor: Executor, point: str) -> None:
    await executor.execute(by(shop.ana), "put", {"word": "a"})
    with faults.armed(f"{point}:error"), pytest.raises(faults.InjectedFault):
        await executor.execute(by(shop.ana), "put", {"word": "a"})
    with faults.armed("tool.after_effect:error"):
        assert (await executor.execute(by(shop.ana), "put", {"word": "a"})).replayed


async def test_a_broken_constraint_is_a_conflict(shop: Shop, executor: Executor) -> None:
    result = await executor.execute(by(shop.ana), "clash", {"word": "a"})
    assert (result.status, result.code) == (Outcome.FAILED, "conflict")
    assert "look again" in result.text
    assert await rows(shop, "SELECT 1 FROM ledger") == []


async def test_a_call_that_takes_too_long_is_stopped(shop: Shop, executor: Executor) -> None:
    result = await executor.execute(by(shop.ana), "slow", {"word": "a"})
    assert (result.status, result.code) == (Outcome.FAILED, "timeout")
    assert "0.05 s" in result.text


def conflict(kind: type[psycopg.Error]) -> DBAPIError:
    return DBAPIError("SELECT", {}, kind("again"))


@pytest.mark.parametrize("kind", [psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected])
async def test_a_transaction_that_lost_a_race_is_run_again_twice(shop: Shop, executor: Executor, kind: type[psycopg.Error]) -> None:
    FAILURES.extend([conflict(kind), conflict(kind)])
    assert (await executor.execute(by(shop.ana), "stumble", {"word": "a"})).status is Outcome.OK
    assert await put_down(shop) == ["a"]
    FAILURES.extend(conflict(kind) for _ in range(3))
    lost = await executor.execute(by(shop.ana, "two"), "stumble", {"word": "b"})
    assert (lost.status, lost.code, FAILURES) == (Outcome.FAILED, "conflict", [])
    assert await put_down(shop) == ["a"]


async def test_another_error_of_the_database_is_not_hidden(shop: Shop, executor: Executor) -> None:
    FAILURES.append(conflict(psycopg.errors.DivisionByZero))
    with pytest.raises(DBAPIError):
        await executor.execute(by(shop.ana), "stumble", {"word": "a"})


async def running(shop: Shop) -> RunContext:
    """Return the context of a run that is being worked on, its first attempt."""
    thread, run = new_id(), new_id()
    async with shop.units.write(shop.ana) as tx:
        values = {
            "tenant": tx.tenant_id,
            "thread": thread,
            "run": run,
            "user": shop.ana.user_id,
            "customer": shop.ana.customer_id,
            "now": NOW,
        }
        await tx.connection.execute(
            text(
                "INSERT INTO threads (tenant_id, id, user_id, customer_id, status, meta, created_at, updated_at) "
                "VALUES (:tenant, :thread, :user, :customer, 'busy', '{}', :now, :now)"
            ),
            values,
        )
        await tx.connection.execute(
            text(
                "INSERT INTO runs (tenant_id, id, thread_id, user_id, customer_id, assistant, status, input, principal, meta, attempt, "
                "seq, idempotency_key, request_hash, created_at, updated_at) VALUES (:tenant, :run, :thread, :user, :customer, 'support', "
                "'running', '{}', '{}', '{}', 1, 0, 'k', '', :now, :now)"
            ),
            values,
        )
    return RunContext(shop.ana, run_id=RunId(run), thread_id=ThreadId(thread), attempt=1, position="2.1", agent="reader")


async def logged(shop: Shop) -> list[tuple[int, str]]:
    return [(row.seq, row.type) for row in await rows(shop, "SELECT seq, type FROM run_events ORDER BY seq")]


def noted(journal: Journal) -> list[RunFact]:
    return list(journal.waiting())


async def test_a_write_stores_what_was_announced_and_what_it_did_in_order(shop: Shop, executor: Executor) -> None:
    free = replace(await running(shop), agent=None)
    journal = Journal(RunId(free.run_id))
    journal.note(RouteChosen(agent="reader", by="rule", confidence=1.0))
    done = await executor.execute(free, "put", {"word": "a"}, journal)
    assert done.status is Outcome.OK
    assert await logged(shop) == [(1, "route"), (2, "tool.started"), (3, "tool.finished")]
    assert noted(journal) == []
    [started, finished] = (row.body for row in await rows(shop, "SELECT body FROM run_events WHERE seq > 1 ORDER BY seq"))
    assert (started["call_id"], started["tool"], started["args"]) == ("2.1", "put", {"word": "a", "times": 1, "code": "abc"})
    assert (finished["call_id"], finished["status"], finished["result"], finished["replayed"]) == (
        "2.1",
        "ok",
        {"word": "a", "seen": 0},
        False,
    )
    [ledger] = await rows(shop, "SELECT key, run_id FROM ledger")
    assert (ledger.key, ledger.run_id) == (f"run:{free.run_id}:2.1", free.run_id)
    [audit] = await rows(shop, "SELECT body ->> 'run' AS run FROM audit")
    assert audit.run == str(free.run_id)
    again = await executor.execute(free, "put", {"word": "a"}, journal)
    assert again.replayed
    assert [kind for _, kind in await logged(shop)][3:] == ["tool.started", "tool.finished"]


async def test_a_request_for_a_decision_is_announced_after_its_call(shop: Shop, executor: Executor) -> None:
    free = replace(await running(shop), agent=None)
    journal = Journal(RunId(free.run_id))
    await executor.execute(free, "put", {"word": "boss"}, journal)
    assert [kind for _, kind in await logged(shop)] == ["tool.started", "tool.finished", ApprovalRequested.model_fields["type"].default]


async def test_a_worker_that_lost_its_run_changes_nothing(shop: Shop, executor: Executor) -> None:
    free = replace(await running(shop), agent=None, attempt=2)
    with pytest.raises(Fenced):
        await executor.execute(free, "put", {"word": "a"}, Journal(RunId(free.run_id)))
    assert await put_down(shop) == []
    assert await rows(shop, "SELECT 1 FROM ledger UNION ALL SELECT 1 FROM run_events") == []


async def test_a_write_without_a_run_tells_a_journal_nothing_that_is_stored(shop: Shop, executor: Executor) -> None:
    journal = Journal(RunId(new_id()))
    assert (await executor.execute(by(shop.ana), "put", {"word": "a"}, journal)).status is Outcome.OK
    assert [type(fact) for fact in noted(journal)] == [ToolStarted]


async def test_reads_are_announced_and_stored_with_the_next_transaction(shop: Shop, executor: Executor) -> None:
    ctx = await running(shop)
    journal = Journal(RunId(ctx.run_id))
    await executor.execute(ctx, "echo", {"word": "a"}, journal)
    assert await logged(shop) == []
    [started, finished] = noted(journal)
    assert isinstance(started, ToolStarted)
    assert isinstance(finished, ToolFinished)
    assert (started.agent, finished.status, finished.result) == ("reader", "ok", {"word": "a", "seen": 0})
    journal._waiting_since -= 60
    assert (await executor.execute(ctx, "look", {"word": "b"}, journal)).data["seen"] == 10_000
    assert [kind for _, kind in await logged(shop)] == ["tool.started", "tool.finished", "tool.started", "tool.finished"]
    assert noted(journal) == []
    assert await rows(shop, "SELECT 1 FROM ledger") == []


async def test_refusals_and_failures_are_announced_too(shop: Shop, executor: Executor) -> None:
    ctx = await running(shop)
    journal = Journal(RunId(ctx.run_id))
    await executor.execute(ctx, "put", {"word": "a"}, journal)
    await executor.execute(ctx, "echo", "x" * 900, journal)
    [started, finished, raw, _] = noted(journal)
    assert isinstance(started, ToolStarted)
    assert isinstance(finished, ToolFinished)
    assert isinstance(raw, ToolStarted)
    assert (started.args, started.tool, started.agent, started.call_id) == ({"word": "a"}, "put", "reader", "2.1")
    assert (finished.status, finished.tool) == ("failed", "put")
    assert raw.args == {"raw": "x" * 500}
    FAILURES.append(Conflict("taken"))
    free = replace(ctx, agent=None)
    other = Journal(RunId(ctx.run_id))
    await executor.execute(free, "stumble", {"word": "a"}, other)
    assert [(type(fact), getattr(fact, "status", None)) for fact in noted(other)] == [(ToolStarted, None), (ToolFinished, "failed")]


async def test_nothing_is_published_before_it_is_stored(shop: Shop, executor: Executor) -> None:
    free = replace(await running(shop), agent=None)
    entries: list[str] = []
    address = shop.units.engine.url.set(drivername="postgresql").render_as_string(hide_password=False).replace("+", "%20")

    class Tape:
        def put(self, run_id: UUID, entry_id: str, event: object) -> None:
            with psycopg.connect(address) as other:
                other.execute("SELECT set_config('app.tenant_id', %s, true)", (str(shop.owner.tenant_id),))
                entries.append(f"{entry_id}:{other.execute('SELECT count(*) FROM run_events').fetchall()[0][0]}")

    await executor.execute(free, "put", {"word": "a"}, Journal(RunId(free.run_id), Tape()))
    assert [each for each in entries if each.startswith("2-0")] == ["2-0:2"]
