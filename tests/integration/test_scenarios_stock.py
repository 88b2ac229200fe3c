"""Replenishment, from the warning to the units on the shelf."""

from datetime import timedelta

from sqlalchemy import text

from tests.integration.conftest import Watch
from tests.support.shop import NOW, Shop
from tests.support.shop_data import back_office, set_stock


async def test_what_runs_low_is_proposed_approved_and_received(shop: Shop, watch: Watch) -> None:
    """5 left, reorder point 10, 3 sold a day, 5 days lead."""
    desk = back_office(shop)
    async with shop.units.write(shop.owner) as tx:
        await tx.session.execute(text("UPDATE suppliers SET lead_days = 5, max_lead_days = 5"))
        sold = text(
            "INSERT INTO sales_days (tenant_id, id, day, variant_id, currency, units, revenue_minor, cost_minor) "
            "SELECT :tenant, gen_random_uuid(), utc_day(:now) - n, :variant, 'EUR', 3, 180000, 90000 FROM generate_series(1, 90) n"
        )
        await tx.session.execute(sold, {"tenant": tx.tenant_id, "now": NOW, "variant": shop.variants["CHAIR"]})
    await set_stock(shop, "CHAIR", 7, reorder_point=10)
    await desk.ok(shop.manager, "adjust_stock", {"item": "CHAIR", "warehouse": "LYO", "delta": 6, "reason": "found"})
    await desk.ok(shop.manager, "adjust_stock", {"item": "CHAIR", "warehouse": "LYO", "delta": -8, "reason": "damaged"})
    async with shop.units.read(shop.owner) as tx:
        [[warned]] = (await tx.session.execute(text("SELECT body FROM outbox WHERE topic = 'stock.low'"))).all()
    assert (warned["sku"], warned["available"], warned["reorder_point"]) == ("CHAIR", 5, 10)

    proposal = next(each for each in (await desk.ok(shop.manager, "reorder_proposal", {}))["items"] if each["sku"] == "CHAIR")
    assert (round(proposal["mean_daily_sales"]), proposal["lead_days"], proposal["available"], proposal["days_left"]) == (3, 5, 5, 1)
    assert proposal["order_now"] is True

    args = {"item": "CHAIR", "quantity": proposal["order_quantity"]}
    approval = await desk.pending(shop.manager, "create_purchase_order", args)
    await desk.decide(shop.owner, approval)
    ordered = (await desk.call(shop.manager, "create_purchase_order", args, approval=approval)).data
    assert ordered["quantity"] == proposal["order_quantity"]
    assert "CHAIR" not in [each["sku"] for each in (await desk.ok(shop.manager, "reorder_proposal", {}))["items"]]

    watch.now = NOW + timedelta(days=5)
    received = await desk.ok(shop.staff, "receive_purchase_order", {"purchase_order": ordered["purchase_order"]})
    assert (received["status"], received["on_hand"]) == ("received", 5 + proposal["order_quantity"])
