"""Channels from end to end: the simulator as a process of its own, the API on a socket, a dispatcher, and nothing in between."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from core.identity import Principal, RunContext
from core.ids import new_id
from server.demo_providers import account, join
from server.demo_providers import simulator as simulator_process
from server.outbound.dispatcher import Dispatcher
from server.wiring import Runtime
from tests.support.fulfilling import STAGES
from tests.support.simulation import Simulated, served
from tests.support.talk import one, until
from tools import approvals
from tools.approvals import Answer, Choice
from tools.policy import Policy
from tools.result import Outcome

_QUICK = {"first_wait": 0.05, "ask_again": 600.0, "timeout": 2.0, "max_tries": 3, "poll_seconds": 0.05, "longest_wait": 0.5}


@pytest.fixture
def simulator() -> Iterator[Simulated]:
    with simulator_process() as running:
        simulated = Simulated(running.url)
        simulated.behave(decide_seconds=0, seconds_an_hour=0)
        yield simulated


class Traffic:
    """A shop with its channels: a runtime whose API is served and whose messages are carried."""

    def __init__(self, runtime: Runtime, who: Principal, simulator: Simulated, slug: str) -> None:
        self.runtime, self.who, self.simulator, self.slug = runtime, who, simulator, slug
        self.run = new_id().hex[-8:]

    def account(self, channel: str) -> str:
        """Name the shop at a channel."""
        return account(self.slug, channel)

    async def rows(self, query: str, **values: Any) -> list[Any]:
        """Return what is stored."""
        async with self.runtime.units.read(self.who) as tx:
            return list(await tx.connection.execute(text(query), values))

    async def ok(self, tool: str, args: dict[str, Any]) -> dict[str, Any]:
        """Call a tool as the owner."""
        result = await self.runtime.executor.execute(RunContext(self.who, idempotency_key=str(new_id())), tool, args)
        assert result.status is Outcome.OK, result
        return result.data

    async def item(self, channel: str) -> Any:
        """Return a listing of a channel with enough stock."""
        return (
            await self.rows(
                "SELECT l.external_id, l.price_minor, l.quantity, v.id, v.sku, sum(s.on_hand - s.reserved)::int AS available, "
                "sum(s.reserved)::int AS reserved FROM listings l JOIN channels c ON c.id = l.channel_id AND c.code = :channel "
                "JOIN variants v ON v.id = l.variant_id JOIN stock_levels s ON s.variant_id = v.id WHERE l.status = 'active' "
                "GROUP BY l.external_id, l.price_minor, l.quantity, v.id, v.sku "
                "HAVING max(s.on_hand - s.reserved) > 5 ORDER BY v.sku LIMIT 1",
                channel=channel,
            )
        )[0]

    def sell(self, channel: str, item: Any, quantity: int = 2, **more: Any) -> str:
        """Let a buyer order on a channel, and return the channel's number."""
        price = {"minor": item.price_minor, "currency": "EUR"}
        order = {
            "buyer": {"name": "Nia Brook", "email": "nia@mail.example", "ip": "203.0.113.9"},
            "ship_to": {"name": "Nia Brook", "line1": "1 Quay", "city": "Lyon", "postal_code": "69001", "country": "FR"},
            "lines": [{"sku": item.sku, "quantity": quantity, "unit_price": price}],
            "shipping": {"minor": 500, "currency": "EUR"},
            **more,
        }
        port = "shopify" if channel == "shopify" else "channel"
        return self.simulator.post("/orders", {"account": self.account(channel), "order": order, "port": port})["id"]

    async def order(self, external_id: str) -> Any:
        """Return the order that a channel's order became, once it is there."""
        query = "SELECT * FROM orders WHERE external_id = :external AND channel <> 'web'"

        async def there() -> bool:
            return bool(await self.rows(query, external=external_id))

        await until(there)
        (found,) = await self.rows(query, external=external_id)
        return found

    async def pulled(self, channel: str) -> Any:
        """Pull a channel's orders and return the synchronisation when it has ended."""
        run = (await self.ok("pull_orders", {"channel": channel}))["sync_run"]

        async def ended() -> bool:
            (row,) = await self.rows("SELECT status FROM sync_runs WHERE number = :run", run=run)
            return row.status not in {"pending", "running"}

        await until(ended)
        return (await self.rows("SELECT * FROM sync_runs WHERE number = :run", run=run))[0]

    async def delivered(self, topic: str) -> Any:
        """Return the last message of a topic at its end."""
        query = "SELECT * FROM deliveries WHERE topic = :topic ORDER BY position DESC LIMIT 1"

        async def ended() -> bool:
            found = await self.rows(query, topic=topic)
            return bool(found) and found[0].status in {"delivered", "failed", "parked"}

        await until(ended)
        return (await self.rows(query, topic=topic))[0]


