"""What care after the sale promises: claims within their time and decided once, one survey an order, tickets that move by the table."""

import asyncio
from datetime import timedelta
from typing import cast

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from core.statuses import TicketStatus
from tests.integration.conftest import Watch
from tests.support.desk import Desk
from tests.support.fulfilling import scalar, topics
from tests.support.shop import NOW, Shop
from tools.policy import Policy
from tools.result import Outcome

HEADSET = {"order": "1004", "item": "headset", "problem": "No sound on the left"}
ASK = {"subject": "Where is it?", "message": "My lamp has not come", "order": "1003"}


async def claimed(shop: Shop, desk: Desk, **more: object) -> str:
    return (await desk.ok(shop.ana, "claim_warranty", {**HEADSET, **more}))["claim"]


async def mails(shop: Shop) -> list[str]:
    async with shop.units.read(shop.owner) as tx:
        query = text("SELECT body ->> 'template' FROM outbox WHERE topic = 'email.requested' ORDER BY created_at, id")
        return list((await tx.connection.execute(query)).scalars())


async def test_an_item_is_covered_until_its_last_day(shop: Shop, desk: Desk, watch: Watch) -> None:
    covered = await desk.ok(shop.ana, "check_warranty", {"order": "1004", "item": "headset"})
    until = Policy().warranty.covered_until("electronics", NOW - timedelta(days=10))
    assert covered["items"][0]["covered_until"] == until.isoformat().replace("+00:00", "Z")
    watch.now = until + timedelta(seconds=1)
    assert (await desk.call(shop.ana, "claim_warranty", HEADSET)).rule == "warranty.expired"
    watch.now = until
    filed = await desk.ok(shop.ana, "claim_warranty", HEADSET)
    assert filed["claim"] == "W-1001"
    watch.now = until + timedelta(days=15)
    late = await desk.ok(shop.staff, "list_warranty_claims", {"overdue_only": True})
    assert (late["total"], late["overdue"], late["claims"][0]["customer"]) == (1, 1, "Ana Silva")


async def test_a_claim_is_for_what_the_customer_has(shop: Shop, desk: Desk) -> None:
    assert (await desk.call(shop.ana, "claim_warranty", {**HEADSET, "order": "1003", "item": None})).rule == "warranty.not_delivered"
    assert (await desk.call(shop.ana, "claim_warranty", {**HEADSET, "quantity": 2})).rule == "warranty.not_with_customer"
    assert (await desk.call(shop.ben, "claim_warranty", HEADSET)).code == "not_found"
    claim = await claimed(shop, desk)
    assert (await desk.call(shop.ana, "claim_warranty", HEADSET)).rule == "warranty.claim_open"
    assert (await desk.call(shop.ben, "get_warranty_claim", {"claim": claim})).code == "not_found"
    assert (await desk.call(shop.other_owner, "get_warranty_claim", {"claim": claim})).code == "not_found"
    assert (await desk.ok(shop.ben, "list_warranty_claims", {}))["total"] == 0
    verdict = {"claim": claim, "approve": True, "remedy": "repair"}
    assert (await desk.call(shop.ana, "decide_warranty_claim", verdict)).status is Outcome.DENIED
    shown = await desk.ok(shop.ana, "get_warranty_claim", {"claim": claim})
    assert (shown["status"], shown["customer"], shown["problem"]["provenance"]) == ("open", None, "customer_text")


async def test_a_refunded_claim_keeps_the_limits_of_refunds_and_pays_once(shop: Shop, desk: Desk) -> None:
    await desk.ok(shop.staff, "issue_refund", {"order": "1004", "amount": "50"})
    claim = await claimed(shop, desk)
    verdict = {"claim": claim, "approve": True, "remedy": "refund", "note": "A known fault"}
    approval = await desk.pending(shop.staff, "decide_warranty_claim", verdict)
    await desk.decide(shop.manager, approval)
    done = await desk.call(shop.staff, "decide_warranty_claim", verdict, approval=approval)
    assert (done.data["status"], done.data["refunded"]["minor"]) == ("approved", 10_000)
    assert await scalar(shop, "SELECT sum(refunded_minor) FROM payments WHERE order_id = :o", o=shop.orders["1004"].id) == 15_000
    assert (await desk.call(shop.staff, "decide_warranty_claim", verdict)).rule == "warranty.decided"
    assert (await desk.call(shop.ana, "claim_warranty", HEADSET)).rule == "warranty.not_with_customer", "it was paid back"
    assert "warranty_decided" in await mails(shop)


