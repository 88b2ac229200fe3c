"""What alerts promise: one while the cause lasts, raised in whoever's transaction, put aside by staff."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from core.identity import Principal
from core.statuses import AlertLevel
from store import outbox
from tests.integration.conftest import Watch
from tests.support.desk import Desk
from tests.support.people import people_desk
from tests.support.shop import NOW, Shop
from tools.backoffice.alerts import raise_alert
from tools.result import Outcome

DAY = timedelta(days=1)


@pytest.fixture
def desk(shop: Shop) -> Desk:
    return people_desk(shop)


async def low(shop: Shop, who: Principal, subject: str = "LAMP", level: AlertLevel = AlertLevel.MEDIUM, title: str = "Low on lamps") -> str:
    async with shop.units.write(who) as tx:
        number = await raise_alert(tx, kind="stock.low", subject=subject, level=level, title=title, detail="5 left", data={"left": 5})
        await outbox.flush(tx, f"test:{subject}:{title}:{tx.now}")
    return number


async def test_the_same_cause_raises_one_alert(shop: Shop, desk: Desk) -> None:
    first = await low(shop, shop.ana)
    assert first == await low(shop, shop.staff, title="Still low on lamps")
    other = await low(shop, shop.ana, subject="CHAIR")
    found = await desk.ok(shop.staff, "list_alerts", {})
    assert (found["total"], {first, other}) == (2, {"A-1001", "A-1002"})
    lamp = next(each for each in found["alerts"] if each["subject"] == "LAMP")
    assert (lamp["times"], lamp["title"], lamp["detail"]["text"]) == (2, "Still low on lamps", "5 left")
    async with shop.units.read(shop.owner) as tx:
        assert (await tx.connection.execute(text("SELECT count(*) FROM outbox WHERE topic = 'alert.raised'"))).scalar() == 2


async def test_many_at_once_raise_one(shop: Shop, desk: Desk) -> None:
    numbers = await asyncio.gather(*(low(shop, who) for who in [shop.ana, shop.ben, shop.staff] * 10))
    assert len(set(numbers)) == 1
    [alert] = (await desk.ok(shop.staff, "list_alerts", {}))["alerts"]
    assert alert["times"] == 30


async def test_the_worst_come_first_and_can_be_asked_for(shop: Shop, desk: Desk) -> None:
    for subject, level in (("A", AlertLevel.LOW), ("B", AlertLevel.CRITICAL), ("C", AlertLevel.HIGH)):
        await low(shop, shop.staff, subject, level)
    listed = await desk.ok(shop.staff, "list_alerts", {})
    assert [each["level"] for each in listed["alerts"]] == ["critical", "high", "low"]
    assert (await desk.ok(shop.staff, "list_alerts", {"at_least": "high", "limit": 1}))["total"] == 2
    assert (await desk.ok(shop.staff, "list_alerts", {"kind": "shipment.late"}))["total"] == 0


async def test_an_acknowledged_alert_wakes_when_it_gets_worse_and_a_muted_one_does_not(shop: Shop, desk: Desk) -> None:
    number = await low(shop, shop.staff)
    seen = await desk.ok(shop.staff, "acknowledge_alert", {"alert": number, "note": "Reordered"})
    assert (seen["status"], seen["handled_by"], seen["note"]) == ("acknowledged", "Stella Staff", "Reordered")
    await low(shop, shop.staff)
    assert (await desk.ok(shop.staff, "list_alerts", {}))["total"] == 0
    await low(shop, shop.staff, level=AlertLevel.HIGH)
    assert (await desk.ok(shop.staff, "list_alerts", {}))["total"] == 1
    await desk.ok(shop.staff, "acknowledge_alert", {"alert": number, "mute": True})
    await low(shop, shop.staff, level=AlertLevel.CRITICAL)
    assert (await desk.ok(shop.staff, "list_alerts", {}))["total"] == 0
    refused = await desk.call(shop.staff, "acknowledge_alert", {"alert": number})
    assert (refused.status, refused.rule) == (Outcome.DENIED, "alert.transition")
    assert "resolved" in refused.text


async def test_a_resolved_alert_is_final_and_its_cause_raises_a_new_one(shop: Shop, desk: Desk) -> None:
    number = await low(shop, shop.staff)
    await desk.ok(shop.staff, "resolve_alert", {"alert": number.lower()})
    again = await desk.call(shop.staff, "resolve_alert", {"alert": number})
    assert again.rule == "alert.transition"
    assert await low(shop, shop.staff) == "A-1002"
    assert (await desk.ok(shop.staff, "list_alerts", {"status": "resolved"}))["total"] == 1


async def test_an_alert_is_over_after_a_week_of_silence(shop: Shop, desk: Desk, watch: Watch) -> None:
    number = await low(shop, shop.staff)
    watch.now = NOW + 6 * DAY
    assert await low(shop, shop.staff) == number
    watch.now = NOW + 13 * DAY
    assert (await desk.ok(shop.staff, "list_alerts", {}))["total"] == 0
    assert (await desk.call(shop.staff, "resolve_alert", {"alert": number})).rule == "alert.expired"
    assert await low(shop, shop.staff) == "A-1002"


async def test_two_people_put_an_alert_aside_once(shop: Shop, desk: Desk) -> None:
    number = await low(shop, shop.staff)
    results = await asyncio.gather(*(desk.call(shop.staff, "resolve_alert", {"alert": number}) for _ in range(20)))
    assert sorted(result.status for result in results) == [Outcome.DENIED] * 19 + [Outcome.OK]


async def test_customers_and_other_shops_see_no_alert(shop: Shop, desk: Desk) -> None:
    number = await low(shop, shop.ana)
    assert (await desk.call(shop.ana, "list_alerts", {})).status is Outcome.DENIED
    assert (await desk.ok(shop.other_owner, "list_alerts", {}))["total"] == 0
    assert (await desk.call(shop.other_owner, "resolve_alert", {"alert": number})).code == "not_found"