@asynccontextmanager
async def carrying(runtime: Runtime) -> AsyncIterator[None]:
    """Carry messages during the block, as a worker does."""
    task = asyncio.create_task(Dispatcher(runtime).run_forever())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def traffic(runtime: Runtime, merchant: Principal, simulator: Simulated) -> AsyncIterator[Traffic]:
    outbound = runtime.settings.outbound.model_copy(update=_QUICK)
    quick = replace(runtime, settings=runtime.settings.model_copy(update={"outbound": outbound}))
    slug = str(await one(runtime, merchant, "SELECT slug FROM tenants"))
    async with served(quick) as own, carrying(quick):
        await join(quick, simulator.url, own)
        yield Traffic(quick, merchant, simulator, slug)


@pytest.mark.parametrize("channel", ["ebay", "shopify"])
async def test_an_order_is_pulled_reserved_scored_with_its_origin_sent_and_told_back(traffic: Traffic, channel: str) -> None:
    traffic.simulator.behave(decide_seconds=0, seconds_an_hour=0, webhook_copies=0)
    item = await traffic.item(channel)
    number = traffic.sell(channel, item)
    run = await traffic.pulled(channel)
    assert (run.status, run.imported, run.blocked) == ("succeeded", 1, 0), run
    order = await traffic.order(number)
    (origin,) = await traffic.rows("SELECT ip FROM order_origins WHERE order_id = :order", order=order.id)
    assert origin.ip == "203.0.113.9"
    (held,) = await traffic.rows(
        "SELECT sum(r.quantity)::int AS units FROM reservations r JOIN order_lines l ON l.id = r.order_line_id "
        "WHERE l.order_id = :order AND r.status = 'active'",
        order=order.id,
    )
    assert held.units == 2
    assert (await traffic.item(channel)).reserved == item.reserved + 2
    again = await traffic.pulled(channel)
    assert (again.status, again.imported, again.known) == ("succeeded", 0, 0), "the second pull begins where the first one ended"

    traffic.simulator.behave(decide_seconds=0, seconds_an_hour=0)
    if order.on_hold:
        await traffic.ok("release_order", {"order": order.number})
    *before, ship = STAGES
    for stage in before:
        await traffic.ok(stage, {"order": order.number})
    sent = await traffic.ok(ship, {"order": order.number})
    assert (await traffic.delivered("shipment.label.requested")).status == "delivered"
    (parcel,) = await traffic.rows("SELECT tracking_number FROM shipments WHERE number = :number", number=sent["shipment"])
    for position in (0, 1):
        traffic.simulator.post("/parcels", {"tracking_number": parcel.tracking_number, "position": position})
    assert (await traffic.delivered("channel.order.fulfilled")).status == "delivered"
    (told,) = [each for each in traffic.simulator.state()["fulfilments"] if each["order"] == number]
    assert (told["tracking_number"], told["lines"]) == (parcel.tracking_number, [{"sku": item.sku, "quantity": 2}])
    moved = "SELECT count(*)::int FROM tracking_events e JOIN shipments s ON s.id = e.shipment_id WHERE s.order_id = :order"

    async def both() -> bool:
        return (await traffic.rows(moved, order=order.id))[0][0] == 2

    await until(both)
    assert len(await traffic.rows("SELECT 1 FROM deliveries WHERE topic = 'channel.order.fulfilled'")) == 1