async def test_a_replacement_is_sent_once_however_often_it_is_granted(shop: Shop, desk: Desk) -> None:
    claim = await claimed(shop, desk)
    missing = await desk.call(shop.staff, "decide_warranty_claim", {"claim": claim, "approve": True})
    assert missing.code == "remedy_missing"
    async with shop.units.write(shop.owner) as tx:
        series = text("INSERT INTO counters (tenant_id, series, last) VALUES (:tenant, 'order', 5000)")
        await tx.connection.execute(series, {"tenant": tx.tenant_id})
    verdict = {"claim": claim, "approve": True, "remedy": "replacement"}
    done = await asyncio.gather(*(desk.call(shop.staff, "decide_warranty_claim", verdict) for _ in range(20)))
    assert sorted(each.status for each in done) == [Outcome.DENIED] * 19 + [Outcome.OK]
    [number] = {str(each.data["replacement_order"]) for each in done if each.status is Outcome.OK}
    reserved = "SELECT sum(r.quantity) FROM reservations r JOIN order_lines l ON l.id = r.order_line_id JOIN orders o ON o.id = l.order_id"
    assert await scalar(shop, f"{reserved} WHERE o.number = :n", n=number) == 1
    assert await scalar(shop, "SELECT total_minor FROM orders WHERE number = :n", n=number) == 0
    assert (await topics(shop)).count("warranty.approved") == 1


async def test_nothing_is_replaced_that_is_out_of_stock(shop: Shop, desk: Desk) -> None:
    claim = await claimed(shop, desk)
    async with shop.units.write(shop.owner) as tx:
        empty = "UPDATE stock_levels SET on_hand = reserved WHERE variant_id = :v"
        await tx.connection.execute(text(empty), {"v": shop.variants["HEADSET-BLK"]})
    verdict = {"claim": claim, "approve": True, "remedy": "replacement"}
    assert (await desk.call(shop.staff, "decide_warranty_claim", verdict)).rule == "warranty.out_of_stock"
    rejected = await desk.ok(shop.staff, "decide_warranty_claim", {"claim": claim, "approve": False, "note": "It fell"})
    assert (rejected["status"], rejected["remedy"]) == ("rejected", None)
    assert await claimed(shop, desk) == "W-1002", "another claim can be made after a rejection"


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE warranty_claims SET quantity = 2", "units are claimed, the customer got 1"),
        ("UPDATE warranty_claims SET refunded_minor = 100", "warranty_claims_refund_check"),
        ("UPDATE warranty_claims SET customer_id = :ben", "units are claimed, the customer got 0"),
    ],
)
async def test_no_claim_is_for_more_than_was_sold(shop: Shop, desk: Desk, statement: str, broken: str) -> None:
    await claimed(shop, desk)
    with pytest.raises(IntegrityError, match=broken):
        async with shop.units.write(shop.owner) as tx:
            await tx.connection.execute(text(statement), {"ben": shop.ben.customer_id} if ":ben" in statement else {})


async def test_a_decided_claim_stays_decided(shop: Shop, desk: Desk) -> None:
    claim = await claimed(shop, desk)
    await desk.ok(shop.staff, "decide_warranty_claim", {"claim": claim, "approve": False})
    with pytest.raises(IntegrityError, match="is rejected and stays so"):
        async with shop.units.write(shop.owner) as tx:
            await tx.connection.execute(text("UPDATE warranty_claims SET status = 'open', decided_at = NULL"))


