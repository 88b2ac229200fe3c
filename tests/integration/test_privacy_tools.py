"""What the rights over personal data promise: a whole copy, and nothing personal left, while the books and the audit chain stay."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from core.errors import NotFound
from core.ids import new_id
from store import audit
from store.queries import personal
from store.rls import VIEWS
from store.tables.aftersales import Ticket
from store.tables.catalog import Review
from store.tables.runtime import Run, RunEventRow, Thread
from tests.integration.conftest import Watch
from tests.support.desk import Desk
from tests.support.people import people_desk
from tests.support.shop import NOW, Shop
from tests.support.shop_data import add_check
from tools.result import Outcome

PERSONAL = ("Ben", "Okafor", "ben@first.example", "+33 6 99 88 77 66", "Rue Haute", "12 Quai Secret", "my knee hurts", "4242")


@pytest.fixture
def desk(shop: Shop) -> Desk:
    return people_desk(shop)


async def settle_everything(shop: Shop) -> None:
    """Deliver or close what is open between Ben and the shop."""
    async with shop.units.write(shop.owner) as tx:
        about = {"tenant": tx.tenant_id, "ben": shop.ben.customer_id}
        close = "UPDATE orders SET status = 'delivered', on_hold = false"
        await tx.connection.execute(text(f"{close} WHERE tenant_id = :tenant AND customer_id = :ben AND status <> 'cancelled'"), about)


async def live_a_little(shop: Shop, desk: Desk) -> UUID:
    """Give Ben something in every corner of the store, and return his conversation."""
    address = {"line1": "12 Quai Secret", "postal_code": "33000", "city": "Bordeaux", "country": "FR"}
    await desk.ok(shop.ben, "add_address", address)
    await desk.ok(shop.staff, "update_profile", {"customer": "ben", "phone": "+33 6 99 88 77 66"})
    await desk.ok(shop.staff, "add_interaction", {"customer": "ben", "summary": "Ben says my knee hurts", "order": "1005"})
    await desk.ok(shop.ben, "set_consent", {"purpose": "profiling", "granted": True})
    await desk.ok(shop.staff, "assign_segment", {"customer": "ben", "segment": "friends", "create": True})
    await desk.pending(shop.ben, "update_profile", {"name": "Ben O. Okafor"})
    await add_check(shop, "1006", 60)
    thread, run = new_id(), new_id()
    who: dict[str, Any] = {"user_id": shop.ben.user_id, "customer_id": shop.ben.customer_id, "created_at": NOW, "updated_at": NOW}
    async with shop.units.write(shop.owner) as tx:
        tx.add(Thread(tenant_id=tx.tenant_id, id=thread, **who))
        await tx.session.flush()
        tx.add(Run(tenant_id=tx.tenant_id, id=run, thread_id=thread, assistant="support", idempotency_key="k", **who))
        await tx.session.flush()
        said = {"type": "message", "message": {"content": "I am Ben Okafor and my knee hurts"}}
        tx.session.add(RunEventRow(tenant_id=tx.tenant_id, run_id=run, seq=1, type="message", body=said, at=NOW))
        due = {"created_at": NOW, "first_reply_due_at": NOW, "resolve_due_at": NOW}
        tx.add(Ticket(tenant_id=tx.tenant_id, number="T-1", customer_id=shop.ben.customer_id, subject="Ben", body="my knee hurts", **due))
        product = (await tx.connection.execute(text("SELECT id FROM products LIMIT 1"))).scalar_one()
        tx.add(Review(tenant_id=tx.tenant_id, product_id=product, author="Ben Okafor", rating=5, title="Fine", body="Fine", created_at=NOW))
        remember = (
            "INSERT INTO checkpoints.checkpoints (thread_id, checkpoint_ns, checkpoint_id, checkpoint, metadata) "
            "VALUES (:thread, '', '1', '{\"said\": \"my knee hurts\"}', '{}')"
        )
        await tx.connection.execute(text(remember), {"thread": f"{tx.tenant_id}:{thread}"})
    return thread


async def traces(shop: Shop) -> dict[str, list[str]]:
    """Return where personal words of Ben still stand: every text of every row of his tenant, as the store holds it."""
    found: dict[str, list[str]] = {}
    async with shop.units.read(shop.owner) as tx:
        for table in VIEWS:
            for body in (await tx.connection.execute(text(f"SELECT to_jsonb(t)::text FROM {table} t"))).scalars():
                found.setdefault(table, []).extend(word for word in PERSONAL if word in body)
        kept = (await tx.connection.execute(text("SELECT checkpoint::text FROM checkpoints.checkpoints"))).scalars()
        found["checkpoints"] = [word for body in kept for word in PERSONAL if word in body]
    return {table: words for table, words in found.items() if words}


async def test_an_export_holds_everything_about_one_person(shop: Shop, desk: Desk) -> None:
    await live_a_little(shop, desk)
    result = await desk.ok(shop.manager, "export_personal_data", {"customer": "ben"})
    assert result["rows"]["orders"] == 6
    assert {section for section, count in result["rows"].items() if count} >= {
        "profile", "addresses", "consents", "segments", "contacts", "payments", "tickets", "reviews", "fraud_checks", "messages",
    }  # fmt: skip
    async with shop.units.read(shop.owner) as tx:
        body = (await tx.connection.execute(text("SELECT body FROM personal_exports"))).scalar_one()
    assert "Ana" not in str(body)
    for word in PERSONAL:
        assert word in str(body)
    assert "Quai Secret" not in str(result)


async def test_an_export_is_fetched_until_it_expires_and_by_its_shop_alone(shop: Shop, desk: Desk, watch: Watch) -> None:
    export = UUID((await desk.ok(shop.manager, "export_personal_data", {"customer": "ben"}))["export"])
    async with shop.units.read(shop.manager) as tx:
        assert (await personal.stored(tx, export))["profile"][0]["name"] == "Ben Okafor"
    for who in (shop.other_owner, shop.ben):
        async with shop.units.read(who) as tx:
            with pytest.raises(NotFound):
                await personal.stored(tx, export)
    watch.now = NOW + timedelta(days=30)
    async with shop.units.read(shop.manager) as tx:
        with pytest.raises(NotFound):
            await personal.stored(tx, export)


async def test_erasing_leaves_nothing_personal_and_the_books_whole(shop: Shop, desk: Desk) -> None:
    await live_a_little(shop, desk)
    await desk.ok(shop.manager, "export_personal_data", {"customer": "ben"})
    await settle_everything(shop)
    books = "SELECT count(*), sum(total_minor) FROM orders WHERE customer_id = :ben"
    async with shop.units.read(shop.owner) as tx:
        before = (await tx.connection.execute(text(books), {"ben": shop.ben.customer_id})).one()
        anas = (await tx.connection.execute(text("SELECT count(*) FROM orders WHERE ship_to ->> 'line1' = '1 Rue Haute'"))).scalar_one()

    approval = await desk.pending(shop.manager, "erase_personal_data", {"customer": "ben@first.example"})
    await desk.decide(shop.owner, approval)
    done = await desk.call(shop.manager, "erase_personal_data", {"customer": "ben@first.example"}, approval=approval)
    assert done.status is Outcome.OK, done
    assert done.data["reference"] == str(shop.ben.customer_id)

    left = await traces(shop)
    assert {table: words for table, words in left.items() if table not in {"orders", "payments", "erasures"}} == {}, (
        "what is looked for is forgotten when the worker has swept"
    )
    async with shop.units.read(shop.owner) as tx:
        after = (await tx.connection.execute(text(books), {"ben": shop.ben.customer_id})).one()
        mine = "SELECT ship_to::text || bill_to::text FROM orders WHERE customer_id = :ben"
        addresses = set((await tx.connection.execute(text(mine), {"ben": shop.ben.customer_id})).scalars())
        labels = "SELECT DISTINCT label FROM payments p JOIN orders o ON o.id = p.order_id WHERE o.customer_id = :ben"
        assert list((await tx.connection.execute(text(labels), {"ben": shop.ben.customer_id})).scalars()) == ["card"]
        others = (await tx.connection.execute(text("SELECT count(*) FROM orders WHERE ship_to ->> 'line1' = '1 Rue Haute'"))).scalar_one()
        scores = (await tx.connection.execute(text("SELECT score, signals -> 0 ->> 'detail' FROM fraud_checks"))).one()
        assert (await audit.verify(tx)).broken_at is None
    assert after == before
    assert addresses == {'{"country": "FR"}{"country": "FR"}'}
    assert others == anas - 6
    assert tuple(scores) == (60, "order_total")


async def test_an_erased_customer_is_found_no_more_and_erased_once(shop: Shop, desk: Desk) -> None:
    await settle_everything(shop)
    approval = await desk.pending(shop.manager, "erase_personal_data", {"customer": "ben"})
    await desk.decide(shop.owner, approval)
    await desk.call(shop.manager, "erase_personal_data", {"customer": "ben"}, approval=approval)
    assert (await desk.ok(shop.staff, "find_customers", {"words": "erased"}))["total"] == 0
    assert (await desk.call(shop.staff, "get_customer", {"customer": "ben@first.example"})).code == "not_found"
    again = await desk.call(shop.manager, "erase_personal_data", {"customer": "Erased customer"})
    assert again.rule == "erasure.done"
    assert (await desk.ok(shop.staff, "get_order", {"order": "1005"}))["customer"] == "Erased customer"


async def test_open_business_stands_against_it(shop: Shop, desk: Desk) -> None:
    refused = await desk.call(shop.manager, "erase_personal_data", {"customer": "ben"})
    assert (refused.status, refused.rule) == (Outcome.DENIED, "erasure.open_business")
    for number in ("1006", "1007", "1009", "1010"):
        assert f"order {number}" in refused.text


async def test_a_pending_refund_stands_against_it(shop: Shop, desk: Desk) -> None:
    await settle_everything(shop)
    async with shop.units.write(shop.owner) as tx:
        refund = (
            "INSERT INTO payment_transactions (tenant_id, id, payment_id, type, state, amount_minor, currency, reason, idempotency_key, "
            "created_at, provider_reference, failure) "
            "SELECT tenant_id, gen_random_uuid(), id, 'refund', 'pending', 100, 'EUR', '', 'r', "
            "now(), '', '' FROM payments WHERE id = :payment"
        )
        await tx.connection.execute(text(refund), {"payment": shop.orders["1005"].payment_id})
    assert "1 pending refunds" in (await desk.call(shop.manager, "erase_personal_data", {"customer": "ben"})).text


async def test_only_the_owner_approves_and_only_managers_ask(shop: Shop, desk: Desk) -> None:
    await settle_everything(shop)
    assert (await desk.call(shop.staff, "erase_personal_data", {"customer": "ben"})).rule == "permission.customer:erase"
    assert (await desk.call(shop.staff, "export_personal_data", {"customer": "ben"})).rule == "permission.customer:export"
    assert (await desk.call(shop.other_owner, "erase_personal_data", {"customer": "ben@first.example"})).code == "not_found"
    approval = await desk.pending(shop.manager, "erase_personal_data", {"customer": "ben"})
    with pytest.raises(Exception, match="needs a owner or above"):
        await desk.decide(shop.manager, approval)