@pytest.mark.parametrize("channel", ["ebay", "shopify"])
async def test_a_channel_pays_back_what_it_collected(traffic: Traffic, channel: str) -> None:
    number = traffic.sell(channel, await traffic.item(channel))
    order = await traffic.order(number)
    refund = {"order": order.number, "amount": "4.00", "reason": "goodwill"}
    await traffic.ok("issue_refund", refund)
    assert (await traffic.delivered("channel.refund.requested")).status == "delivered"
    (sent,) = traffic.simulator.state()["refunds"]
    assert (sent["order"], sent["amount"]["minor"], sent["state"]) == (number, 400, "succeeded")
    assert not [each for each in traffic.simulator.state()["movements"] if each["kind"] == "refund"], "the payment provider is not asked"
    moves = (
        "SELECT t.state, t.failure FROM payment_transactions t JOIN payments p ON p.id = t.payment_id "
        "WHERE p.order_id = :order AND t.type = 'refund' ORDER BY t.created_at"
    )
    assert [each.state for each in await traffic.rows(moves, order=order.id)] == ["succeeded"]
    traffic.simulator.behave(decide_seconds=0, seconds_an_hour=0, decline=True)
    await traffic.ok("issue_refund", refund)

    async def answered() -> bool:
        return [each.state for each in await traffic.rows(moves, order=order.id)] == ["succeeded", "failed"]

    await until(answered)
    assert (await traffic.rows(moves, order=order.id))[1].failure
    (left,) = await traffic.rows("SELECT refunded_minor FROM payments WHERE order_id = :order", order=order.id)
    assert left.refunded_minor == 400


async def test_reports_that_come_three_times_while_a_pull_runs_are_one_order_each(traffic: Traffic) -> None:
    traffic.simulator.behave(decide_seconds=0, seconds_an_hour=0, webhook_copies=3, shuffle=True)
    item = await traffic.item("ebay")
    numbers = [traffic.sell("ebay", item, 1) for _ in range(4)]
    await traffic.pulled("ebay")
    for number in numbers:
        await traffic.order(number)
    (count,) = await traffic.rows("SELECT count(*)::int AS orders FROM orders WHERE external_id = ANY(:numbers)", numbers=numbers)
    assert count.orders == 4
    assert (await traffic.item("ebay")).reserved == item.reserved + 4


async def test_what_is_not_in_stock_waits_for_a_person(traffic: Traffic) -> None:
    item = await traffic.item("ebay")
    order = await traffic.order(traffic.sell("ebay", item, item.available + 3))
    assert order.on_hold
    assert f"Not in stock: 3 of {item.sku}" in order.hold_reason
    (left,) = await traffic.rows("SELECT sum(on_hand - reserved)::int AS units FROM stock_levels WHERE variant_id = :id", id=item.id)
    assert left.units == 0


async def test_a_pull_that_is_refused_ends_at_once_and_the_next_one_starts(traffic: Traffic) -> None:
    traffic.simulator.fault(port="channel", kind="status", status=403)
    run = await traffic.pulled("ebay")
    assert (run.status, run.note) == ("failed", "simulated trouble")
    assert (await traffic.pulled("ebay")).status == "succeeded"


async def test_a_pull_that_is_given_up_ends_too_and_somebody_is_told_of_other_messages(traffic: Traffic) -> None:
    traffic.simulator.fault(port="channel", kind="status", status=500, times=12)
    assert (await traffic.pulled("ebay")).status == "failed"
    assert (await traffic.delivered("channel.orders.pull")).status == "parked"


async def test_a_busy_channel_is_asked_again_when_it_says_and_a_pull_reads_all_pages(traffic: Traffic) -> None:
    traffic.simulator.behave(decide_seconds=0, seconds_an_hour=0, webhook_copies=0, requests_per_second=1)
    item = await traffic.item("ebay")
    for _ in range(55):
        traffic.sell("ebay", item, 1)
    run = await traffic.pulled("ebay")
    assert (run.status, run.imported) == ("succeeded", 55)
    query = "SELECT tries FROM deliveries WHERE topic = 'channel.orders.pull' ORDER BY position DESC LIMIT 1"
    assert (await traffic.rows(query))[0].tries >= 1


async def test_an_order_that_cannot_be_taken_over_is_tried_again_by_the_next_pull(traffic: Traffic) -> None:
    traffic.simulator.behave(decide_seconds=0, seconds_an_hour=0, webhook_copies=0)
    item = await traffic.item("ebay")
    strange = f"NEW-{traffic.run}".upper()
    line = {"sku": strange, "quantity": 1, "unit_price": {"minor": item.price_minor, "currency": "EUR"}}
    number = traffic.sell("ebay", item, lines=[line])
    assert ((await traffic.pulled("ebay")).status, len(await traffic.rows("SELECT 1 FROM orders WHERE external_id = :n", n=number))) == (
        "partial",
        0,
    )
    async with traffic.runtime.units.write(traffic.who) as tx:
        await tx.connection.execute(text("UPDATE variants SET sku = :sku WHERE id = :id"), {"sku": strange, "id": item.id})
    run = await traffic.pulled("ebay")
    assert (run.status, run.imported) == ("succeeded", 1)
    assert (await traffic.order(number)).channel == "ebay"