async def test_a_customer_is_asked_once_and_answers_once(shop: Shop, desk: Desk) -> None:
    answer = {"order": "1004", "rating": 2, "recommends": False, "comment": "The box was torn"}
    assert (await desk.call(shop.ana, "answer_survey", answer)).rule == "survey.not_sent"
    done = await asyncio.gather(*(desk.call(shop.staff, "send_surveys", {}) for _ in range(20)))
    assert sorted(number for each in done for number in cast("list[str]", each.data["orders"])) == ["1004", "1005"]
    assert await mails(shop) == ["survey", "survey"]
    assert (await desk.call(shop.ben, "answer_survey", answer)).code == "not_found"
    assert (await desk.ok(shop.ana, "answer_survey", answer))["rating"] == 2
    assert (await desk.call(shop.ana, "answer_survey", {**answer, "rating": 5})).rule == "survey.answered"
    assert "alert.raised" in await topics(shop) or await scalar(shop, "SELECT count(*) FROM alerts WHERE kind = 'survey.poor'") == 1
    sums = await desk.ok(shop.staff, "survey_summary", {})
    assert (sums["sent"], sums["answered"], sums["mean"], sums["recommend_percent"]) == (2, 1, 2.0, 0)
    assert sums["opinions"][0]["comment"] == {"provenance": "customer_text", "text": "The box was torn"}


async def test_a_survey_waits_for_its_hours_and_ends(shop: Shop, desk: Desk, watch: Watch) -> None:
    async with shop.units.write(shop.owner) as tx:
        at = NOW - timedelta(hours=24) + timedelta(seconds=1)
        await tx.connection.execute(text("UPDATE orders SET delivered_at = :at WHERE number = '1004'"), {"at": at})
    assert (await desk.ok(shop.staff, "send_surveys", {}))["orders"] == ["1005"]
    watch.now = NOW + timedelta(seconds=1)
    assert (await desk.ok(shop.staff, "send_surveys", {}))["orders"] == ["1004"]
    watch.now += timedelta(days=Policy().service.survey_days, seconds=1)
    assert (await desk.call(shop.ana, "answer_survey", {"order": "1004", "rating": 5, "recommends": True})).rule == "survey.over"


async def test_a_conversation_moves_a_ticket_and_opens_it_again(shop: Shop, desk: Desk, watch: Watch) -> None:
    ticket = (await desk.ok(shop.ana, "open_ticket", ASK))["ticket"]
    one = {"ticket": ticket}
    assert (await desk.call(shop.ben, "get_ticket", one)).code == "not_found"
    assert (await desk.call(shop.ben, "reply_ticket", {**one, "message": "mine"})).code == "not_found"
    replied = await desk.ok(shop.staff, "reply_ticket", {**one, "message": "Which lamp do you mean?"})
    assert replied["status"] == "waiting_customer"
    assert (await desk.ok(shop.ana, "reply_ticket", {**one, "message": "The only one"}))["status"] == "in_progress"
    solved = await desk.ok(shop.staff, "resolve_ticket", {**one, "resolution": "It arrives tomorrow"})
    assert solved["status"] == "resolved"
    assert (await desk.call(shop.staff, "resolve_ticket", {**one, "resolution": "again"})).rule == "ticket.transition"
    watch.now = NOW + timedelta(days=3)
    assert (await desk.ok(shop.ana, "reply_ticket", {**one, "message": "It did not"}))["status"] == "in_progress"
    shown = await desk.ok(shop.ana, "get_ticket", one)
    assert [each["from_customer"] for each in shown["messages"]] == [False, True, True]
    assert (shown["resolved_at"], shown["overdue"], shown["total"], shown["customer"]) == (None, False, 3, None)
    assert await mails(shop) == ["ticket_reply", "ticket_resolved"]


async def test_a_ticket_is_escalated_once_and_the_merchant_is_alerted(shop: Shop, desk: Desk) -> None:
    ticket = (await desk.ok(shop.ana, "open_ticket", {**ASK, "priority": "high"}))["ticket"]
    why = {"ticket": ticket, "reason": "Third complaint", "priority": "low"}
    assert (await desk.call(shop.ana, "escalate_ticket", why)).status is Outcome.DENIED
    done = await asyncio.gather(*(desk.call(shop.staff, "escalate_ticket", why) for _ in range(20)))
    assert sorted(each.status for each in done) == [Outcome.DENIED] * 19 + [Outcome.OK]
    shown = await desk.ok(shop.staff, "get_ticket", {"ticket": ticket})
    assert (shown["priority"], shown["status"], shown["escalation_reason"]) == ("high", "in_progress", "Third complaint")
    assert await scalar(shop, "SELECT subject FROM alerts WHERE kind = 'ticket.escalated'") == ticket
    assert (await desk.ok(shop.ana, "get_ticket", {"ticket": ticket}))["escalation_reason"] == "", "that is for colleagues"


