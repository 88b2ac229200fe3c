"""Work that crosses modules: a merchant with a missing document, and a fraud review from the order to the customer's e-mail."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from store import audit, outbox
from tests.support.desk import Desk
from tests.support.people import people_desk, place
from tests.support.placing import ADDRESS
from tests.support.shop import Shop
from tools.fraud.scoring import score
from tools.policy import Policy
from tools.result import Outcome


@pytest.fixture
def desk(shop: Shop) -> Desk:
    return people_desk(shop)


async def told(shop: Shop) -> list[dict[str, Any]]:
    async with shop.units.read(shop.owner) as tx:
        found = await tx.connection.execute(text("SELECT body FROM outbox WHERE topic = 'email.requested' ORDER BY id"))
        return list(found.scalars())


async def test_a_merchant_with_a_missing_document_is_asked_for_it_and_then_approved(shop: Shop, desk: Desk) -> None:
    entered = await desk.ok(
        shop.staff,
        "submit_application",
        {
            "company": "Nordic Wool",
            "contact": "Freja Holst",
            "email": "freja@wool.example",
            "country": "DK",
            "monthly_orders": 1_250,
            "licence": "DK-7712",
        },
    )
    number = entered["application"]["application"]
    await desk.ok(shop.manager, "review_application", {"application": number, "decision": "start"})
    refused = await desk.call(shop.manager, "review_application", {"application": number, "decision": "approve"})
    assert (refused.rule, refused.allowed) == ("onboarding.documents_missing", ["request the tax certificate"])

    asked = await desk.ok(shop.staff, "request_documents", {"application": number, "note": "A scan is enough"})
    assert (asked["application"]["status"], asked["application"]["requested"]) == ("documents_required", ["tax_certificate"])
    [mail] = await told(shop)
    assert (mail["template"], mail["to"], mail["data"]["missing"]) == ("documents_required", "freja@wool.example", "tax certificate")
    waiting = await desk.call(shop.manager, "review_application", {"application": number, "decision": "approve"})
    assert waiting.rule == "onboarding.transition"

    filed = {"application": number, "document": "tax_certificate", "reference": "TAX-DK-118"}
    complete = await desk.ok(shop.staff, "add_application_document", filed)
    assert (complete["application"]["status"], complete["application"]["requested"]) == ("under_review", [])
    approved = await desk.ok(shop.manager, "review_application", {"application": number, "decision": "approve"})
    assert (approved["application"]["status"], approved["application"]["commission_percent"]) == ("approved", "12")
    assert [mail["template"] for mail in await told(shop)] == ["documents_required", "application_approved"]
    assert (await desk.ok(shop.staff, "onboarding_queue", {}))["total"] == 0


async def test_a_suspicious_order_is_held_explained_decided_on_and_the_customer_is_told(shop: Shop, desk: Desk) -> None:
    async with shop.units.write(shop.ana) as tx:
        other = {**ADDRESS, "line1": "9 Quai Bas", "postal_code": "33000", "city": "Bordeaux"}
        order = await place(tx, shop, shop.ana, "3001", total=150_000, quantity=12, declines=3, bill_to=other, ago=timedelta(minutes=5))
        await score(tx, order, Policy())
        await outbox.flush(tx, "placed:3001")

    queue = await desk.ok(shop.staff, "fraud_review_queue", {})
    assert [(held["order"], held["score"]) for held in queue["orders"]] == [("3001", 70)]
    explained = await desk.call(shop.staff, "explain_hold", {"order": "3001"})
    for reason in ("€1,500.00 is over €1,000.00", "12 units are more than 10", "3 failed payments", "Billed in Bordeaux, shipped to Lyon"):
        assert reason in explained.text
    assert (await desk.call(shop.staff, "decide_fraud", {"order": "3001", "outcome": "approve", "reason": "x"})).status is Outcome.DENIED

    decision = {"order": "3001", "outcome": "approve", "reason": "Verified by phone: an office order"}
    done = await desk.confirmed(shop.manager, "decide_fraud", decision)
    assert done.status is Outcome.OK
    assert done.data["on_hold"] is False
    [mail] = await told(shop)
    assert (mail["template"], mail["order"], mail["customer"]) == ("fraud_decision", "3001", str(shop.ana.customer_id))

    later = await desk.ok(shop.staff, "explain_hold", {"order": "3001"})
    assert (later["score"], later["reviewed_by"], later["ruling_reason"]) == (70, "Max Manager", "Verified by phone: an office order")
    assert (await desk.ok(shop.staff, "fraud_review_queue", {}))["total"] == 0
    again = await desk.call(shop.manager, "decide_fraud", {**decision, "outcome": "block"})
    assert again.rule == "fraud.already_decided"
    async with shop.units.read(shop.owner) as tx:
        assert (await audit.verify(tx)).broken_at is None