@pytest.mark.parametrize("channel", ["ebay", "shopify"])
async def test_a_push_shows_on_the_channel(traffic: Traffic, channel: str) -> None:
    item = await traffic.item(channel)
    await traffic.order(traffic.sell(channel, item, 1))
    await traffic.ok("push_stock", {"channel": channel, "skus": [item.sku]})
    assert (await traffic.delivered("channel.listing.push")).status == "delivered"
    state = traffic.simulator.state()
    if channel == "shopify":
        assert state["variants"][item.sku]["available"] == item.available - 1
    else:
        assert next(each for each in state["listings"] if each["listing"] == item.external_id)["quantity"] == item.available - 1


async def test_a_push_that_is_refused_and_one_that_is_reviewed_later_become_issues(traffic: Traffic) -> None:
    item = await traffic.item("ebay")
    await traffic.order(traffic.sell("ebay", item, 1))
    traffic.simulator.fault(port="channel", kind="status", status=404)
    await traffic.ok("push_stock", {"channel": "ebay", "skus": [item.sku]})
    assert (await traffic.delivered("channel.listing.push")).status == "failed"
    open_ = (
        "SELECT i.field, i.message FROM listing_issues i JOIN listings l ON l.id = i.listing_id "
        "WHERE i.status = 'open' AND l.external_id = :listing"
    )
    assert [tuple(each) for each in await traffic.rows(open_, listing=item.external_id)] == [("listing", "simulated trouble")]
    problem = {"field": "title", "message": "Error 8560: shouting.", "code": "invalid_format"}
    traffic.simulator.post("/reviews", {"account": traffic.account("ebay"), "listing": item.external_id, "problems": [problem]})

    async def reviewed() -> bool:
        return len(await traffic.rows(open_, listing=item.external_id)) == 2

    await until(reviewed)
    assert await one(traffic.runtime, traffic.who, f"SELECT status FROM listings WHERE external_id = '{item.external_id}'") == "error"


async def test_a_buyer_s_message_comes_once_is_answered_and_a_refused_answer_is_a_draft_again(traffic: Traffic) -> None:
    traffic.simulator.behave(decide_seconds=0, seconds_an_hour=0, webhook_copies=3)
    conversation = f"EB-{traffic.run}"
    words = {"conversation": conversation, "author": "Ole", "subject": "Lamp", "text": "Does it dim?"}
    traffic.simulator.post("/messages", {"account": traffic.account("ebay"), "message": words})
    found = "SELECT status, body FROM channel_messages WHERE conversation = :conversation ORDER BY created_at, status DESC"

    async def heard() -> bool:
        return bool(await traffic.rows(found, conversation=conversation))

    await until(heard)
    assert [tuple(each) for each in await traffic.rows(found, conversation=conversation)] == [("open", "Does it dim?")]

    await traffic.ok("draft_channel_reply", {"channel": "ebay", "conversation": conversation, "text": "It does."})
    traffic.simulator.fault(port="channel", kind="status", status=410)
    await _approved(traffic, "send_channel_reply", {"channel": "ebay", "conversation": conversation})
    assert (await traffic.delivered("channel.message.reply")).status == "failed"
    assert sorted(each.status for each in await traffic.rows(found, conversation=conversation)) == ["draft", "open"]
    alerts = await traffic.rows("SELECT detail FROM alerts WHERE kind = 'channel.reply_refused'")
    assert [each.detail for each in alerts] == ["simulated trouble"]
    await _approved(traffic, "send_channel_reply", {"channel": "ebay", "conversation": conversation})
    assert (await traffic.delivered("channel.message.reply")).status == "delivered"
    assert [each["text"] for each in traffic.simulator.state()["replies"] if each["conversation"] == conversation] == ["It does."]


async def _approved(traffic: Traffic, tool: str, args: dict[str, Any]) -> None:
    """Call what a person approves."""
    executor = traffic.runtime.executor
    asked = await executor.execute(RunContext(traffic.who, idempotency_key=str(new_id())), tool, args)
    assert asked.approval_id is not None, asked
    async with traffic.runtime.units.write(traffic.who) as tx:
        await approvals.decide(tx, executor.toolbox[tool], asked.approval_id, Answer(decision=Choice.APPROVE), Policy())
    ctx = RunContext(traffic.who, idempotency_key=str(new_id()), approval_id=asked.approval_id)
    result = await executor.execute(ctx, tool, args)
    assert result.status is Outcome.OK, result
