"""What handling a return promises: each step once and in order, stock only for what is as new, money as it was quoted."""

import asyncio
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from core.identity import Principal
from core.ids import new_id
from store.tables.aftersales import Return, ReturnLine
from tests.integration.conftest import Watch
from tests.support.desk import Desk
from tests.support.shop import NOW, ON_HAND, Shop
from tools.result import Outcome

ONE = {"return_number": "R-1001"}
TEE = {"order": "1004", "item": "tee", "quantity": 2, "reason": "changed_mind"}
BROKEN = {"order": "1004", "item": "headset", "reason": "defective"}


async def scalar(shop: Shop, query: str, **values: Any) -> Any:
    async with shop.units.read(shop.owner) as tx:
        return (await tx.connection.execute(text(query), values)).scalar_one()


async def topics(shop: Shop) -> list[str]:
    async with shop.units.read(shop.owner) as tx:
        return list((await tx.connection.execute(text("SELECT topic FROM outbox ORDER BY id"))).scalars())


async def inspected(shop: Shop, desk: Desk, args: dict[str, Any], condition: str, tool: str = "request_return") -> None:
    """Take a return up to its inspection."""
    await desk.confirmed(shop.ana, tool, args)
    if args.get("reason") == "defective":
        await desk.ok(shop.ana, "add_return_photo", {**ONE, "photo": "broken.jpg"})
        await desk.ok(shop.staff, "decide_return", {**ONE, "approve": True})
    await desk.ok(shop.staff, "send_return_label", ONE)
    await desk.ok(shop.staff, "receive_return", ONE)
    await desk.ok(shop.staff, "inspect_return", {**ONE, "condition": condition})


async def settled(shop: Shop) -> None:
    """Let the provider confirm what it was asked for."""
    async with shop.units.write(shop.owner) as tx:
        await tx.connection.execute(text("UPDATE payment_transactions SET state = 'succeeded' WHERE state = 'pending'"))


async def test_an_unopened_return_is_restocked_and_paid_as_quoted(shop: Shop, desk: Desk) -> None:
    await inspected(shop, desk, TEE, "unopened")
    disposed = await desk.ok(shop.staff, "dispose_return", ONE)
    assert (disposed["items"][0]["disposition"], disposed["items"][0]["disposed"]) == ("restock", True)
    on_hand = "SELECT on_hand FROM stock_levels WHERE variant_id = :variant"
    assert await scalar(shop, on_hand, variant=shop.variants["TEE-BLK-M"]) == ON_HAND + 2
    assert (await desk.call(shop.staff, "dispose_return", ONE)).rule == "return.disposed"
    paid = await desk.ok(shop.staff, "refund_return", ONE)
    assert (paid["refunded"]["minor"], paid["status"]) == (5_500, "refund_pending")
    assert (await desk.call(shop.staff, "complete_return", ONE)).rule == "return.refund_on_its_way"
    await settled(shop)
    assert (await desk.ok(shop.staff, "complete_return", ONE))["status"] == "completed"
    shown = await desk.ok(shop.ana, "get_return", ONE)
    assert (shown["status"], shown["refunded"]["minor"], shown["customer"]) == ("completed", 5_500, None)
    assert {"return.received", "return.inspected", "return.disposed", "payment.refund.requested", "return.completed"} <= set(
        await topics(shop)
    )


@pytest.mark.parametrize(
    ("condition", "fate"), [("opened", "refurbish"), ("used", "liquidate"), ("damaged", "dispose"), ("defective", "return_to_supplier")]
)
async def test_only_what_is_as_new_goes_back_on_the_shelf(shop: Shop, desk: Desk, condition: str, fate: str) -> None:
    await inspected(shop, desk, TEE, condition)
    disposed = await desk.ok(shop.staff, "dispose_return", ONE)
    assert disposed["items"][0]["disposition"] == fate
    on_hand = "SELECT on_hand FROM stock_levels WHERE variant_id = :variant"
    assert await scalar(shop, on_hand, variant=shop.variants["TEE-BLK-M"]) == ON_HAND


async def test_what_is_unclear_waits_for_a_second_look(shop: Shop, desk: Desk) -> None:
    await inspected(shop, desk, TEE, "unclear")
    assert (await desk.call(shop.staff, "refund_return", ONE)).rule == "return.transition"
    assert (await desk.call(shop.staff, "dispose_return", ONE)).rule == "return.not_inspected"
    assert (await desk.ok(shop.staff, "inspect_return", {**ONE, "condition": "opened"}))["status"] == "inspected"


