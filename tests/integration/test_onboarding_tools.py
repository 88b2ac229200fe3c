"""What onboarding promises: nobody is approved without the documents, commission follows the volume, one open application each."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tests.support.desk import Desk
from tests.support.people import people_desk
from tests.support.shop import Shop
from tools.result import Outcome

LUMEN = {"company": "Lumen Lights", "contact": "Anna Ricci", "email": "Anna@lumen.example", "country": "IT", "monthly_orders": 400}


@pytest.fixture
def desk(shop: Shop) -> Desk:
    return people_desk(shop)


async def submitted(shop: Shop, desk: Desk, **more: object) -> str:
    data = await desk.ok(shop.staff, "submit_application", {**LUMEN, **more})
    return data["application"]["application"]


async def mails(shop: Shop) -> list[dict[str, Any]]:
    async with shop.units.read(shop.owner) as tx:
        found = await tx.connection.execute(text("SELECT body FROM outbox WHERE topic = 'email.requested' ORDER BY id"))
        return list(found.scalars())


@pytest.mark.parametrize(("volume", "commission"), [(0, "15"), (1000, "15"), (1001, "12")])
async def test_a_complete_application_is_approved_with_its_commission(shop: Shop, desk: Desk, volume: int, commission: str) -> None:
    number = await submitted(shop, desk, licence="IT-1", tax_certificate="TAX-1", monthly_orders=volume)
    approved = await desk.ok(shop.manager, "review_application", {"application": number, "decision": "approve"})
    assert approved["application"]["status"] == "approved"
    assert approved["application"]["commission_percent"] == commission
    assert [(mail["template"], mail["to"]) for mail in await mails(shop)] == [("application_approved", "anna@lumen.example")]


async def test_without_documents_nobody_is_approved_whatever_path_is_taken(shop: Shop, desk: Desk) -> None:
    number = await submitted(shop, desk, licence="IT-1")
    refused = await desk.call(shop.manager, "review_application", {"application": number, "decision": "approve"})
    assert (refused.status, refused.rule, refused.allowed) == (
        Outcome.DENIED,
        "onboarding.documents_missing",
        ["request the tax certificate"],
    )
    with pytest.raises(IntegrityError, match="merchant_applications_approved_check"):
        async with shop.units.write(shop.owner) as tx:
            await tx.connection.execute(
                text("UPDATE merchant_applications SET status = 'approved', decided_at = now(), commission_bp = 1500")
            )


async def test_a_rejection_needs_a_reason_and_is_final(shop: Shop, desk: Desk) -> None:
    number = await submitted(shop, desk)
    args = {"application": number, "decision": "reject"}
    assert (await desk.call(shop.manager, "review_application", args)).rule == "onboarding.reason_needed"
    await desk.ok(shop.manager, "review_application", {**args, "note": "Not our kind of goods"})
    again = await desk.call(shop.manager, "review_application", {"application": number, "decision": "start"})
    assert (again.rule, "it is final" in again.text) == ("onboarding.transition", True)
    late = {"application": number, "document": "licence", "reference": "IT-9"}
    assert (await desk.call(shop.staff, "add_application_document", late)).rule == "onboarding.decided"
    assert await submitted(shop, desk) == "M-1002"


async def test_the_queue_says_what_is_missing(shop: Shop, desk: Desk) -> None:
    await submitted(shop, desk, licence="IT-1")
    await submitted(shop, desk, email="b@second.example", company="Nordic Wool", licence="DK-1", tax_certificate="TAX-2")
    queue = await desk.ok(shop.staff, "onboarding_queue", {})
    assert [(each["application"], each["missing"]) for each in queue["applications"]] == [("M-1001", ["tax_certificate"]), ("M-1002", [])]
    assert (await desk.ok(shop.staff, "onboarding_queue", {"status": "approved"}))["total"] == 0
    complete = await desk.call(shop.staff, "request_documents", {"application": "M-1002"})
    assert complete.rule == "onboarding.complete"


async def test_a_merchant_has_one_open_application(shop: Shop, desk: Desk) -> None:
    results = await asyncio.gather(*(desk.call(shop.staff, "submit_application", LUMEN) for _ in range(20)))
    assert sum(result.status is Outcome.OK for result in results) == 1
    again = await desk.call(shop.staff, "submit_application", {**LUMEN, "email": "anna@LUMEN.example"})
    assert again.rule == "onboarding.already_open"


async def test_two_reviewers_decide_once(shop: Shop, desk: Desk) -> None:
    number = await submitted(shop, desk, licence="IT-1", tax_certificate="TAX-1")
    decisions = [{"application": number, "decision": decision, "note": "Checked"} for decision in ("approve", "reject")] * 10
    results = await asyncio.gather(*(desk.call(shop.manager, "review_application", each) for each in decisions))
    assert sorted(result.status for result in results) == [Outcome.DENIED] * 19 + [Outcome.OK]
    assert len(await mails(shop)) == 1


async def test_staff_enter_managers_decide_and_nobody_else_sees_it(shop: Shop, desk: Desk) -> None:
    number = await submitted(shop, desk)
    args = {"application": number, "decision": "start"}
    assert (await desk.call(shop.staff, "review_application", args)).rule == "permission.onboarding:decide"
    assert (await desk.call(shop.ana, "onboarding_queue", {})).status is Outcome.DENIED
    assert (await desk.call(shop.other_owner, "review_application", args)).code == "not_found"
    assert (await desk.ok(shop.other_owner, "onboarding_queue", {}))["total"] == 0
