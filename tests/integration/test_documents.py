"""Documents: real PDFs that say what the rows say, made once, numbered without a gap, and seen by those whom they concern."""

import asyncio
from io import BytesIO
from typing import Any

import httpx
import pytest
from pypdf import PdfReader
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from core.identity import Principal
from server.app import create_app
from server.auth import issue
from server.wiring import Runtime
from store.queries import documents
from tests.support.desk import Desk
from tests.support.shop import Shop
from tools.result import Outcome, ToolResult


async def pdf(shop: Shop, who: Principal, made: dict[str, Any]) -> bytes:
    async with shop.units.read(who) as tx:
        return await documents.content(tx, await documents.get(tx, made["id"]))


async def said(shop: Shop, who: Principal, made: dict[str, Any]) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(await pdf(shop, who, made))).pages)


async def change(shop: Shop, statement: str, **values: object) -> None:
    async with shop.units.write(shop.owner) as tx:
        await tx.connection.execute(text(statement), values)


async def test_an_invoice_says_what_was_bought_and_paid(shop: Shop, desk: Desk) -> None:
    made = await desk.ok(shop.ana, "create_invoice", {"order": "1002"})
    assert (made["number"], made["link"], made["fresh"]) == ("INV-1001", f"/v1/documents/{made['id']}", True)
    words = await said(shop, shop.ana, made)
    for expected in (
        "Invoice INV-1001",
        "1002",
        "Aurora Headset, Black",
        "HEADSET-BLK",
        "€90.00",
        "-€10.00",
        "€5.00",
        "€185.00",
        "Visa ending 4242",
    ):
        assert expected in words
    assert "Including VAT 20 %" in words
    assert "€30.83" in words, "185.00 holds 30.83 of tax at 20 %"


async def test_names_beyond_latin_1_are_printed(shop: Shop, desk: Desk) -> None:
    name = "Zoë Łukasiewicz Škvorecký Ольга Ελένη Nguyễn"
    await change(shop, "UPDATE orders SET bill_to = bill_to || jsonb_build_object('name', cast(:name AS text))", name=name)
    assert name in (await said(shop, shop.ana, await desk.ok(shop.ana, "create_invoice", {"order": "1004"}))).replace("\n", " ")


async def test_an_invoice_is_made_once_and_numbers_have_no_gap(shop: Shop, desk: Desk) -> None:
    async def invoice(order: str) -> ToolResult:
        return await desk.call(shop.staff, "create_invoice", {"order": order})

    done = await asyncio.gather(*(invoice(order) for order in ("1002", "1003", "1004", "1005", "1009") * 5))
    assert {each.status for each in done} == {Outcome.OK}
    numbers = {str(each.data["number"]) for each in done}
    assert numbers == {f"INV-{number}" for number in range(1001, 1006)}
    assert sum(bool(each.data["fresh"]) for each in done) == 5


async def test_an_invoice_stays_as_it_was_made(shop: Shop, desk: Desk) -> None:
    made = await desk.ok(shop.ana, "create_invoice", {"order": "1004"})
    before = await pdf(shop, shop.ana, made)
    await desk.ok(shop.staff, "issue_refund", {"order": "1004", "amount": "10"})
    again = await desk.ok(shop.ana, "create_invoice", {"order": "1004"})
    assert (again["id"], again["fresh"]) == (made["id"], False)
    assert await pdf(shop, shop.ana, again) == before


@pytest.mark.parametrize(("order", "rule"), [("1007", "invoice.unpaid"), ("1008", "invoice.cancelled")])
async def test_what_was_not_paid_has_no_invoice(shop: Shop, desk: Desk, order: str, rule: str) -> None:
    assert (await desk.call(shop.ben, "create_invoice", {"order": order})).rule == rule


async def test_other_people_s_documents_do_not_exist(shop: Shop, desk: Desk) -> None:
    made = await desk.ok(shop.ana, "create_invoice", {"order": "1004"})
    report = await desk.ok(shop.staff, "create_sales_report", {"days": 30})
    for who in (shop.ben, shop.eve, shop.other_owner):
        assert (await desk.call(who, "get_document", {"document": made["id"]})).code == "not_found"
        assert (await desk.call(who, "get_document", {"document": report["id"]})).code == "not_found"
        assert (await desk.ok(who, "list_documents", {}))["total"] == 0
    assert (await desk.call(shop.ben, "create_invoice", {"order": "1004"})).code == "not_found"
    assert (await desk.ok(shop.ana, "list_documents", {}))["total"] == 1
    assert (await desk.ok(shop.owner, "list_documents", {"kind": "sales_report"}))["total"] == 1


async def test_a_packing_slip_lists_units_without_prices(shop: Shop, desk: Desk) -> None:
    made = await desk.ok(shop.staff, "create_packing_slip", {"order": "1009"})
    words = await said(shop, shop.staff, made)
    assert "Desk Lamp" in words
    assert "4 units in all" in words
    assert "€" not in words
    assert (await desk.ok(shop.staff, "create_packing_slip", {"order": "1009"}))["id"] == made["id"]
    assert (await desk.call(shop.ben, "create_packing_slip", {"order": "1009"})).status is Outcome.DENIED


