"""What placing orders promises: the store's prices, one reservation, one authorization, and what chat can and cannot do."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from core.identity import Principal
from core.statuses import PaymentKind
from store.invariants import INVARIANTS, check
from store.queries import methods
from store.tables.coupons import Coupon
from store.tables.customers import Address
from store.tables.payments import PaymentMethod
from tests.integration.conftest import Watch
from tests.support.desk import Desk
from tests.support.shop import NOW, Shop
from tools.result import Outcome

HOME = {"name": "Ana Silva", "line1": "1 Rue Haute", "city": "Lyon", "postal_code": "69001", "country": "FR"}


async def rows(shop: Shop, query: str, who: Principal | None = None) -> list[tuple[Any, ...]]:
    """Ask in the owner's name."""
    async with shop.units.read(who or shop.owner) as tx:
        return [tuple(row) for row in await tx.session.execute(text(query))]


@pytest.fixture
async def desk(shop: Shop, desk: Desk) -> Desk:
    """A shop whose customers can pay: Ana by card and store credit, Ben by PayPal, and numbers that go on after the shop's orders."""
    async with shop.units.write(shop.owner) as tx:
        for buyer, kind, reference in ((shop.ana, PaymentKind.CARD, "tok-ana"), (shop.ben, PaymentKind.PAYPAL, "tok-ben")):
            assert buyer.customer_id
            card = {"brand": "visa", "last_four": "4242"} if kind is PaymentKind.CARD else {}
            about = {"customer_id": buyer.customer_id, "kind": kind, "reference": reference, "currency": "EUR", "created_at": NOW}
            tx.add(PaymentMethod(tenant_id=tx.tenant_id, **about, **card))
            tx.add(Address(tenant_id=tx.tenant_id, customer_id=buyer.customer_id, **HOME))
        await tx.session.flush()
        assert shop.ana.customer_id
        credit = await methods.open_balance(tx, shop.ana.customer_id, PaymentKind.STORE_CREDIT, "credit-ana", "EUR")
        await methods.move(tx, credit, 5_000, methods.ISSUED, "gift")
        await tx.session.execute(
            text("INSERT INTO counters (tenant_id, series, last) VALUES (:tenant, 'order', 5000)"), {"tenant": tx.tenant_id}
        )
    return desk


async def add_coupon(shop: Shop, code: str = "SAVE10", **worth: Any) -> None:
    values = {"percent": 10, "max_uses": 1, "created_at": NOW, "expires_at": NOW + timedelta(days=9), **worth}
    async with shop.units.write(shop.owner) as tx:
        tx.add(Coupon(tenant_id=tx.tenant_id, code=code, **values))


async def sound(shop: Shop) -> dict[str, Any]:
    """Return the invariants that are broken; the small shop's own orders have no opening figures to compare."""
    async with shop.units.read(shop.owner) as tx:
        found = {each.claim: await check(tx, each) for each in INVARIANTS if "payment's sums" not in each.claim}
    return {claim: finding.violations for claim, finding in found.items() if finding.count}


LAMPS: Mapping[str, Any] = {"item": "desk lamp", "quantity": 2, "payment_method": "visa"}


async def test_a_quote_adds_up_from_the_stores_prices(shop: Shop, desk: Desk) -> None:
    await add_coupon(shop)
    quote = await desk.ok(shop.ana, "quote_order", {"item": "LAMP", "quantity": 2, "more": [{"item": "TEE-GRY-M"}], "coupon": "save10"})
    assert [(each["sku"], each["total"]["minor"], each["available"]) for each in quote["items"]] == [
        ("LAMP", 4_000, None),
        ("TEE-GRY-M", 3_000, None),
    ]
    assert [quote[name]["minor"] for name in ("subtotal", "discount", "shipping", "total")] == [7_000, 700, 490, 6_790]
    free = await desk.ok(shop.staff, "quote_order", {"item": "CHAIR"})
    assert (free["shipping"]["minor"], free["items"][0]["available"]) == (0, 50)


