"""What scoring promises: signals come from the store, the check keeps them, and the order is held in the same transaction."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from core.identity import Principal
from core.statuses import FraudDecision
from store import outbox
from tests.support.people import place
from tests.support.placing import ADDRESS
from tests.support.shop import Shop
from tools.fraud.scoring import Scored, score
from tools.policy import Policy
from tools.policy.fraud import FraudPolicy

HOUR = timedelta(hours=1)


async def scored(shop: Shop, buyer: Principal, number: str, policy: Policy | None = None, **order: Any) -> Scored:
    """Place and score an order in one transaction of the buyer."""
    async with shop.units.write(buyer) as tx:
        placed = await place(tx, shop, buyer, number, **order)
        found = await score(tx, placed, policy or Policy())
        await outbox.flush(tx, f"placed:{number}")
    return found


async def execute(shop: Shop, statement: str, **values: object) -> None:
    async with shop.units.write(shop.owner) as tx:
        await tx.connection.execute(text(statement), {"tenant": tx.tenant_id, **values})


async def column(shop: Shop, query: str) -> list[Any]:
    async with shop.units.read(shop.owner) as tx:
        return list((await tx.connection.execute(text(query))).scalars())


async def block(shop: Shop, kind: str, value: str, expires: str = "NULL") -> None:
    await execute(
        shop,
        "INSERT INTO block_entries (tenant_id, id, kind, value, reason, created_at, expires_at) "
        f"VALUES (:tenant, gen_random_uuid(), :kind, :value, 'Chargebacks', timestamptz '2026-11-01', {expires})",
        kind=kind,
        value=value,
    )


def names(found: Scored) -> list[str]:
    return [signal.signal for signal in found.signals]


async def test_an_ordinary_order_is_approved_and_its_check_is_kept(shop: Shop) -> None:
    found = await scored(shop, shop.ana, "3001")
    assert (found.score, found.decision, found.signals) == (0, FraudDecision.APPROVE, [])
    assert await column(shop, "SELECT on_hold FROM orders WHERE number = '3001'") == [False]
    assert await column(shop, "SELECT score FROM fraud_checks") == [0]
    assert await column(shop, "SELECT topic FROM outbox") == ["fraud.approved"]


async def test_signals_are_read_from_the_store(shop: Shop) -> None:
    other = {**ADDRESS, "line1": "9 Quai Bas", "city": "Bordeaux"}
    found = await scored(shop, shop.ana, "3001", total=100_001, quantity=11, declines=3, bill_to=other)
    assert names(found) == ["order_total", "failed_payments", "address_mismatch", "many_units"]
    assert (found.score, found.decision) == (70, FraudDecision.REVIEW)
    [held] = await column(shop, "SELECT hold_reason FROM orders WHERE number = '3001' AND on_hold")
    assert held == "Fraud review: score 70"


async def test_the_receivers_name_is_no_difference_of_address(shop: Shop) -> None:
    assert names(await scored(shop, shop.ana, "3001", bill_to={**ADDRESS, "name": "Mr Payer", "line1": " 1 rue HAUTE "})) == []


async def test_a_new_account_counts_until_it_is_a_day_old(shop: Shop) -> None:
    await execute(shop, "UPDATE customers SET created_at = timestamptz '2026-11-17 13:00+00' WHERE name = 'Ben Okafor'")
    assert names(await scored(shop, shop.ben, "3001")) == ["new_account"]
    assert names(await scored(shop, shop.ben, "3002", ago=-HOUR)) == []


async def test_the_fourth_order_within_an_hour_is_suspicious(shop: Shop) -> None:
    for number, minutes in (("3001", 59), ("3002", 40), ("3003", 20)):
        assert names(await scored(shop, shop.ana, number, ago=timedelta(minutes=minutes))) == []
    fourth = await scored(shop, shop.ana, "3004")
    assert [(signal.signal, signal.detail) for signal in fourth.signals] == [("order_velocity", "4 orders in 1 h are more than 3")]


async def test_changes_of_the_payment_method_are_counted_over_a_week(shop: Shop) -> None:
    async with shop.units.write(shop.ben) as tx:
        await place(tx, shop, shop.ben, "3001", ago=timedelta(days=8), label="Amex 1")
    assert names(await scored(shop, shop.ben, "3002", ago=timedelta(days=3), label="Visa 1", total=1_000)) == []
    last = await scored(shop, shop.ben, "3003", label="Visa 2")
    assert [signal.detail for signal in last.signals] == ["3 changes of the payment method in 7 days are more than 2"]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("email", "ANA@first.example"),
        ("ip", "203.0.113.9"),
        ("card", "fp_77"),
        ("address", "1, rue HAUTE - Lyon"),
        ("address", "1 Rue Haute, 69001 Lyon"),
    ],
)
async def test_the_block_list_blocks_however_it_is_written(shop: Shop, kind: str, value: str) -> None:
    await block(shop, kind, value)
    found = await scored(shop, shop.ana, "3001", ip="203.0.113.9", card="FP_77")
    assert (names(found), found.score, found.decision) == (["block_list"], 100, FraudDecision.BLOCK)
    assert await column(shop, "SELECT kind || ' ' || subject FROM alerts") == ["fraud.blocked 3001"]
    assert sorted(await column(shop, "SELECT topic FROM outbox")) == ["alert.raised", "fraud.blocked"]


async def test_an_expired_entry_and_another_shops_block_nobody(shop: Shop) -> None:
    await block(shop, "email", "ana@first.example", "timestamptz '2026-11-18 11:59+00'")
    async with shop.units.write(shop.other_owner) as tx:
        columns = "tenant_id, id, kind, value, reason, created_at"
        insert = f"INSERT INTO block_entries ({columns}) VALUES (:t, gen_random_uuid(), 'ip', '203.0.113.9', 'x', now())"
        await tx.connection.execute(text(insert), {"t": tx.tenant_id})
    assert names(await scored(shop, shop.ana, "3001", ip="203.0.113.9")) == []


async def test_a_merchants_own_figures_hold(shop: Shop) -> None:
    strict = Policy(version=7, fraud=FraudPolicy(order_total_over_minor=1_000, points={"order_total": 80}))
    found = await scored(shop, shop.ana, "3001", strict)
    assert (found.score, found.decision) == (80, FraudDecision.BLOCK)
    assert await column(shop, "SELECT policy_version FROM fraud_checks") == [7]


async def test_orders_placed_at_the_same_time_count_each_other(shop: Shop) -> None:
    found = await asyncio.gather(*(scored(shop, shop.ana, str(3001 + turn)) for turn in range(12)))
    assert sorted(names(each) == ["order_velocity"] for each in found) == [False] * 3 + [True] * 9


async def test_a_customer_can_neither_see_nor_plant_checks_and_entries(shop: Shop) -> None:
    await block(shop, "email", "ana@first.example")
    await scored(shop, shop.ana, "3001")
    async with shop.units.read(shop.ana) as tx:
        for table in ("fraud_checks", "block_entries", "alerts", "fraud_rulings"):
            assert (await tx.connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar() == 0
