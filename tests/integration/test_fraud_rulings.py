"""What decisions on fraud promise: one for each check, by a person, with a reason, and the customer is told."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from core.statuses import FraudOutcome
from tests.support.desk import Desk
from tests.support.people import people_desk
from tests.support.shop import Shop
from tests.support.shop_data import add_check
from tools.result import Outcome


@pytest.fixture
async def desk(shop: Shop) -> Desk:
    await add_check(shop, "1006", 60)
    return people_desk(shop)


async def column(shop: Shop, query: str) -> list[Any]:
    async with shop.units.read(shop.owner) as tx:
        return list((await tx.connection.execute(text(query))).scalars())


def ruling(outcome: str, order: str = "1006", reason: str = "Called the customer") -> dict[str, str]:
    return {"order": order, "outcome": outcome, "reason": reason}


async def test_an_approval_lets_the_order_go_is_recorded_and_told(shop: Shop, desk: Desk) -> None:
    result = await desk.confirmed(shop.manager, "decide_fraud", ruling("approve"))
    assert (result.data["on_hold"], result.data["decided_by"]) == (False, "Max Manager")
    [mail] = await column(shop, "SELECT body FROM outbox WHERE topic = 'email.requested'")
    assert (mail["template"], mail["customer"], mail["data"]["decision"]) == ("fraud_decision", str(shop.ben.customer_id), "approve")
    assert "signal" not in str(mail)
    shown = await desk.ok(shop.staff, "explain_hold", {"order": "1006"})
    assert (shown["score"], shown["ruling"], shown["ruling_reason"]) == (60, "approve", "Called the customer")
    assert (await desk.ok(shop.staff, "fraud_review_queue", {}))["total"] == 0


async def test_a_block_cancels_pays_back_and_frees_the_stock(shop: Shop, desk: Desk) -> None:
    held = await column(shop, "SELECT sum(reserved) FROM stock_levels")
    result = await desk.confirmed(shop.manager, "decide_fraud", ruling("block"))
    assert result.data["status"] == "cancelled"
    assert await column(shop, "SELECT cancel_reason FROM orders WHERE number = '1006'") == ["fraud_detected"]
    assert await column(shop, "SELECT sum(reserved) FROM stock_levels") == [held[0] - 2]


async def test_an_order_kept_on_hold_stays_in_the_queue_and_is_decided_later(shop: Shop, desk: Desk) -> None:
    kept = await desk.ok(shop.manager, "decide_fraud", ruling("hold", reason="Waiting for an id"))
    assert kept["on_hold"] is True
    assert (await desk.ok(shop.staff, "fraud_review_queue", {}))["total"] == 1
    await desk.confirmed(shop.manager, "decide_fraud", ruling("approve"))
    assert await column(shop, "SELECT outcome FROM fraud_rulings ORDER BY decided_at, id") == ["hold", "approve"]


@pytest.mark.parametrize(
    ("order", "rule"), [("1001", "fraud.no_check"), ("1005", "fraud.too_late"), ("1008", "fraud.too_late"), ("9999", None)]
)
async def test_only_scored_orders_that_have_not_shipped_are_decided_on(shop: Shop, desk: Desk, order: str, rule: str | None) -> None:
    for number in ("1005", "1008"):
        await add_check(shop, number, 60)
    result = await desk.call(shop.manager, "decide_fraud", ruling("hold", order))
    assert result.rule == rule
    assert result.status is (Outcome.DENIED if rule else Outcome.FAILED)


async def test_two_reviewers_at_once_take_one_decision(shop: Shop, desk: Desk) -> None:
    outcomes = ["approve", "block"] * 10
    approvals = [await desk.pending(shop.manager, "decide_fraud", ruling(outcome)) for outcome in outcomes]
    for approval in approvals:
        await desk.decide(shop.owner, approval)
    results = await asyncio.gather(
        *(
            desk.call(shop.manager, "decide_fraud", ruling(outcome), approval=approval)
            for outcome, approval in zip(outcomes, approvals, strict=True)
        )
    )
    assert sorted(result.status for result in results) == [Outcome.DENIED] * 19 + [Outcome.OK]
    assert len(await column(shop, "SELECT 1 FROM fraud_rulings")) == 1
    assert len(await column(shop, "SELECT 1 FROM outbox WHERE topic = 'email.requested'")) == 1


async def test_the_store_itself_takes_one_final_decision(shop: Shop, desk: Desk) -> None:
    insert = (
        "INSERT INTO fraud_rulings (tenant_id, id, order_id, check_id, outcome, reason, decided_by, decided_at) "
        "SELECT tenant_id, gen_random_uuid(), order_id, id, :outcome, 'x', 'x', now() FROM fraud_checks"
    )
    async with shop.units.write(shop.owner) as tx:
        for outcome in (FraudOutcome.HOLD, FraudOutcome.HOLD, FraudOutcome.BLOCK):
            await tx.connection.execute(text(insert), {"outcome": outcome.value})
    with pytest.raises(IntegrityError, match="fraud_rulings_final_idx"):
        async with shop.units.write(shop.owner) as tx:
            await tx.connection.execute(text(insert), {"outcome": "approve"})


async def test_a_persons_decision_stands_against_a_new_score(shop: Shop, desk: Desk) -> None:
    again = await desk.ok(shop.staff, "score_order", {"order": "1006"})
    assert (again["score"], again["on_hold"]) == (0, True)
    assert (await desk.ok(shop.staff, "fraud_review_queue", {}))["total"] == 0
    await desk.confirmed(shop.manager, "decide_fraud", ruling("approve"))
    assert (await desk.call(shop.staff, "score_order", {"order": "1006"})).rule == "fraud.already_decided"


async def test_scoring_twice_with_one_key_stores_one_check(shop: Shop, desk: Desk) -> None:
    first = await desk.call(shop.staff, "score_order", {"order": "1001"}, key="same")
    second = await desk.call(shop.staff, "score_order", {"order": "1001"}, key="same")
    assert second.replayed
    assert first.data == second.data
    assert len(await column(shop, "SELECT 1 FROM fraud_checks")) == 2


async def test_the_block_list_takes_values_of_an_order_once_and_gives_them_back(shop: Shop, desk: Desk) -> None:
    listed = await desk.ok(shop.manager, "block", {"kind": "email", "order": "1006", "reason": "Chargebacks", "days": 30})
    assert listed["value"]["text"] == "ben@first.example"
    again = await desk.call(shop.manager, "block", {"kind": "email", "value": "BEN@first.example", "reason": "Again"})
    assert again.rule == "fraud.block_listed"
    address = await desk.ok(shop.manager, "block", {"kind": "address", "order": "1006", "reason": "Forwarder"})
    assert address["value"]["text"] == "1 Rue Haute, 69001 Lyon, FR"
    assert (await desk.ok(shop.staff, "block_list", {}))["total"] == 2
    scored = await desk.ok(shop.staff, "score_order", {"order": "1001"})
    assert (scored["score"], [signal["signal"] for signal in scored["signals"]]) == (100, ["block_list"])
    await desk.ok(shop.manager, "unblock", {"kind": "address", "value": "1 rue haute 69001 LYON fr"})
    assert (await desk.ok(shop.staff, "block_list", {"words": "forwarder"}))["total"] == 0
    assert (await desk.call(shop.manager, "unblock", {"kind": "ip", "value": "203.0.113.1"})).code == "not_found"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({"kind": "ip", "value": "203.0.113.999"}, "no IP address"),
        ({"kind": "email", "value": "nobody"}, "no e-mail address"),
        ({"kind": "email"}, "either the value itself or the order"),
        ({"kind": "ip", "order": "1006"}, "known: email"),
    ],
)
async def test_what_is_nothing_of_its_kind_is_not_blocked(shop: Shop, desk: Desk, args: dict[str, str], said: str) -> None:
    result = await desk.call(shop.manager, "block", {**args, "reason": "x"})
    assert result.status is Outcome.FAILED
    assert said in result.text


async def test_the_shop_cannot_block_itself(shop: Shop, desk: Desk) -> None:
    result = await desk.call(shop.manager, "block", {"kind": "email", "value": "help@first.example", "reason": "x"})
    assert result.rule == "fraud.block_self"


async def test_many_who_block_the_same_leave_one_entry(shop: Shop, desk: Desk) -> None:
    args = {"kind": "email", "value": "x@mail.example", "reason": "Chargebacks"}
    results = await asyncio.gather(*(desk.call(shop.manager, "block", args) for _ in range(20)))
    assert sum(result.status is Outcome.OK for result in results) == 1
    assert (await desk.ok(shop.staff, "block_list", {}))["total"] == 1


async def test_staff_read_and_managers_decide_and_customers_neither(shop: Shop, desk: Desk) -> None:
    assert (await desk.call(shop.staff, "decide_fraud", ruling("hold"))).rule == "permission.fraud:decide"
    assert (await desk.call(shop.staff, "block", {"kind": "email", "value": "x@y.example", "reason": "x"})).status is Outcome.DENIED
    for tool, args in (("block_list", {}), ("score_order", {"order": "1006"}), ("decide_fraud", ruling("approve"))):
        assert (await desk.call(shop.ben, tool, args)).status is Outcome.DENIED
    assert (await desk.call(shop.other_owner, "score_order", {"order": "1006"})).code == "not_found"
