"""What channel tools promise: nothing is published without approval, below its floor, or with a price that was passed in."""

from typing import Any

import pytest
from sqlalchemy import text

from tests.support.desk import Desk
from tests.support.shop import Shop
from tests.support.shop_data import add_channels, back_office
from tools.marketplace.results import ListingIssues
from tools.result import Outcome, Provenance

FIX = {"channel": "amazon", "item": "headset"}


@pytest.fixture
async def desk(shop: Shop) -> Desk:
    await add_channels(shop)
    return back_office(shop)


async def listing(shop: Shop, external_id: str) -> Any:
    """Return a listing as it is stored."""
    async with shop.units.read(shop.owner) as tx:
        return (await tx.session.execute(text("SELECT * FROM listings WHERE external_id = :id"), {"id": external_id})).one()


async def messages(shop: Shop) -> list[Any]:
    """Return what is to leave, in order."""
    async with shop.units.read(shop.owner) as tx:
        return list(await tx.session.execute(text("SELECT topic, body FROM outbox ORDER BY id")))


async def approved(desk: Desk, shop: Shop, tool: str, args: dict[str, str]) -> dict[str, Any]:
    """Call a tool that a manager asks for and the owner approves."""
    approval = await desk.pending(shop.manager, tool, args)
    await desk.decide(shop.owner, approval)
    result = await desk.call(shop.manager, tool, args, approval=approval)
    assert result.status is Outcome.OK, result
    return result.data


async def test_issues_carry_the_channels_words_as_external_text(shop: Shop, desk: Desk) -> None:
    found = await desk.call(shop.staff, "listing_issues", {})
    assert found.provenance is Provenance.EXTERNAL_TEXT
    seen = ListingIssues.model_validate(found.data)
    assert (seen.total, seen.listings_in_error) == (2, 1)
    assert [(each.channel, each.open) for each in seen.channels] == [("amazon", 2)]
    assert {issue.message.provenance for issue in seen.issues} == {Provenance.EXTERNAL_TEXT}
    assert (await desk.ok(shop.staff, "listing_issues", {"channel": "ebay"}))["total"] == 0
    assert (await desk.ok(shop.staff, "listing_issues", {"item": "black headset"}))["total"] == 2
    assert (await desk.ok(shop.staff, "listing_issues", {"item": "HEADSET-WHT"}))["total"] == 0
    assert (await desk.call(shop.staff, "listing_issues", {"channel": "etsy"})).code == "unknown_channel"


async def test_differences_name_what_can_be_oversold(shop: Shop, desk: Desk) -> None:
    found = await desk.ok(shop.staff, "channel_mismatches", {"channel": "ebay"})
    [lamp] = found["mismatches"]
    assert (lamp["sku"], lamp["our_price"]["minor"], lamp["channel_price"]["minor"]) == ("LAMP", 2_000, 1_500)
    assert (lamp["our_quantity"], lamp["channel_quantity"], lamp["oversells"]) == (45, 60, True)


async def test_margins_are_exact_and_the_worst_come_first(shop: Shop, desk: Desk) -> None:
    found = await desk.ok(shop.staff, "net_margin", {})
    assert [each["sku"] for each in found["listings"]] == ["LAMP", "HEADSET-BLK", "HEADSET-WHT"]
    lamp = found["listings"][0]
    assert (lamp["commission"]["minor"], lamp["cost"]["minor"], lamp["margin"]["minor"]) == (180, 1_000, 320)
    assert [(each["channel"], each["listings"]) for each in found["channels"]] == [("ebay", 1), ("amazon", 2)]


async def test_a_suggested_fix_is_published_after_approval_and_the_error_lasts_until_the_last_issue(shop: Shop, desk: Desk) -> None:
    done = await approved(desk, shop, "fix_listing", FIX)
    assert [(each["field"], each["after"]) for each in done["changes"]] == [("brand", "Acme")]
    assert (done["status"], done["issues_fixed"], done["issues_open"]) == ("error", 1, 1)
    done = await approved(desk, shop, "fix_listing", {**FIX, "field": "images", "value": "https://img.example/1.jpg"})
    assert (done["status"], done["issues_open"]) == ("active", 0)
    row = await listing(shop, "AMZ-1")
    assert row.fields["brand"] == "Acme"
    assert row.fields["images"] == ["https://img.example/1.jpg"]
    assert [topic for topic, _ in await messages(shop)] == ["channel.listing.push", "listing.updated"] * 2


