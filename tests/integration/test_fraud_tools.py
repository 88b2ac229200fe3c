"""What fraud tools promise: a hold is explained by its stored signals, and released by a manager's approval only."""

import pytest
from sqlalchemy import text

from tests.support.desk import Desk
from tests.support.shop import Shop
from tests.support.shop_data import SIGNALS, add_check, back_office
from tools.fraud.results import HoldExplained
from tools.result import Outcome


@pytest.fixture
async def desk(shop: Shop) -> Desk:
    await add_check(shop, "1006", 60)
    return back_office(shop)


async def test_the_queue_holds_unreviewed_orders_with_their_signals(shop: Shop, desk: Desk) -> None:
    queue = await desk.ok(shop.staff, "fraud_review_queue", {})
    assert queue["total"] == 1
    [held] = queue["orders"]
    assert (held["order"], held["score"], held["customer"]) == ("1006", 60, "Ben Okafor")
    assert [signal["points"] for signal in held["signals"]] == [40, 20]


async def test_a_hold_is_explained_with_score_signals_and_ways_out(shop: Shop, desk: Desk) -> None:
    result = await desk.call(shop.staff, "explain_hold", {"order": "1006"})
    found = HoldExplained.model_validate(result.data)
    assert found.on_hold
    assert found.held_since is not None
    for signal in SIGNALS:
        assert f"{signal['detail']}: {signal['points']} points" in result.text
    assert "60 of 100" in result.text
    assert any("release order 1006" in option for option in found.options)


async def test_an_order_that_is_not_on_hold_is_said_not_to_be(shop: Shop, desk: Desk) -> None:
    result = await desk.call(shop.staff, "explain_hold", {"order": "1001"})
    assert result.data["on_hold"] is False
    assert result.data["options"] == []
    assert "not on hold" in result.text


async def test_a_release_needs_a_managers_approval_and_happens_once(shop: Shop, desk: Desk) -> None:
    approval = await desk.pending(shop.manager, "release_order", {"order": "1006"})
    assert (await desk.ok(shop.staff, "explain_hold", {"order": "1006"}))["on_hold"] is True
    await desk.decide(shop.owner, approval)
    done = await desk.call(shop.manager, "release_order", {"order": "1006"}, approval=approval)
    assert done.data["released_by"] == "Max Manager"
    assert (await desk.ok(shop.staff, "fraud_review_queue", {}))["total"] == 0
    again = await desk.call(shop.manager, "release_order", {"order": "1006"})
    assert (again.status, again.rule) == (Outcome.DENIED, "fraud.not_on_hold")
    async with shop.units.read(shop.owner) as tx:
        check = (await tx.session.execute(text("SELECT reviewed_by, review_outcome FROM fraud_checks"))).one()
        topics = (await tx.session.execute(text("SELECT topic FROM outbox"))).scalars().all()
        kinds = (await tx.session.execute(text("SELECT kind FROM order_events WHERE kind = 'order.released'"))).scalars().all()
    assert tuple(check) == ("Max Manager", "approve")
    assert (list(topics), list(kinds)) == (["order.released"], ["order.released"])


async def test_staff_cannot_ask_for_a_release_and_customers_see_no_fraud(shop: Shop, desk: Desk) -> None:
    assert (await desk.call(shop.staff, "release_order", {"order": "1006"})).rule == "permission.fraud:decide"
    for tool, args in (("fraud_review_queue", {}), ("explain_hold", {"order": "1006"}), ("customer_risk", {"customer": "ben"})):
        assert (await desk.call(shop.ben, tool, args)).status is Outcome.DENIED


async def test_a_customers_risk_follows_from_their_checks(shop: Shop, desk: Desk) -> None:
    ben = await desk.ok(shop.staff, "customer_risk", {"customer": "ben@first.example"})
    assert (ben["level"], ben["highest_score"], ben["suspicious"], ben["on_hold"]) == ("high", 60, 1, 1)
    assert (await desk.ok(shop.staff, "customer_risk", {"customer": "Ana Silva"}))["level"] == "low"


async def test_a_blocked_address_outweighs_the_rest(shop: Shop, desk: Desk) -> None:
    insert = (
        "INSERT INTO block_entries (tenant_id, id, kind, value, reason, created_at) "
        "VALUES (:tenant, gen_random_uuid(), 'email', 'ANA@first.example', 'Chargebacks', now())"
    )
    async with shop.units.write(shop.owner) as tx:
        await tx.session.execute(text(insert), {"tenant": tx.tenant_id})
    risk = await desk.ok(shop.staff, "customer_risk", {"customer": "ana"})
    assert (risk["level"], risk["reasons"]) == ("blocked", ["On the block list: Chargebacks"])


async def test_another_shops_order_is_unknown(shop: Shop, desk: Desk) -> None:
    unknown = await desk.call(shop.other_owner, "explain_hold", {"order": "1006"})
    assert (unknown.status, unknown.code) == (Outcome.FAILED, "not_found")
