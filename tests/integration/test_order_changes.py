"""What changes of placed orders promise: computed from rows, confirmed, once, and every amount back to where it belongs."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from core.identity import Principal
from core.ids import new_id
from core.statuses import PaymentKind
from store.queries import methods
from store.tables.payments import BalanceMovement, PaymentMethod
from tests.support.desk import Desk
from tests.support.shop import NOW, Shop
from tools.result import Outcome


async def wallet(shop: Shop, who: Principal, gift_minor: int = 50_000) -> dict[str, UUID]:
    """Give a customer a card that paid everything so far, PayPal, and a gift card."""
    assert who.customer_id is not None
    ids = {"card": new_id(), "paypal": new_id(), "gift": new_id()}
    async with shop.units.write(shop.owner) as tx:
        for name, kind, extra in (
            ("card", PaymentKind.CARD, {"brand": "visa", "last_four": "4242"}),
            ("paypal", PaymentKind.PAYPAL, {}),
            ("gift", PaymentKind.GIFT_CARD, {}),
        ):
            reference = f"{name}-{who.name.split()[0].lower()}"
            tx.add(
                PaymentMethod(
                    tenant_id=tx.tenant_id,
                    id=ids[name],
                    customer_id=who.customer_id,
                    kind=kind,
                    reference=reference,
                    currency="EUR",
                    created_at=NOW,
                    **extra,
                )
            )
        await tx.session.flush()
        gift = (await methods.by_ids(tx, [ids["gift"]]))[ids["gift"]]
        await methods.move(tx, gift, gift_minor, "sold", "test")
        await tx.connection.execute(
            text("UPDATE payments p SET payment_method_id = :card FROM orders o WHERE o.id = p.order_id AND o.customer_id = :who"),
            {"card": ids["card"], "who": who.customer_id},
        )
        await tx.connection.execute(
            text("UPDATE variants SET price_minor = 3500 WHERE sku = 'TEE-BLK-L' AND tenant_id = :tenant"), {"tenant": tx.tenant_id}
        )
    return ids


async def one(shop: Shop, query: str, **values: object) -> Any:
    async with shop.units.read(shop.owner) as tx:
        return (await tx.connection.execute(text(query), values)).scalar()


async def balance(shop: Shop, method: UUID) -> int:
    return await one(shop, "SELECT balance_minor FROM payment_methods WHERE id = :id", id=method)


async def paid_tees(shop: Shop) -> None:
    """Make order 1001 (two tees) paid by card instead of authorized."""
    async with shop.units.write(shop.owner) as tx:
        values = {"payment": shop.orders["1001"].payment_id}
        await tx.connection.execute(text("UPDATE payments SET authorized_minor = 0 WHERE id = :payment"), values)
        await tx.connection.execute(text("UPDATE payment_transactions SET type = 'charge' WHERE payment_id = :payment"), values)
        await tx.connection.execute(text("UPDATE orders SET payment_status = 'paid' WHERE id = :id"), {"id": shop.orders["1001"].id})


async def test_a_dearer_variant_is_charged_to_the_chosen_method_and_moves_the_stock(shop: Shop, desk: Desk) -> None:
    mine = await wallet(shop, shop.ana)
    await paid_tees(shop)
    args = {"order": "1001", "wanted": "size L", "quantity": 1, "payment_method": "gift card"}
    done = await desk.confirmed(shop.ana, "modify_order_items", args)
    assert done.status is Outcome.OK, done
    assert (done.data["difference"]["minor"], done.data["total"]["minor"]) == (500, 6_500)
    assert await balance(shop, mine["gift"]) == 49_500
    lines = await one(
        shop, "SELECT string_agg(sku || 'x' || quantity, ',' ORDER BY sku) FROM order_lines WHERE order_id = :o", o=shop.orders["1001"].id
    )
    assert lines == "TEE-BLK-Lx1,TEE-BLK-Mx1"
    reserved = "SELECT reserved FROM stock_levels WHERE variant_id = :v"
    assert await one(shop, reserved, v=shop.variants["TEE-BLK-L"]) == 1
    assert await one(shop, "SELECT sum(captured_minor) FROM payments WHERE order_id = :o", o=shop.orders["1001"].id) == 6_500
    again = await desk.call(shop.ana, "modify_order_items", args)
    assert (again.status, again.rule) == (Outcome.DENIED, "order_items.once")


async def test_a_cheaper_variant_pays_back_and_a_cancellation_returns_the_rest_to_each_method(shop: Shop, desk: Desk) -> None:
    mine = await wallet(shop, shop.ana)
    await paid_tees(shop)
    async with shop.units.write(shop.owner) as tx:
        await tx.connection.execute(text("UPDATE variants SET price_minor = 2000 WHERE id = :v"), {"v": shop.variants["TEE-GRY-M"]})
    done = await desk.confirmed(shop.ana, "modify_order_items", {"order": "1001", "wanted": "TEE-GRY-M", "payment_method": "gift-ana"})
    assert done.data["difference"]["minor"] == -2_000
    assert await balance(shop, mine["gift"]) == 52_000
    cancelled = await desk.confirmed(shop.ana, "cancel_order", {"order": "1001"})
    assert cancelled.data["refund"]["minor"] == 4_000
    assert await balance(shop, mine["gift"]) == 52_000, "the rest goes back to the card that paid it"
    assert await one(shop, "SELECT reserved FROM stock_levels WHERE variant_id = :v", v=shop.variants["TEE-GRY-M"]) == 3


async def test_a_balance_that_does_not_cover_the_difference_is_refused(shop: Shop, desk: Desk) -> None:
    await wallet(shop, shop.ana, gift_minor=400)
    await paid_tees(shop)
    refused = await desk.call(shop.ana, "modify_order_items", {"order": "1001", "wanted": "L", "payment_method": "gift card"})
    assert refused.rule == "order_items.balance"


@pytest.mark.parametrize(
    ("args", "code"),
    [
        ({"order": "1003", "wanted": "black"}, "denied"),
        ({"order": "1001", "wanted": "HEADSET-WHT"}, "variant_unknown"),
        ({"order": "1001", "wanted": "TEE-BLK-M"}, "variant_same"),
        ({"order": "1001", "wanted": "size L", "quantity": 3}, "item_quantity"),
        ({"order": "1001", "wanted": "size L", "item": "headset"}, "item_unknown"),
        ({"order": "1001", "wanted": "size L", "payment_method": "paypal-ben"}, "payment_method_unknown"),
        ({"order": "1005", "wanted": "size L"}, "not_found"),
        ({"order": "1001", "wanted": "size L", "price": "1"}, "invalid_arguments"),
    ],
)
async def test_a_change_that_does_not_fit_changes_nothing(shop: Shop, desk: Desk, args: dict[str, object], code: str) -> None:
    await wallet(shop, shop.ana)
    await wallet(shop, shop.ben)
    assert (await desk.call(shop.ana, "modify_order_items", args)).code == code
    assert await one(shop, "SELECT count(*) FROM order_changes") == 0


async def test_changes_that_race_happen_once(shop: Shop, desk: Desk) -> None:
    await wallet(shop, shop.ana)
    await paid_tees(shop)
    args = {"order": "1001", "wanted": "size L", "payment_method": "gift card"}
    waiting = [await desk.pending(shop.ana, "modify_order_items", args) for _ in range(8)]
    for each in waiting:
        await desk.decide(shop.ana, each)
    done = await asyncio.gather(*(desk.call(shop.ana, "modify_order_items", args, approval=each) for each in waiting))
    assert sum(each.status is Outcome.OK for each in done) == 1
    assert await one(shop, "SELECT sum(delta_minor) FROM balance_movements WHERE reason = 'price_difference'") == -1_000


async def test_a_switch_charges_the_new_method_and_refunds_the_old_and_a_cancellation_refunds_only_the_new(shop: Shop, desk: Desk) -> None:
    mine = await wallet(shop, shop.ana)
    await paid_tees(shop)
    done = await desk.confirmed(shop.ana, "change_payment_method", {"order": "1001", "payment_method": "gift card"})
    assert (done.data["amount"]["minor"], done.data["payment_status"]) == (6_000, "paid")
    assert await balance(shop, mine["gift"]) == 44_000
    twice = await desk.call(shop.ana, "change_payment_method", {"order": "1001", "payment_method": "PayPal"})
    assert twice.rule == "payment_method.one_payment"
    await desk.confirmed(shop.ana, "cancel_order", {"order": "1001"})
    assert await balance(shop, mine["gift"]) == 50_000
    refunds = await one(shop, "SELECT sum(amount_minor) FROM payment_transactions WHERE type = 'refund'")
    assert refunds == 12_000, "6 000 to the card when it was switched, 6 000 to the gift card when it was cancelled"


async def test_a_switch_of_what_is_only_held_holds_it_anew_and_lets_go_of_the_old(shop: Shop, desk: Desk) -> None:
    await wallet(shop, shop.ana)
    done = await desk.confirmed(shop.ana, "change_payment_method", {"order": "1001", "payment_method": "PayPal"})
    assert done.data["payment_status"] == "pending"
    topics = "SELECT string_agg(topic, ',' ORDER BY topic) FROM outbox WHERE topic LIKE 'payment.%.requested'"
    assert await one(shop, topics) == "payment.authorization.requested,payment.void.requested"


@pytest.mark.parametrize(
    ("args", "rule"),
    [
        ({"order": "1001", "payment_method": "visa 4242"}, "payment_method.same"),
        ({"order": "1004", "payment_method": "PayPal"}, "payment_method.status"),
        ({"order": "1001", "payment_method": "gift card"}, "payment_method.balance"),
    ],
)
async def test_a_switch_that_the_policy_forbids_is_refused(shop: Shop, desk: Desk, args: dict[str, str], rule: str) -> None:
    await wallet(shop, shop.ana, gift_minor=5_999)
    refused = await desk.call(shop.ana, "change_payment_method", args)
    assert (refused.status, refused.rule) == (Outcome.DENIED, rule)


async def test_customers_see_their_own_methods_and_balances(shop: Shop, desk: Desk) -> None:
    await wallet(shop, shop.ana)
    await wallet(shop, shop.ben)
    mine = await desk.ok(shop.ana, "list_payment_methods", {})
    assert [each["reference"] for each in mine["methods"]] == ["card-ana", "paypal-ana", "gift-ana"]
    assert (await desk.ok(shop.ana, "gift_card_balance", {}))["cards"][0]["balance"]["minor"] == 50_000
    assert (await desk.call(shop.ana, "gift_card_balance", {"gift_card": "gift-ben"})).code == "payment_method_unknown"
    assert (await desk.call(shop.eve, "gift_card_balance", {"gift_card": "gift-ana"})).code == "payment_method_unknown"
    assert (await desk.ok(shop.staff, "gift_card_balance", {"gift_card": "gift-ben"}))["movements"][0]["reason"] == "sold"
    listed = await desk.ok(shop.staff, "list_payment_methods", {"customer": "Ana Silva"})
    assert (listed["customer"], len(listed["methods"])) == ("Ana Silva", 3)


async def test_a_balance_never_falls_below_zero_whoever_writes_it(shop: Shop) -> None:
    mine = await wallet(shop, shop.ana, gift_minor=100)
    for method, constraint in ((mine["gift"], "payment_methods_balance_check"), (mine["card"], "holds no balance")):
        with pytest.raises(IntegrityError, match=constraint):
            async with shop.units.write(shop.owner) as tx:
                tx.add(
                    BalanceMovement(
                        tenant_id=tx.tenant_id, payment_method_id=method, delta_minor=-101, reason="test", reference="more", created_at=NOW
                    )
                )
    assert await balance(shop, mine["gift"]) == 100


async def test_one_gift_card_in_twenty_hands_is_spent_once(shop: Shop) -> None:
    mine = await wallet(shop, shop.ana, gift_minor=1_000)

    async def spend(number: int) -> bool:
        try:
            async with shop.units.write(shop.owner) as tx:
                card = (await methods.by_ids(tx, [mine["gift"]]))[mine["gift"]]
                await methods.move(tx, card, -300, "race", f"race:{number}")
        except IntegrityError:
            return False
        return True

    assert sum(await asyncio.gather(*(spend(number) for number in range(20)))) == 3
    assert await balance(shop, mine["gift"]) == 100