async def test_an_approved_suggestion_becomes_surer(shop: Shop, desk: Desk) -> None:
    await approved(desk, shop, "fix_listing", FIX)
    async with shop.units.read(shop.owner) as tx:
        query = text("SELECT status, confidence_pct FROM listing_issues WHERE field = 'brand'")
        assert tuple((await tx.session.execute(query)).one()) == ("fixed", 95)


async def test_a_field_without_a_suggestion_needs_a_value(shop: Shop, desk: Desk) -> None:
    assert (await desk.call(shop.manager, "fix_listing", {**FIX, "field": "images"})).code == "value_missing"
    assert (await desk.call(shop.manager, "fix_listing", {**FIX, "value": "Acme"})).code == "field_unclear"


async def test_a_price_is_never_taken_from_an_argument(shop: Shop, desk: Desk) -> None:
    for field in ("price", "Quantity", "inventory quantity"):
        refused = await desk.call(shop.manager, "fix_listing", {**FIX, "field": field, "value": "0.01"})
        assert (refused.status, refused.code) == (Outcome.FAILED, "use_push_price")


async def test_our_price_and_stock_are_pushed(shop: Shop, desk: Desk) -> None:
    done = await approved(desk, shop, "push_price", {"channel": "ebay", "item": "lamp"})
    assert [each["field"] for each in done["changes"]] == ["price", "quantity"]
    row = await listing(shop, "EBA-1")
    assert (row.price_minor, row.quantity) == (2_000, 45)
    assert (row.fields["price"], row.fields["quantity"]) == ("20.00", 45)
    push = (await messages(shop))[0]
    assert push.body["price"] == {"minor": 2_000, "currency": "EUR"}
    again = await desk.call(shop.manager, "push_price", {"channel": "ebay", "item": "lamp"})
    assert (again.status, again.rule) == (Outcome.DENIED, "listing.nothing_to_change")


async def test_a_price_below_its_floor_is_refused(shop: Shop, desk: Desk) -> None:
    async with shop.units.write(shop.owner) as tx:
        values = {"tenant": tx.tenant_id, "variant": shop.variants["LAMP"]}
        await tx.session.execute(text("UPDATE variants SET cost_minor = 1900 WHERE tenant_id = :tenant AND id = :variant"), values)
    refused = await desk.call(shop.owner, "push_price", {"channel": "ebay", "item": "lamp"})
    assert (refused.status, refused.rule) == (Outcome.DENIED, "pricing.floor")
    assert (await listing(shop, "EBA-1")).price_minor == 1_500


async def test_an_approval_does_not_cover_a_price_that_changed_meanwhile(shop: Shop, desk: Desk) -> None:
    args = {"channel": "ebay", "item": "lamp"}
    approval = await desk.pending(shop.manager, "push_price", args)
    await desk.decide(shop.owner, approval)
    async with shop.units.write(shop.owner) as tx:
        values = {"tenant": tx.tenant_id, "variant": shop.variants["LAMP"]}
        await tx.session.execute(text("UPDATE variants SET price_minor = 2500 WHERE tenant_id = :tenant AND id = :variant"), values)
    assert (await desk.call(shop.manager, "push_price", args, approval=approval)).status is Outcome.PENDING
    assert (await listing(shop, "EBA-1")).price_minor == 1_500


async def test_staff_may_look_but_not_publish_and_customers_see_nothing(shop: Shop, desk: Desk) -> None:
    assert (await desk.call(shop.staff, "fix_listing", FIX)).rule == "permission.channel:write"
    assert (await desk.call(shop.ana, "listing_issues", {})).status is Outcome.DENIED
    assert (await desk.ok(shop.other_owner, "listing_issues", {}))["total"] == 0
