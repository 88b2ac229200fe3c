"""Of many who want the last unit, the last use of a code or the same delivery, one gets it - with the executor or past it."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from core.statuses import PaymentKind
from store.queries import figures
from store.tables.coupons import Coupon, CouponUse
from store.tables.inventory import StockHold, Warehouse
from store.tables.payments import PaymentMethod
from tests.support.desk import Desk
from tests.support.shop import NOW, Shop
from tests.support.shop_data import back_office, set_stock
from tools.result import Outcome

HOME = {"line1": "1 Rue Haute", "city": "Lyon", "postal_code": "69001", "country": "FR"}
CROWD = 50


async def rows(shop: Shop, query: str) -> list[tuple[Any, ...]]:
    async with shop.units.read(shop.owner) as tx:
        return [tuple(row) for row in await tx.session.execute(text(query))]


@pytest.fixture
async def buyers(shop: Shop, desk: Desk) -> Desk:
    """Ana pays by card; numbers go on after the shop's own orders."""
    async with shop.units.write(shop.owner) as tx:
        assert shop.ana.customer_id
        about = {"customer_id": shop.ana.customer_id, "reference": "tok", "currency": "EUR", "created_at": NOW}
        tx.add(PaymentMethod(tenant_id=tx.tenant_id, kind=PaymentKind.CARD, brand="visa", last_four="4242", **about))
        counter = text("INSERT INTO counters (tenant_id, series, last) VALUES (:tenant, 'order', 5000)")
        await tx.session.execute(counter, {"tenant": tx.tenant_id})
    return desk


async def buy(shop: Shop, desk: Desk, crowd: int, **args: Any) -> Counter[str]:
    """Let many confirmed orders be placed at once, and count how they ended."""
    wanted = {"item": "LAMP", **HOME, **args}
    approvals = [await desk.pending(shop.ana, "place_order", wanted) for _ in range(crowd)]
    for approval in approvals:
        await desk.decide(shop.ana, approval)
    done = await asyncio.gather(*(desk.call(shop.ana, "place_order", wanted, approval=approval) for approval in approvals))
    return Counter(result.rule or result.status.value for result in done)


async def test_the_last_unit_is_sold_once(shop: Shop, buyers: Desk) -> None:
    await set_stock(shop, "LAMP", 6)
    assert await buy(shop, buyers, CROWD) == {"ok": 1, "place.out_of_stock": CROWD - 1}
    assert await rows(shop, "SELECT on_hand, reserved FROM stock_levels l JOIN variants v ON v.id = l.variant_id WHERE v.sku = 'LAMP'") == [
        (6, 6)
    ]


async def test_the_last_use_of_a_code_is_given_once(shop: Shop, buyers: Desk) -> None:
    async with shop.units.write(shop.owner) as tx:
        about = {"percent": 10, "max_uses": 1, "created_at": NOW, "expires_at": NOW + timedelta(days=1)}
        tx.add(Coupon(tenant_id=tx.tenant_id, code="ONCE", **about))
    assert await buy(shop, buyers, 20, coupon="ONCE") == {"ok": 1, "place.coupon": 19}
    assert await rows(shop, "SELECT uses FROM coupons") == [(1,)]


async def test_a_code_is_capped_past_the_executor_too(shop: Shop) -> None:
    async with shop.units.write(shop.owner) as tx:
        about = {"amount_minor": 500, "max_uses": 3, "created_at": NOW, "expires_at": NOW + timedelta(days=1)}
        coupon = tx.add(Coupon(tenant_id=tx.tenant_id, code="THREE", **about))

    async def use(order: str) -> bool:
        try:
            async with shop.units.write(shop.owner) as tx:
                tx.add(CouponUse(tenant_id=tx.tenant_id, coupon_id=coupon.id, order_id=shop.orders[order].id, used_at=NOW))
        except IntegrityError:
            return False
        return True

    assert Counter(await asyncio.gather(*(use(number) for number in list(shop.orders) * 5))) == {True: 3, False: 47}
    assert await rows(shop, "SELECT uses, max_uses FROM coupons") == [(3, 3)]


