"""Work with channels from end to end: browsing by chat, a price that reaches every channel, a rejected listing that teaches."""

from typing import Any

import pytest
from sqlalchemy import text

from core.identity import system
from tests.support.desk import Desk
from tests.support.shop import Shop
from tests.support.shop_data import add_channels, add_review, back_office
from tools.result import Outcome


@pytest.fixture
async def desk(shop: Shop) -> Desk:
    await add_channels(shop)
    return back_office(shop)


async def approved(desk: Desk, shop: Shop, tool: str, args: dict[str, Any]) -> dict[str, Any]:
    """Call a tool that a manager asks for and the owner approves."""
    approval = await desk.pending(shop.manager, tool, args)
    await desk.decide(shop.owner, approval)
    result = await desk.call(shop.manager, tool, args, approval=approval)
    assert result.status is Outcome.OK, result
    return result.data


async def rows(shop: Shop, query: str, **values: Any) -> list[Any]:
    """Return what is stored."""
    async with shop.units.read(shop.owner) as tx:
        return list(await tx.session.execute(text(query), values))


async def report(desk: Desk, shop: Shop, listing: str, *problems: dict[str, str]) -> dict[str, Any]:
    """Let Amazon answer a push."""
    who = system(shop.owner.tenant_id, "amazon")
    return await desk.ok(
        who, "record_channel_result", {"channel": "amazon", "listing": listing, "accepted": not problems, "problems": list(problems)}
    )


async def test_browsing_by_chat_ends_at_reviews_and_stock(shop: Shop, desk: Desk) -> None:
    await add_review(shop, "headset", 4, "Warm sound.")
    found = await desk.ok(shop.ana, "search_products", {"query": "something to listen to music, a headset"})
    assert found["products"][0]["product"] == "headset"
    compared = await desk.ok(shop.ana, "compare_products", {"products": ["headset", "desk lamp"]})
    assert compared["products"][0]["options"] == {"colour": ["Black", "White"]}
    said = await desk.ok(shop.ana, "product_reviews", {"product": "headset"})
    assert said["opinions"][0]["review"]["provenance"] == "customer_text"
    shown = await desk.ok(shop.ana, "get_product", {"product": "headset"})
    assert all(each["in_stock"] and each["available"] is None for each in shown["variants"])


async def test_a_price_change_reaches_every_channel_above_its_floor(shop: Shop, desk: Desk) -> None:
    changed = await approved(desk, shop, "bulk_set_prices", {"brand": "acme", "percent": -45})
    assert changed["at_floor"] == 7, "cost is half of each price: commission and margin leave no room for so much"
    asked = await desk.call(shop.manager, "bulk_push", {})
    assert asked.approval_id is not None
    preview = dict((await rows(shop, "SELECT preview FROM approvals WHERE id = :id", id=asked.approval_id))[0].preview)
    await desk.decide(shop.owner, asked.approval_id)
    done = (await desk.call(shop.manager, "bulk_push", {}, approval=asked.approval_id)).data
    assert preview["Listings"] == f"{done['selected']} selected, {done['changed']} change, 0 left alone below their floor"
    assert done["by_channel"] == {"amazon": 2, "ebay": 1}
    prices = await rows(
        shop,
        "SELECT l.external_id, l.price_minor, v.price_minor AS ours FROM listings l JOIN variants v ON v.tenant_id = l.tenant_id "
        "AND v.id = l.variant_id WHERE l.tenant_id = :t ORDER BY 1",
        t=shop.owner.tenant_id,
    )
    assert all(row.price_minor == row.ours for row in prices)
    sent = await rows(shop, "SELECT body FROM outbox WHERE topic = 'channel.listing.push'")
    assert sorted(row.body["listing"] for row in sent) == ["AMZ-1", "AMZ-2", "EBA-1"]
    taken_back = await approved(desk, shop, "revoke_bulk_change", {"bulk_change": changed["bulk_change"]})
    assert (taken_back["restored"], taken_back["kept"]) == (7, 0)
    assert (await desk.ok(shop.staff, "channel_mismatches", {}))["total"] == 3, "the channels still show what was pushed"


async def test_a_rejected_listing_is_mended_learned_applied_by_itself_and_unlearned(shop: Shop, desk: Desk) -> None:
    missing = {"field": "category", "message": "Error 99001: a category is required."}
    assert (await report(desk, shop, "AMZ-2", missing))["issues_open"] == 1
    cause = await desk.ok(shop.staff, "suggest_fix", {"channel": "amazon", "item": "HEADSET-WHT", "field": "category"})
    [suggestion] = cause["suggestions"]
    assert (suggestion["value"], suggestion["taken_from"], suggestion["confidence"]) == ("Electronics", "category", 0.65)
    fix = {"channel": "amazon", "item": "HEADSET-WHT", "field": "category", "decision": "approve"}
    done = await approved(desk, shop, "decide_fix", fix)
    assert (done["confidence"], done["rule"]) == (0.8, "C-1001")
    pushed = (await rows(shop, "SELECT body FROM outbox WHERE topic = 'channel.listing.push' ORDER BY id"))[-1].body
    assert pushed["fields"] == {"category": "Electronics"}
    assert (await report(desk, shop, "AMZ-2"))["accepted"] is True

    by_itself = await report(desk, shop, "AMZ-1", missing)
    assert by_itself["corrected"] == ["category"]
    [listing] = await rows(shop, "SELECT fields FROM listings WHERE external_id = 'AMZ-1'")
    assert listing.fields["category"] == "Electronics"
    rules = await desk.ok(shop.staff, "correction_rules", {})
    assert [(each["rule"], each["status"], each["applied"]) for each in rules["rules"]] == [("C-1001", "active", 1)]
    refused_again = await report(desk, shop, "AMZ-1", missing)
    assert refused_again["corrected"] == [], "the same value again would help nobody"

    assert (await desk.ok(shop.manager, "revoke_correction_rule", {"rule": "C-1001"}))["applied"] == 1
    again = await desk.call(shop.manager, "revoke_correction_rule", {"rule": "C-1001"})
    assert again.rule == "listing.rule_not_active"
    async with shop.units.write(shop.owner) as tx:
        await tx.session.execute(text("UPDATE listings SET fields = fields - 'category' WHERE tenant_id = :t"), {"t": tx.tenant_id})
    assert (await report(desk, shop, "AMZ-2", missing))["corrected"] == []
