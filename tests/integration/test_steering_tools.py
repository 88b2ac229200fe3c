"""What the reports promise: figures from the rows, beside the period before, and what changed by time."""

from datetime import timedelta
from decimal import Decimal

import pytest

from core.statuses import AlertLevel
from store.tables.catalog import PriceChange
from tests.integration.conftest import Watch
from tests.support.desk import Desk
from tests.support.people import people_desk
from tests.support.shop import NOW, Shop
from tools.backoffice.alerts import raise_alert
from tools.result import Outcome


@pytest.fixture
def desk(shop: Shop) -> Desk:
    return people_desk(shop)


async def test_key_figures_follow_from_the_rows(shop: Shop, desk: Desk) -> None:
    report = await desk.ok(shop.staff, "kpi_report", {"days": 30})
    now = report["current"]
    totals = [placed.total for number, placed in shop.orders.items() if number != "1008"]
    assert (now["orders"], now["revenue"]["minor"]) == (9, sum(totals))
    assert now["average_order"]["minor"] == round(sum(totals) / 9)
    goods = sum(totals) - 500 + 0
    cost = (goods + 1_000) // 2
    assert Decimal(now["gross_margin"]) == round(Decimal(100 * (goods - cost)) / goods, 1)
    assert Decimal(now["late_rate"]) == Decimal(100)
    assert Decimal(now["return_rate"]) == 0
    assert (report["before"]["orders"], report["before"]["gross_margin"]) == (0, None)


async def test_an_order_is_dispatched_on_time_or_counts_once_it_is_late(shop: Shop, desk: Desk, watch: Watch) -> None:
    first = await desk.ok(shop.staff, "kpi_report", {"days": 30})
    watch.now = NOW + timedelta(days=4)
    later = await desk.ok(shop.staff, "kpi_report", {"days": 34})
    assert Decimal(later["current"]["on_time_dispatch"]) < Decimal(first["current"]["on_time_dispatch"])


@pytest.mark.parametrize(("by", "parts"), [("channel", {"web"}), ("category", {"clothing", "electronics", "furniture", "home"})])
async def test_sales_are_split_up(shop: Shop, desk: Desk, by: str, parts: set[str]) -> None:
    report = await desk.ok(shop.staff, "sales_report", {"days": 30, "by": by})
    assert {each["part"] for each in report["parts"]} == parts
    counted = [each["units"] if by == "category" else each["orders"] for each in report["parts"]]
    assert sum(counted) >= report["current"]["orders"]
    revenues = [each["revenue"]["minor"] for each in report["parts"]]
    assert revenues == sorted(revenues, reverse=True)


async def test_sales_by_day_sum_up_to_the_revenue(shop: Shop, desk: Desk) -> None:
    report = await desk.ok(shop.staff, "sales_report", {"days": 30, "by": "day"})
    assert sum(each["revenue"]["minor"] for each in report["parts"]) == report["current"]["revenue"]["minor"]
    days = [each["part"] for each in report["parts"]]
    assert days == sorted(days, reverse=True)


async def test_what_changed_is_told_by_time_and_kind(shop: Shop, desk: Desk, watch: Watch) -> None:
    watch.now = NOW + timedelta(hours=1)
    await desk.confirmed(shop.ana, "cancel_order", {"order": "1001"})
    watch.now = NOW + timedelta(hours=2)
    async with shop.units.write(shop.owner) as tx:
        lamp = {"variant_id": shop.variants["LAMP"], "old_minor": 2_000, "new_minor": 2_500}
        tx.add(PriceChange(tenant_id=tx.tenant_id, **lamp, changed_by="Max Manager", changed_at=tx.now))
        await raise_alert(tx, kind="stock.low", subject="LAMP", level=AlertLevel.LOW, title="Few lamps left")
    found = await desk.ok(shop.staff, "what_changed", {"hours": 2})
    assert found["counts"] == {"alert.raised": 1, "order.cancelled": 1, "price.changed": 1}
    assert [each["kind"] for each in found["changes"]] == ["alert.raised", "price.changed", "order.cancelled"]
    price = found["changes"][1]
    assert (price["subject"], price["before"]["minor"], price["after"]["minor"]) == ("LAMP", 2_000, 2_500)
    whole = await desk.ok(shop.staff, "what_changed", {"hours": 24 * 10, "limit": 2})
    assert (len(whole["changes"]), whole["counts"]["order.placed"]) == (2, 7)
    assert (await desk.call(shop.staff, "what_changed", {"hours": 1})).text.startswith("Since")
    watch.now = NOW + timedelta(days=3)
    assert "Nothing changed" in (await desk.call(shop.staff, "what_changed", {})).text


async def test_suppliers_are_listed_with_what_they_supply(shop: Shop, desk: Desk) -> None:
    [maker] = (await desk.ok(shop.staff, "list_suppliers", {}))["suppliers"]
    assert (maker["supplier"], maker["products"], maker["open_purchases"]) == ("Maker", 4, 0)
    assert (await desk.ok(shop.staff, "list_suppliers", {"words": "nobody"}))["total"] == 0


async def test_reports_are_for_staff(shop: Shop, desk: Desk) -> None:
    for tool in ("kpi_report", "what_changed", "list_suppliers"):
        assert (await desk.call(shop.ana, tool, {})).status is Outcome.DENIED