async def test_a_defect_is_not_approved_without_a_photo(shop: Shop, desk: Desk) -> None:
    await desk.confirmed(shop.ana, "request_return", BROKEN)
    verdict = {**ONE, "approve": True}
    assert (await desk.call(shop.staff, "decide_return", verdict)).rule == "return.photo_needed"
    assert (await desk.ok(shop.ana, "get_return", ONE))["needs_photo"]
    for odd in ("javascript:alert(1)", "http://insecure.example/a.jpg", "a note", "/etc/passwd"):
        assert (await desk.call(shop.ana, "add_return_photo", {**ONE, "photo": odd})).status is Outcome.FAILED
    photo = {**ONE, "photo": "https://pics.example/lamp.jpg"}
    assert (await desk.call(shop.ben, "add_return_photo", photo)).code == "not_found"
    for _ in range(2):
        await desk.ok(shop.ana, "add_return_photo", photo)
    assert await scalar(shop, "SELECT count(*) FROM return_photos") == 1
    assert (await desk.ok(shop.staff, "decide_return", verdict))["status"] == "approved"


async def test_a_refund_is_what_was_quoted_less_what_went_back_meanwhile(shop: Shop, desk: Desk) -> None:
    await inspected(shop, desk, TEE, "opened")
    await desk.ok(shop.staff, "issue_refund", {"order": "1004", "amount": "90"})
    again = await desk.pending(shop.staff, "issue_refund", {"order": "1004", "amount": "70"})
    await desk.decide(shop.manager, again)
    await desk.call(shop.staff, "issue_refund", {"order": "1004", "amount": "70"}, approval=again)
    paid = await desk.ok(shop.staff, "refund_return", ONE)
    assert (paid["quoted"]["minor"], paid["refunded"]["minor"]) == (5_500, 3_000), "190.00 were captured, 160.00 went back"


async def test_a_return_is_refunded_once(shop: Shop, desk: Desk) -> None:
    await inspected(shop, desk, TEE, "opened")
    done = await asyncio.gather(*(desk.call(shop.staff, "refund_return", ONE) for _ in range(20)))
    assert sorted(each.status for each in done) == [Outcome.DENIED] * 19 + [Outcome.OK]
    assert (
        await scalar(shop, "SELECT sum(refunded_minor) FROM payments p JOIN orders o ON o.id = p.order_id WHERE o.number = '1004'") == 5_500
    )


async def test_store_credit_is_given_at_once(shop: Shop, desk: Desk) -> None:
    await inspected(shop, desk, {**TEE, "type": "store_credit"}, "opened")
    paid = await desk.ok(shop.staff, "refund_return", ONE)
    assert (paid["status"], paid["to"]) == ("refunded", "Store credit")
    held = "SELECT store_credit_minor FROM customers WHERE id = :customer"
    assert await scalar(shop, held, customer=shop.ana.customer_id) == 5_500


async def test_an_exchange_reserves_what_it_sends(shop: Shop, desk: Desk) -> None:
    args = {"order": "1004", "item": "tee", "wanted": "L", "quantity": 2}
    async with shop.units.write(shop.owner) as tx:
        series = text("INSERT INTO counters (tenant_id, series, last) VALUES (:tenant, 'order', 5000)")
        await tx.connection.execute(series, {"tenant": tx.tenant_id})
    await inspected(shop, desk, args, "unopened", "request_exchange")
    assert (await desk.call(shop.staff, "refund_return", ONE)).rule == "return.sends_goods"
    sent = await desk.ok(shop.staff, "ship_exchange", ONE)
    assert sent["status"] == "completed"
    reserved = "SELECT reserved FROM stock_levels WHERE variant_id = :variant"
    assert await scalar(shop, reserved, variant=shop.variants["TEE-BLK-L"]) == 2
    detail = await desk.ok(shop.ana, "get_order", {"order": sent["replacement_order"]})
    assert detail["total"]["minor"] == 0
    assert (await desk.call(shop.staff, "ship_exchange", ONE)).status is Outcome.DENIED


async def test_an_exchange_waits_for_stock(shop: Shop, desk: Desk) -> None:
    await inspected(shop, desk, {"order": "1004", "item": "tee", "wanted": "L"}, "unopened", "request_exchange")
    async with shop.units.write(shop.owner) as tx:
        sold_out = text("UPDATE stock_levels SET on_hand = reserved WHERE variant_id = :variant")
        await tx.connection.execute(sold_out, {"variant": shop.variants["TEE-BLK-L"]})
    refused = await desk.call(shop.staff, "ship_exchange", ONE)
    assert (refused.rule, "Merino Tee" in refused.text) == ("exchange.out_of_stock", True)