async def test_an_order_reserves_once_asks_for_the_money_once_and_is_scored(shop: Shop, desk: Desk) -> None:
    placed = await desk.confirmed(shop.ana, "place_order", LAMPS)
    assert placed.status is Outcome.OK, placed
    assert (placed.data["order"], placed.data["total"]["minor"], placed.data["status"]) == ("5001", 4_490, "pending")
    assert await rows(
        shop, "SELECT reserved FROM stock_levels l JOIN variants v ON v.id = l.variant_id WHERE v.sku = 'LAMP' AND reserved > 0"
    ) == [(7,)]
    topics = [row[0] for row in await rows(shop, "SELECT topic FROM outbox ORDER BY topic")]
    assert topics == ["email.requested", "fraud.approved", "order.placed", "payment.authorization.requested"]
    [body] = await rows(shop, "SELECT body FROM outbox WHERE topic = 'payment.authorization.requested'")
    assert (body[0]["order"], body[0]["amount"], body[0]["method"]) == ("5001", {"minor": 4_490, "currency": "EUR"}, "card")
    assert await rows(shop, "SELECT type, state, amount_minor FROM payment_transactions WHERE reason = 'order_placed'") == [
        ("authorization", "pending", 4_490)
    ]
    assert await rows(shop, "SELECT count(*) FROM fraud_checks") == [(1,)]
    shown = await desk.ok(shop.ana, "get_order", {"order": "5001"})
    assert shown["ship_to"]["text"] == "Ana Silva, 1 Rue Haute, 69001 Lyon, FR"
    assert await sound(shop) == {}


async def test_one_confirmation_places_one_order(shop: Shop, desk: Desk) -> None:
    approval = await desk.pending(shop.ana, "place_order", LAMPS)
    await desk.decide(shop.ana, approval)
    first = await desk.call(shop.ana, "place_order", LAMPS, approval=approval)
    again = await desk.call(shop.ana, "place_order", LAMPS, approval=approval)
    assert (first.data["order"], again.data["order"], again.replayed) == ("5001", "5001", True)
    assert await rows(shop, "SELECT count(*) FROM orders WHERE number = '5001'") == [(1,)]


async def test_a_price_that_changes_before_the_confirmation_is_asked_about_again(shop: Shop, desk: Desk) -> None:
    approval = await desk.pending(shop.ana, "place_order", LAMPS)
    await desk.decide(shop.ana, approval)
    async with shop.units.write(shop.owner) as tx:
        await tx.session.execute(text("UPDATE variants SET price_minor = 2500 WHERE tenant_id = :t AND sku = 'LAMP'"), {"t": tx.tenant_id})
    again = await desk.call(shop.ana, "place_order", LAMPS, approval=approval)
    assert again.status is Outcome.PENDING
    assert await rows(shop, "SELECT count(*) FROM orders WHERE number = '5001'") == [(0,)]


async def test_a_balance_pays_at_once_and_never_more_than_it_holds(shop: Shop, desk: Desk) -> None:
    placed = await desk.confirmed(shop.ana, "place_order", {**LAMPS, "payment_method": "store credit"})
    assert (placed.data["payment_status"], placed.data["status"]) == ("paid", "confirmed")
    refused = await desk.call(shop.ana, "place_order", {**LAMPS, "payment_method": "store credit"})
    assert refused.rule == "place.balance"
    assert await rows(shop, "SELECT balance_minor FROM payment_methods WHERE kind = 'store_credit'") == [(510,)]
    assert await sound(shop) == {}