async def test_a_closed_ticket_stays_closed(shop: Shop, desk: Desk) -> None:
    ticket = (await desk.ok(shop.ana, "open_ticket", ASK))["ticket"]
    with pytest.raises(IntegrityError, match="tickets_resolved_check"):
        async with shop.units.write(shop.owner) as tx:
            await tx.connection.execute(text("UPDATE tickets SET status = 'closed'"))
    async with shop.units.write(shop.owner) as tx:
        await tx.connection.execute(text("UPDATE tickets SET status = :s, resolved_at = :now"), {"s": TicketStatus.CLOSED, "now": NOW})
    for tool, more in (
        ("reply_ticket", {"message": "Hello?"}),
        ("resolve_ticket", {"resolution": "x"}),
        ("escalate_ticket", {"reason": "x"}),
    ):
        assert (await desk.call(shop.staff, tool, {"ticket": ticket, **more})).status is Outcome.DENIED


async def test_an_inspection_looks_at_the_sample_of_the_policy_and_is_recorded_once(shop: Shop, desk: Desk) -> None:
    planned = await desk.ok(shop.staff, "schedule_inspection", {"item": "LAMP", "units": 95, "kind": "incoming"})
    assert (planned["inspection"]["inspection"], planned["inspection"]["sample_units"]) == ("Q-1001", 10)
    many = await desk.call(shop.staff, "record_inspection", {"inspection": "Q-1001", "defective": 11})
    assert many.rule == "quality.more_than_sampled"
    found = {"inspection": "Q-1001", "defective": 2, "defect": "cosmetic", "note": "Scratches"}
    done = await asyncio.gather(*(desk.call(shop.staff, "record_inspection", found) for _ in range(20)))
    assert sorted(each.status for each in done) == [Outcome.DENIED] * 19 + [Outcome.OK]
    failed = await desk.ok(shop.staff, "list_inspections", {"status": "failed", "item": "lamp"})
    assert (failed["total"], failed["inspections"][0]["defective_units"]) == (1, 2)
    assert (await desk.ok(shop.staff, "list_inspections", {"item": "chair"}))["total"] == 0
    assert await scalar(shop, "SELECT sum(units) FROM defects") == 2
    assert await scalar(shop, "SELECT count(*) FROM alerts WHERE kind = 'quality.inspection_failed'") == 1
    assert (await desk.call(shop.ana, "list_inspections", {})).status is Outcome.DENIED
    assert (await desk.call(shop.other_owner, "record_inspection", found)).code == "not_found"
    twice = "INSERT INTO defects SELECT (jsonb_populate_record(d, jsonb_build_object('id', gen_random_uuid()))).* FROM defects d"
    with pytest.raises(IntegrityError, match="defects_inspection_idx"):
        async with shop.units.write(shop.owner) as tx:
            await tx.connection.execute(text(twice))


async def test_rates_count_what_was_sold_and_rate_its_supplier(shop: Shop, desk: Desk) -> None:
    await desk.ok(shop.staff, "schedule_inspection", {"item": "HEADSET-BLK", "units": 10})
    passed = await desk.ok(shop.staff, "record_inspection", {"inspection": "Q-1001", "defective": 0})
    assert (passed["inspection"]["status"], passed["defect"]) == ("passed", None)
    assert (await desk.ok(shop.staff, "defect_rate", {}))["total"] == 0
    await desk.ok(shop.staff, "schedule_inspection", {"item": "LAMP", "units": 20})
    await desk.ok(shop.staff, "record_inspection", {"inspection": "Q-1002", "defective": 1})
    rates = await desk.ok(shop.staff, "defect_rate", {"item": "lamp"})
    assert [(each["product"], each["defective_units"], each["usual_defect"]) for each in rates["products"]] == [("lamp", 1, "functional")]
    sold = await scalar(
        shop,
        "SELECT sum(l.quantity) FROM order_lines l JOIN orders o ON o.tenant_id = l.tenant_id AND o.id = l.order_id "
        "WHERE o.status <> 'cancelled'",
    )
    [maker] = (await desk.ok(shop.staff, "supplier_rating", {"supplier": "maker"}))["suppliers"]
    assert (maker["sold_units"], maker["defective_units"], maker["rating"]) == (sold, 1, "poor")
    assert (await desk.ok(shop.other_owner, "supplier_rating", {}))["suppliers"][0]["defective_units"] == 0