async def test_a_return_is_cancelled_until_it_is_received(shop: Shop, desk: Desk) -> None:
    await desk.confirmed(shop.ana, "request_return", TEE)
    assert (await desk.call(shop.ben, "cancel_return", ONE)).code == "not_found"
    await desk.ok(shop.staff, "send_return_label", ONE)
    assert (await desk.confirmed(shop.ana, "cancel_return", ONE)).data["status"] == "cancelled"
    again = await desk.confirmed(shop.ana, "request_return", {**TEE, "quantity": 3})
    two = {"return_number": cast("str", again.data["return_number"])}
    await desk.ok(shop.staff, "send_return_label", two)
    await desk.ok(shop.staff, "receive_return", two)
    refused = await desk.call(shop.ana, "cancel_return", two)
    assert (refused.rule, "inspecting" in refused.text) == ("return.transition", True)


@pytest.mark.parametrize("tool", ["receive_return", "inspect_return", "refund_return", "ship_exchange", "complete_return"])
async def test_no_step_is_skipped(shop: Shop, desk: Desk, tool: str) -> None:
    await desk.confirmed(shop.ana, "request_return", TEE)
    args = {**ONE, "condition": "opened"} if tool == "inspect_return" else ONE
    assert (await desk.call(shop.staff, tool, args)).status is Outcome.DENIED
    assert (await desk.call(shop.ana, tool, args)).status is not Outcome.OK
    assert (await desk.call(shop.other_owner, tool, args)).code == "not_found"


async def test_an_approval_expires(shop: Shop, desk: Desk, watch: Watch) -> None:
    await desk.confirmed(shop.ana, "request_return", TEE)
    watch.now = NOW + timedelta(days=30)
    assert (await desk.ok(shop.staff, "expire_returns", {}))["returns"] == []
    watch.now += timedelta(seconds=1)
    assert (await desk.call(shop.staff, "send_return_label", ONE)).rule == "return.expired"
    assert (await desk.ok(shop.staff, "expire_returns", {}))["returns"] == ["R-1001"]
    assert (await desk.call(shop.ana, "request_return", TEE)).status is Outcome.PENDING, "its units are free again"


async def bypass(shop: Shop, who: Principal, line: UUID, quantity: int) -> bool:
    """Insert a return without the executor; return whether Postgres let it pass."""
    assert shop.ana.customer_id is not None
    try:
        async with shop.units.write(who) as tx:
            row = Return(
                tenant_id=tx.tenant_id,
                number=f"R-{new_id().hex[-12:]}",
                order_id=shop.orders["1004"].id,
                customer_id=shop.ana.customer_id,
                status="approved",
                reason="changed_mind",
                type="refund",
                currency="EUR",
                rule="-",
                policy_version=1,
                requested_at=tx.now,
            )
            tx.add(row)
            await tx.session.flush()
            tx.add(ReturnLine(tenant_id=tx.tenant_id, return_id=row.id, order_line_id=line, quantity=quantity))
    except IntegrityError:
        return False
    return True


async def test_postgres_lets_no_more_units_come_back_than_arrived(shop: Shop) -> None:
    line = shop.orders["1004"].line_ids["TEE-BLK-M"]
    assert not await bypass(shop, shop.owner, line, 4)
    done = await asyncio.gather(*(bypass(shop, shop.owner, line, 1) for _ in range(50)))
    assert sum(done) == 3
    undelivered = shop.orders["1003"].line_ids["LAMP"]
    assert not await bypass(shop, shop.owner, undelivered, 1)


async def test_postgres_keeps_a_closed_return_closed(shop: Shop, desk: Desk) -> None:
    await desk.confirmed(shop.ana, "request_return", TEE)
    await desk.confirmed(shop.ana, "cancel_return", ONE)
    with pytest.raises(IntegrityError):
        async with shop.units.write(shop.owner) as tx:
            await tx.connection.execute(text("UPDATE returns SET status = 'approved'"))


async def test_the_third_same_defect_raises_an_alert(shop: Shop, desk: Desk) -> None:
    for number in range(1, 4):
        one = {"return_number": f"R-100{number}"}
        await desk.confirmed(shop.ana, "request_return", {**TEE, "quantity": 1})
        await desk.ok(shop.staff, "send_return_label", one)
        await desk.ok(shop.staff, "receive_return", one)
        assert ("quality.defect_pattern" in await topics(shop)) is False
        await desk.ok(shop.staff, "inspect_return", {**one, "condition": "defective", "defect": "cosmetic"})
    assert (await topics(shop)).count("quality.defect_pattern") == 1
    assert await scalar(shop, "SELECT count(*) FROM alerts WHERE kind = 'quality.defect_pattern'") == 1


async def test_many_returns_are_a_signal(shop: Shop, desk: Desk) -> None:
    for _ in range(3):
        await desk.confirmed(shop.ana, "request_return", {**TEE, "quantity": 1})
    report = await desk.ok(shop.staff, "return_abuse", {})
    assert [(each["customer"], each["returns"], each["share_percent"]) for each in report["customers"]] == [("Ana Silva", 3, 100)]
    assert (await desk.call(shop.ana, "return_abuse", {})).status is Outcome.DENIED