@pytest.mark.parametrize(
    ("args", "rule"),
    [
        ({"quantity": 46}, "place.out_of_stock"),
        ({"quantity": 21}, "place.too_many"),
        ({"coupon": "OLD"}, "place.coupon"),
        ({"coupon": "USED"}, "place.coupon"),
        ({"coupon": "RICH"}, "place.coupon"),
    ],
)
async def test_what_is_refused_names_its_rule(shop: Shop, desk: Desk, args: dict[str, Any], rule: str) -> None:
    await add_coupon(shop, "OLD", created_at=NOW - timedelta(days=9), expires_at=NOW)
    await add_coupon(shop, "USED", max_uses=0)
    await add_coupon(shop, "RICH", minimum_minor=100_000)
    refused = await desk.call(shop.ana, "place_order", {**LAMPS, **args})
    assert (refused.status, refused.rule) == (Outcome.DENIED, rule), refused
    assert refused.allowed


@pytest.mark.parametrize(
    ("args", "code"),
    [
        ({"item": "submarine"}, "item_unknown"),
        ({"item": "black tee"}, "item_unclear"),
        ({"coupon": "NONE"}, "coupon_unknown"),
        ({"payment_method": "amex"}, "payment_method_unknown"),
        ({"payment_method": None}, "payment_method_missing"),
        ({"line1": "5 Quai"}, "invalid_arguments"),
        ({"price": "0.01"}, "invalid_arguments"),
    ],
)
async def test_what_is_wrong_is_asked_about(shop: Shop, desk: Desk, args: dict[str, Any], code: str) -> None:
    failed = await desk.call(shop.ana, "place_order", {**LAMPS, **args})
    assert (failed.status, failed.code) == (Outcome.FAILED, code), failed


async def test_staff_place_for_a_customer_whom_they_name(shop: Shop, desk: Desk) -> None:
    nobody = await desk.call(shop.staff, "place_order", {"item": "LAMP"})
    assert nobody.code == "customer_missing"
    placed = await desk.confirmed(shop.staff, "place_order", {"item": "LAMP", "quantity": 30, "customer": "ben okafor"})
    assert placed.data["pay_with"] == "PayPal account"
    assert await rows(shop, "SELECT c.name FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.number = '5001'") == [
        ("Ben Okafor",)
    ]
    assert (await desk.call(shop.ana, "get_order", {"order": "5001"})).code == "not_found"
    unknown = await desk.call(shop.staff, "place_order", {"item": "LAMP", "customer": "eve@second.example"})
    assert unknown.code == "not_found"


async def test_a_suspicious_order_waits_for_a_person(shop: Shop, desk: Desk) -> None:
    async with shop.units.write(shop.owner) as tx:
        await tx.session.execute(text("UPDATE customers SET created_at = :now WHERE id = :id"), {"now": NOW, "id": shop.ana.customer_id})
    placed = await desk.confirmed(shop.ana, "place_order", {**LAMPS, "item": "CHAIR", "quantity": 12})
    assert placed.data["being_checked"] is True
    assert await rows(shop, "SELECT on_hold FROM orders WHERE number = '5001'") == [(True,)]


async def test_a_code_is_used_once_and_counted_whoever_writes_it(shop: Shop, desk: Desk) -> None:
    await add_coupon(shop)
    placed = await desk.confirmed(shop.ana, "place_order", {**LAMPS, "coupon": "SAVE10"})
    assert placed.data["discount"]["minor"] == 400
    again = await desk.call(shop.ana, "place_order", {**LAMPS, "coupon": "SAVE10"})
    assert (again.rule, again.allowed) == ("place.coupon", ["place the order without the code"])
    assert await rows(shop, "SELECT uses FROM coupons") == [(1,)]


async def test_a_new_code_is_approved_by_a_manager_and_is_there_once(shop: Shop, desk: Desk) -> None:
    args = {"code": "spring", "percent": 20, "max_uses": 3}
    approval = await desk.pending(shop.manager, "create_coupon", args)
    await desk.decide(shop.owner, approval)
    made = await desk.call(shop.manager, "create_coupon", args, approval=approval)
    assert (made.data["code"], made.data["worth"]) == ("SPRING", "20 %")
    assert (await desk.call(shop.manager, "create_coupon", args)).rule == "coupon.exists"
    assert (await desk.call(shop.staff, "create_coupon", args)).rule == "permission.coupon:write"
    both = await desk.call(shop.manager, "create_coupon", {**args, "amount": "5.00"})
    assert both.code == "invalid_arguments"