async def test_nothing_new_is_printed_of_a_person_who_was_erased(shop: Shop, desk: Desk) -> None:
    async with shop.units.write(shop.owner) as tx:
        number = "SELECT s.number FROM shipments s JOIN orders o ON o.id = s.order_id WHERE o.customer_id = :customer LIMIT 1"
        parcel = (await tx.connection.execute(text(number), {"customer": shop.ana.customer_id})).scalar_one()
        erased = text("UPDATE customers SET erased_at = :now WHERE id = :customer")
        await tx.connection.execute(erased, {"now": tx.now, "customer": shop.ana.customer_id})
    for tool, args in (("create_packing_slip", {"order": "1004"}), ("create_shipping_label", {"shipment": parcel})):
        assert (await desk.call(shop.staff, tool, args)).rule == "document.person_erased", tool


async def test_a_shipping_label_carries_the_tracking_number(shop: Shop, desk: Desk) -> None:
    async with shop.units.read(shop.owner) as tx:
        query = "SELECT number, tracking_number FROM shipments WHERE order_id = :order"
        parcel = (await tx.connection.execute(text(query), {"order": shop.orders["1003"].id})).one()
    made = await desk.ok(shop.staff, "create_shipping_label", {"shipment": parcel.tracking_number})
    words = await said(shop, shop.staff, made)
    assert parcel.tracking_number in words
    assert "DPD" in words
    assert (await desk.call(shop.ana, "get_document", {"document": made["id"]})).code == "not_found", "labels are the shop's own"
    await change(shop, "UPDATE shipments SET tracking_number = number WHERE order_id = :order", order=shop.orders["1003"].id)
    assert (await desk.call(shop.staff, "create_shipping_label", {"shipment": parcel.number})).rule == "label.no_tracking"


async def test_a_customer_prints_the_label_of_an_approved_return(shop: Shop, desk: Desk) -> None:
    asked = await desk.confirmed(shop.ana, "request_return", {"order": "1004", "item": "tee", "quantity": 1, "reason": "size_fit"})
    number = str(asked.data["return_number"])
    made = await desk.ok(shop.ana, "create_return_label", {"return_number": number})
    words = await said(shop, shop.ana, made)
    assert number in words
    assert "First, Returns" in words
    assert (await desk.ok(shop.ana, "create_return_label", {"return_number": number}))["id"] == made["id"]
    assert (await desk.call(shop.ben, "create_return_label", {"return_number": number})).code == "not_found"
    await change(shop, "UPDATE returns SET status = 'rejected' WHERE number = :number", number=number)
    assert (await desk.call(shop.ana, "create_return_label", {"return_number": number})).rule == "label.return_not_approved"


async def test_a_sales_report_has_the_figures_of_whole_days(shop: Shop, desk: Desk) -> None:
    made = await desk.ok(shop.staff, "create_sales_report", {"days": 30})
    words = await said(shop, shop.staff, made)
    for expected in ("Sales report, 30 days", "19 October 2026 to 17 November 2026", "Revenue by day", "Best sellers", "Oak Armchair"):
        assert expected in words
    assert (await desk.ok(shop.staff, "create_sales_report", {"days": 30}))["id"] == made["id"]
    assert (await desk.call(shop.ana, "create_sales_report", {})).status is Outcome.DENIED


async def test_postgres_keeps_contents_true_and_unchanged(shop: Shop, desk: Desk) -> None:
    await desk.ok(shop.ana, "create_invoice", {"order": "1004"})
    values = "SELECT tenant_id, gen_random_uuid(), 'x', 'y' FROM documents"
    with pytest.raises(IntegrityError, match="document_contents_hash_check"):
        await change(shop, f"INSERT INTO document_contents (tenant_id, id, sha256, content) {values}")
    with pytest.raises(DBAPIError, match="permission denied"):
        await change(shop, "UPDATE document_contents SET content = 'z'")
    with pytest.raises(DBAPIError, match="permission denied"):
        await change(shop, "DELETE FROM documents")


async def test_the_file_is_downloaded_by_its_owner_alone(
    runtime: Runtime, merchant: Principal, customer: Principal, other_customer: Principal
):
    from core.identity import RunContext

    async with runtime.units.read(customer) as tx:
        query = (
            "SELECT o.number FROM orders o JOIN payments p ON p.tenant_id = o.tenant_id AND p.order_id = o.id WHERE p.captured_minor > 0"
        )
        number = (await tx.connection.execute(text(f"{query} AND o.status <> 'cancelled' LIMIT 1"))).scalar_one()
    made = await runtime.executor.execute(RunContext(customer, idempotency_key="invoice"), "create_invoice", {"order": number})
    assert made.status is Outcome.OK, made
    transport = httpx.ASGITransport(create_app(runtime))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as http:

        async def get(who: Principal | None) -> httpx.Response:
            headers = {"Authorization": f"Bearer {issue(runtime, who, 60)}"} if who else {}
            return await http.get(str(made.data["link"]), headers=headers)

        own = await get(customer)
        assert (own.status_code, own.headers["content-type"]) == (200, "application/pdf")
        assert own.headers["content-disposition"] == f'attachment; filename="{str(made.data["number"]).lower()}.pdf"'
        assert own.content.startswith(b"%PDF-")
        assert (await get(merchant)).content == own.content
        assert (await get(other_customer)).status_code == 404
        assert (await get(None)).status_code == 401