async def test_units_are_kept_aside_up_to_what_is_there(shop: Shop) -> None:
    desk = back_office(shop)
    await set_stock(shop, "LAMP", 15)
    calls = [desk.call(shop.staff, "reserve_stock", {"item": "LAMP", "quantity": 1}) for _ in range(CROWD)]
    assert Counter(result.status for result in await asyncio.gather(*calls)) == {Outcome.OK: 10, Outcome.DENIED: CROWD - 10}


async def test_opposite_transfers_neither_lose_nor_make_units(shop: Shop) -> None:
    desk = back_office(shop)
    async with shop.units.write(shop.owner) as tx:
        tx.add(Warehouse(tenant_id=tx.tenant_id, code="LEJ", name="Leipzig", city="Leipzig", country="DE", capacity_units=500))
    await desk.ok(shop.manager, "transfer_stock", {"item": "LAMP", "source": "LYO", "target": "LEJ", "quantity": 20})
    ways = [("LYO", "LEJ"), ("LEJ", "LYO")] * (CROWD // 2)
    calls = [desk.call(shop.manager, "transfer_stock", {"item": "LAMP", "source": a, "target": b, "quantity": 3}) for a, b in ways]
    outcomes = Counter(result.status for result in await asyncio.gather(*calls))
    assert outcomes[Outcome.OK] + outcomes[Outcome.DENIED] == CROWD
    assert await rows(
        shop,
        "SELECT sum(on_hand), min(on_hand - reserved) >= 0 FROM stock_levels l JOIN variants v ON v.id = l.variant_id WHERE v.sku = 'LAMP'",
    ) == [(50, True)]


async def test_stock_cannot_be_overdrawn_past_the_executor(shop: Shop) -> None:
    async def take() -> bool:
        try:
            async with shop.units.write(shop.owner) as tx:
                change = text("UPDATE stock_levels SET reserved = reserved + 10 WHERE tenant_id = :tenant AND variant_id = :variant")
                await tx.session.execute(change, {"tenant": tx.tenant_id, "variant": shop.variants["LAMP"]})
        except IntegrityError:
            return False
        return True

    assert Counter(await asyncio.gather(*(take() for _ in range(CROWD)))) == {True: 4, False: CROWD - 4}


async def test_a_reservation_that_is_active_has_no_end_and_one_that_ended_has(shop: Shop) -> None:
    async def keep(**broken: Any) -> None:
        async with shop.units.write(shop.owner) as tx:
            [[depot]] = (await tx.session.execute(text("SELECT id FROM warehouses"))).all()
            about = {"number": "H-1", "quantity": 1, "kind": "soft", "purpose": "", "held_by": "", "created_at": NOW}
            values = {**about, "expires_at": NOW + timedelta(hours=1), "variant_id": shop.variants["LAMP"], "warehouse_id": depot}
            tx.add(StockHold(tenant_id=tx.tenant_id, **{**values, **broken}))

    for broken in ({"ended_at": NOW}, {"status": "released"}, {"quantity": 0}, {"expires_at": NOW}):
        with pytest.raises(IntegrityError):
            await keep(**broken)


async def test_folded_figures_have_the_same_sums_however_many_fold(shop: Shop) -> None:
    sums = "SELECT (SELECT sum(orders) FROM order_days), (SELECT sum(units) FROM sales_days), (SELECT sum(revenue_minor) FROM sales_days)"
    before = await rows(shop, sums)

    async def fold() -> int:
        async with shop.units.write(shop.owner) as tx:
            return await figures.fold(tx, rows_a_day=1)

    async with shop.units.write(shop.owner) as tx:
        await tx.session.execute(text("UPDATE orders SET status = 'cancelled' WHERE number IN ('1001', '1006')"))
        await tx.session.execute(text("UPDATE orders SET status = 'confirmed' WHERE number IN ('1001', '1006')"))
    assert sum(await asyncio.gather(*(fold() for _ in range(10)))) > 0
    assert await rows(shop, sums) == before