async def test_an_order_is_split_with_its_stock_and_its_amounts(shop: Shop, desk: Desk) -> None:
    placed = await desk.confirmed(shop.ana, "place_order", {**LAMPS, "quantity": 3, "more": [{"item": "CHAIR"}]})
    order = placed.data["order"]
    split = await desk.confirmed(shop.staff, "split_order", {"order": order, "item": "lamp", "quantity": 2})
    assert split.status is Outcome.OK, split
    assert (split.data["new_order"], split.data["new_total"]["minor"], split.data["total"]["minor"]) == ("5002", 4_000, 62_000)
    assert await rows(
        shop,
        "SELECT o.number, l.sku, l.quantity FROM orders o JOIN order_lines l ON l.order_id = o.id WHERE o.number LIKE '500_' ORDER BY 1, 2",
    ) == [("5001", "CHAIR", 1), ("5001", "LAMP", 1), ("5002", "LAMP", 2)]
    assert await rows(shop, "SELECT amount_minor FROM payment_transactions WHERE state = 'pending' ORDER BY 1") == [(4_000,), (66_000,)]
    assert await sound(shop) == {}
    whole = await desk.call(shop.staff, "split_order", {"order": "5002", "item": "lamp"})
    assert whole.rule == "split.everything"
    assert (await desk.call(shop.staff, "split_order", {"order": "1009", "item": "lamp", "quantity": 1})).rule == "split.captured"
    assert (await desk.call(shop.staff, "split_order", {"order": "1004", "item": "headset"})).rule == "split.before_shipping"
    assert (await desk.call(shop.ana, "split_order", {"order": "5001", "item": "lamp"})).status is Outcome.DENIED


async def test_notes_are_for_colleagues_and_tags_find_orders(shop: Shop, desk: Desk) -> None:
    await desk.ok(shop.staff, "add_order_note", {"order": "1001", "note": "Calls back on Friday"})
    kinds = [entry["kind"] for entry in (await desk.ok(shop.staff, "get_order", {"order": "1001"}))["timeline"]]
    assert "order.note" in kinds
    assert "order.note" not in [entry["kind"] for entry in (await desk.ok(shop.ana, "get_order", {"order": "1001"}))["timeline"]]
    assert (await desk.ok(shop.staff, "tag_order", {"order": "1001", "tag": "#VIP"}))["tags"] == ["vip"]
    assert (await desk.call(shop.staff, "tag_order", {"order": "1001", "tag": "vip"})).rule == "tag.same"
    assert [each["order"] for each in (await desk.ok(shop.staff, "find_orders", {"tag": "vip"}))["orders"]] == ["1001"]
    assert (await desk.ok(shop.staff, "untag_order", {"order": "1001", "tag": "vip"}))["tags"] == []
    assert (await desk.call(shop.staff, "untag_order", {"order": "1001", "tag": "vip"})).rule == "tag.same"
    assert (await desk.call(shop.other_owner, "tag_order", {"order": "1002", "tag": "x"})).code == "not_found"


async def test_orders_are_found_by_amount_date_channel_and_the_channels_number(shop: Shop, desk: Desk) -> None:
    async def found(**args: Any) -> list[str]:
        return sorted(each["order"] for each in (await desk.ok(shop.staff, "find_orders", {**args, "limit": 50}))["orders"])

    assert await found(at_least="200", at_most="600.00") == ["1005", "1006", "1010"]
    assert await found(external_number="1003") == ["1003"]
    assert await found(until="2026-10-26") == ["1005"]
    assert await found(since="2026-11-18", status="pending") == []
    assert await found(channel="amazon") == []
    assert await found(customer="ben", item="armchair") == ["1005", "1010"]
    assert await found(customer="first.example", on_hold=True) == ["1006"]


