"""Messages reach providers at least once under one key, and what the providers answer is recorded: against the simulator, over sockets."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from core import faults
from core.identity import Principal, RunContext
from core.ids import new_id
from server.demo_providers import join
from server.outbound.dispatcher import Dispatcher
from server.wiring import Runtime
from tests.support.simulation import Simulated, served, simulated
from tests.support.talk import one, until
from tools.result import Outcome

_QUICK = {"first_wait": 0.05, "ask_again": 0.05, "timeout": 2.0, "lease_seconds": 2.0, "max_tries": 6}


@pytest.fixture
def providers() -> Iterator[Simulated]:
    with simulated() as running:
        running.behave(decide_seconds=0, seconds_an_hour=0)
        yield running


@pytest.fixture
async def quick(runtime: Runtime) -> Runtime:
    """The runtime with short waits for messages to providers, and nothing left over from the demo."""
    outbound = runtime.settings.outbound.model_copy(update=_QUICK)
    return replace(runtime, settings=runtime.settings.model_copy(update={"outbound": outbound}))


@pytest.fixture
async def dispatcher(quick: Runtime, providers: Simulated) -> AsyncIterator[Dispatcher]:
    await join(quick, providers.url, "http://127.0.0.1:9")
    opened = Dispatcher(quick)
    yield opened
    await opened.close()


async def refund(runtime: Runtime, who: Principal, amount: str = "1.00") -> str:
    """Refund a little on a paid order and return the transaction."""
    number = await one(
        runtime,
        who,
        "SELECT o.number FROM orders o JOIN payments p ON p.tenant_id = o.tenant_id AND p.order_id = o.id "
        "WHERE p.captured_minor - p.refunded_minor > 5000 ORDER BY o.number LIMIT 1",
    )
    ctx = RunContext(who, idempotency_key=str(new_id()))
    result = await runtime.executor.execute(ctx, "issue_refund", {"order": number, "amount": amount, "reason": "goodwill"})
    assert result.status is Outcome.OK, result
    return str(
        await one(runtime, who, "SELECT id FROM payment_transactions WHERE state = 'pending' AND type = 'refund' ORDER BY created_at DESC")
    )


async def delivery(runtime: Runtime, who: Principal, topic: str = "payment.refund.requested") -> Any:
    async with runtime.units.read(who) as tx:
        query = "SELECT * FROM deliveries WHERE topic = :topic ORDER BY position DESC LIMIT 1"
        return (await tx.connection.execute(text(query), {"topic": topic})).one()


async def state(runtime: Runtime, who: Principal, transaction: str) -> str:
    return await one(runtime, who, f"SELECT state FROM payment_transactions WHERE id = '{transaction}'")


async def carry(dispatcher: Dispatcher, runtime: Runtime, who: Principal, *, topic: str = "payment.refund.requested") -> Any:
    """Deliver until the message of a topic is at its end."""

    async def ended() -> bool:
        await dispatcher.deliver()
        return (await delivery(runtime, who, topic)).status in {"delivered", "failed", "parked"}

    await until(ended)
    return await delivery(runtime, who, topic)


async def test_a_refund_reaches_the_provider_and_succeeds(
    quick: Runtime, merchant: Principal, dispatcher: Dispatcher, providers: Simulated
) -> None:
    transaction = await refund(quick, merchant)
    sent = await carry(dispatcher, quick, merchant)
    assert (sent.status, sent.tries) == ("delivered", 1)
    assert await state(quick, merchant, transaction) == "succeeded"
    (movement,) = providers.state()["movements"]
    assert (movement["kind"], movement["amount"]["minor"], movement["transaction"]) == ("refund", 100, transaction)
    assert sent.reference == movement["id"]


async def test_the_customer_gets_a_mail_that_says_what_happened(
    quick: Runtime, merchant: Principal, dispatcher: Dispatcher, providers: Simulated
) -> None:
    await refund(quick, merchant, "12.34")
    await carry(dispatcher, quick, merchant)
    await carry(dispatcher, quick, merchant, topic="email.requested")
    (mail,) = providers.state()["outbox"]
    assert "€12.34" in mail["subject"]
    assert mail["to"].endswith("example")
    assert "Harbour & Pine" in mail["from"]


async def test_a_declined_refund_is_open_again(quick: Runtime, merchant: Principal, dispatcher: Dispatcher, providers: Simulated) -> None:
    providers.behave(decline=True, decide_seconds=0, seconds_an_hour=0)
    transaction = await refund(quick, merchant)
    await carry(dispatcher, quick, merchant)
    assert await state(quick, merchant, transaction) == "failed"
    assert await one(quick, merchant, f"SELECT failure FROM payment_transactions WHERE id = '{transaction}'") == "the card was declined"


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 503},
        {"kind": "status", "status": 429, "retry_after": 0.1},
        {"kind": "cut"},
        {"kind": "cut", "after_effect": True},
        {"kind": "partial", "after_effect": True},
        {"kind": "status", "status": 500, "after_effect": True},
    ],
    ids=str,
)
async def test_trouble_on_the_way_is_tried_again_under_the_same_key_and_has_one_effect(
    quick: Runtime, merchant: Principal, dispatcher: Dispatcher, providers: Simulated, fault: dict[str, Any]
) -> None:
    providers.fault(port="payments", times=3, **fault)
    transaction = await refund(quick, merchant)
    sent = await carry(dispatcher, quick, merchant)
    assert sent.status == "delivered"
    assert sent.tries > 1
    assert await state(quick, merchant, transaction) == "succeeded"
    seen = providers.seen("payments")
    assert len(seen) >= 4
    assert {each["key"] for each in seen} == {sent.key}
    assert len(providers.state()["movements"]) == 1


async def test_a_provider_that_says_nothing_does_not_hold_the_message(
    quick: Runtime, merchant: Principal, dispatcher: Dispatcher, providers: Simulated
) -> None:
    providers.fault(port="payments", kind="hang", seconds=20, times=1)
    transaction = await refund(quick, merchant)
    await carry(dispatcher, quick, merchant)
    assert await state(quick, merchant, transaction) == "succeeded"


async def test_a_message_that_never_arrives_is_parked_with_its_reason(
    quick: Runtime, merchant: Principal, dispatcher: Dispatcher, providers: Simulated
) -> None:
    providers.fault(port="payments", kind="status", status=500, times=1000)
    transaction = await refund(quick, merchant)
    for _ in range(6):
        await again(quick, merchant)
        await dispatcher.deliver()
    parked = await delivery(quick, merchant)
    assert (parked.status, parked.tries) == ("parked", 6)
    assert "provider" in parked.reason
    assert await state(quick, merchant, transaction) == "pending"


async def again(runtime: Runtime, who: Principal) -> None:
    async with runtime.units.write(who) as tx:
        await tx.connection.execute(text("UPDATE deliveries SET next_try_at = now() - interval '1 second', lease_until = NULL"))


async def test_what_the_provider_refuses_for_good_is_not_tried_again(
    quick: Runtime, merchant: Principal, dispatcher: Dispatcher, providers: Simulated
) -> None:
    providers.fault(port="payments", kind="status", status=422)
    transaction = await refund(quick, merchant)
    sent = await carry(dispatcher, quick, merchant)
    assert (sent.status, sent.reason) == ("failed", "simulated trouble")
    assert await state(quick, merchant, transaction) == "failed"
    assert len(providers.seen("payments")) == 1


@pytest.mark.parametrize("point", ["dispatcher.after_send", "dispatcher.before_mark"])
async def test_a_dispatcher_that_dies_between_sending_and_marking_refunds_once(
    quick: Runtime, merchant: Principal, dispatcher: Dispatcher, providers: Simulated, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    transaction = await refund(quick, merchant)
    monkeypatch.setattr(faults, "_fault", f"{point}:error")
    with pytest.raises(faults.InjectedFault):
        await dispatcher.deliver()
    monkeypatch.undo()
    left = await delivery(quick, merchant)
    assert (left.status, left.lease_until is not None) == ("waiting", True)
    await dispatcher.deliver()
    assert (await delivery(quick, merchant)).attempt == left.attempt, "the lease of the dead one still holds"
    await again(quick, merchant)
    assert (await carry(dispatcher, quick, merchant)).status == "delivered"
    assert await state(quick, merchant, transaction) == "succeeded"
    assert len(providers.state()["movements"]) == 1
    assert len(providers.seen("payments")) == 2
    assert await one(quick, merchant, "SELECT count(*) FROM outbox WHERE topic = 'payment.refund.succeeded'") == 1


async def test_dispatchers_side_by_side_send_each_message_once(
    quick: Runtime, merchant: Principal, dispatcher: Dispatcher, providers: Simulated
) -> None:
    for _ in range(8):
        await refund(quick, merchant)
    others = [Dispatcher(quick) for _ in range(3)]

    async def done() -> bool:
        await asyncio.gather(*(each.deliver() for each in (dispatcher, *others)))
        return await one(quick, merchant, "SELECT count(*) = 0 FROM deliveries WHERE status = 'waiting' AND topic LIKE 'payment.%'")

    await until(done)
    for each in others:
        await each.close()
    keys = [each["key"] for each in providers.seen("payments")]
    assert len(keys) == len(set(keys)) == 8


async def test_messages_of_one_payment_leave_in_order(
    quick: Runtime, merchant: Principal, dispatcher: Dispatcher, providers: Simulated
) -> None:
    first, second = await refund(quick, merchant, "1.00"), await refund(quick, merchant, "2.00")
    providers.fault(port="payments", kind="status", status=500, times=2)
    await carry(dispatcher, quick, merchant)
    moved = [movement["transaction"] for movement in providers.state()["movements"]]
    assert moved == [first, second]


async def test_without_a_provider_a_message_waits_for_one(quick: Runtime, merchant: Principal) -> None:
    await refund(quick, merchant)
    alone = Dispatcher(quick)
    await alone.deliver()
    await alone.close()
    waiting = await delivery(quick, merchant)
    assert (waiting.status, waiting.tries, waiting.reason) == ("waiting", 0, "no payment provider is connected")


async def test_a_claim_that_was_lost_settles_nothing(quick: Runtime, merchant: Principal, dispatcher: Dispatcher) -> None:
    from store.queries import deliveries
    from store.tables.providers import DeliveryStatus

    await refund(quick, merchant)
    (old,) = [each for each in await deliveries.claim(quick.units, 50, 0.0) if each.topic == "payment.refund.requested"]
    (new,) = [each for each in await deliveries.claim(quick.units, 50, 0.0) if each.topic == "payment.refund.requested"]
    assert new.attempt == old.attempt + 1
    ended = deliveries.Settlement(DeliveryStatus.DELIVERED)
    async with quick.units.write(merchant) as tx:
        assert not await deliveries.settle(tx, old, ended)
        assert await deliveries.settle(tx, new, ended)


async def test_a_report_settles_what_the_provider_decided_later(quick: Runtime, merchant: Principal, providers: Simulated) -> None:
    providers.behave(decide_seconds=0.2, webhook_copies=3, shuffle=True, seconds_an_hour=0)
    async with served(quick) as own:
        await join(quick, providers.url, own)
        dispatcher = Dispatcher(replace(quick, settings=runtime_without_asking(quick)))
        transaction = await refund(quick, merchant)
        await dispatcher.deliver()
        assert (await delivery(quick, merchant)).status == "asked"
        await until(lambda: is_state(quick, merchant, transaction, "succeeded"))
        await until(lambda: all_sent(providers, 3))
        await dispatcher.close()
    assert [each["status"] for each in providers.state()["sent"]] == [200, 200, 200]
    assert await one(quick, merchant, "SELECT count(*) FROM outbox WHERE topic = 'payment.refund.succeeded'") == 1
    assert await one(quick, merchant, "SELECT status FROM provider_reports") == "recorded"


async def test_a_report_that_was_lost_is_asked_for(
    quick: Runtime, merchant: Principal, dispatcher: Dispatcher, providers: Simulated
) -> None:
    providers.behave(decide_seconds=0.1, webhook_copies=0, seconds_an_hour=0)
    transaction = await refund(quick, merchant)
    assert (await carry(dispatcher, quick, merchant)).status == "delivered"
    assert await state(quick, merchant, transaction) == "succeeded"
    assert next(each["method"] for each in providers.seen("payments")) == "POST"
    assert {each["method"] for each in providers.seen("payments")} == {"POST", "GET"}


def runtime_without_asking(runtime: Runtime) -> Any:
    outbound = runtime.settings.outbound.model_copy(update={"ask_again": 600.0})
    return runtime.settings.model_copy(update={"outbound": outbound})


async def is_state(runtime: Runtime, who: Principal, transaction: str, wanted: str) -> bool:
    return await state(runtime, who, transaction) == wanted


async def all_sent(providers: Simulated, count: int) -> bool:
    return len(providers.state()["sent"]) == count


async def test_a_pull_of_orders_ends_its_run(quick: Runtime, merchant: Principal, dispatcher: Dispatcher) -> None:
    ctx = RunContext(merchant, idempotency_key=str(new_id()))
    started = await quick.executor.execute(ctx, "pull_orders", {"channel": "ebay"})
    assert started.status is Outcome.OK, started
    sent = await carry(dispatcher, quick, merchant, topic="channel.orders.pull")
    assert sent.status == "delivered", sent
    query = f"SELECT status FROM sync_runs WHERE number = '{started.data['sync_run']}'"
    assert await one(quick, merchant, query) in {"succeeded", "partial"}