async def test_statistics_count_what_is_there_whatever_happened_to_it(shop: Shop, desk: Desk, watch: Watch) -> None:
    before = await desk.ok(shop.staff, "order_stats", {"days": 30})
    assert (before["orders"], before["cancelled_percent"]) == (10, 10.0)
    assert {each["name"]: each["orders"] for each in before["by_status"]}["shipped"] == 2
    placed = await desk.confirmed(shop.ana, "place_order", LAMPS)
    await desk.confirmed(shop.ana, "cancel_order", {"order": placed.data["order"]})
    watch.now = NOW + timedelta(hours=1)
    after = await desk.ok(shop.staff, "order_stats", {"days": 30})
    statuses = {each["name"]: each["orders"] for each in after["by_status"]}
    assert (after["orders"], statuses["cancelled"]) == (11, 2)
    assert after["mean_value"] == before["mean_value"]
    assert await sound(shop) == {}


@pytest.mark.parametrize(("kind", "value"), [("email", "Ana@First.example"), ("address", "1 Rue Haute 69001 LYON"), ("card", "tok-ana")])
async def test_what_stands_on_the_block_list_orders_nothing(shop: Shop, desk: Desk, kind: str, value: str) -> None:
    listed = (
        "INSERT INTO block_entries (tenant_id, id, kind, value, reason, created_by, created_at) "
        "VALUES (:tenant, gen_random_uuid(), :kind, :value, 'Chargebacks', 'x', :now)"
    )
    async with shop.units.write(shop.owner) as tx:
        email = (await tx.connection.execute(text("SELECT email FROM customers WHERE id = :id"), {"id": shop.ana.customer_id})).scalar_one()
        blocked = email.upper() if kind == "email" else value
        await tx.connection.execute(text(listed), {"tenant": tx.tenant_id, "kind": kind, "value": blocked, "now": NOW})
    args = {"item": "LAMP", "payment_method": "visa"}
    own = await desk.call(shop.ana, "place_order", args)
    assert (own.rule, "Chargebacks" in own.text, "block" in own.text) == ("place.blocked", False, False)
    for_her = await desk.call(shop.staff, "place_order", {**args, "customer": email})
    assert (for_her.rule, "stands on the block list" in for_her.text) == ("place.blocked", True)
    assert await rows(shop, "SELECT count(*) FROM orders WHERE number > '5000'") == [(0,)]


@pytest.mark.parametrize(("tier", "discount", "shipping"), [("gold", 0, 0), ("platinum", 60, 0), ("diamond", 100, 0)])
async def test_a_loyalty_tier_is_worth_what_the_policy_says(shop: Shop, desk: Desk, tier: str, discount: int, shipping: int) -> None:
    granted = "UPDATE customers SET loyalty_tier = :tier WHERE id = :id"
    async with shop.units.write(shop.owner) as tx:
        await tx.connection.execute(text(granted), {"tier": tier, "id": shop.ben.customer_id})
    quoted = await desk.ok(shop.ben, "quote_order", {"item": "LAMP"})
    assert (quoted["discount"]["minor"], quoted["shipping"]["minor"]) == (discount, shipping)
    placed = await desk.confirmed(shop.ben, "place_order", {"item": "LAMP"})
    assert placed.status is Outcome.OK, placed
    order = f"SELECT discount_minor, shipping_minor, total_minor FROM orders WHERE number = '{placed.data['order']}'"
    assert await rows(shop, order) == [(discount, shipping, 2_000 - discount + shipping)]
    assert (await desk.ok(shop.staff, "quote_order", {"item": "LAMP"}))["shipping"]["minor"] == 490, "nobody in particular has no tier"
    assert await sound(shop) == {}
