"""The demo shop has documents to look at, and they reach whom they concern."""

from typing import Any

import httpx
from sqlalchemy import text

from core.identity import Principal, RunContext
from core.ids import new_id
from server.app import create_app
from server.auth import issue
from server.wiring import Runtime
from tools.result import Outcome


async def test_each_kind_of_document_is_there_and_the_invoice_of_1017_downloads(runtime: Runtime, merchant: Principal) -> None:
    async with runtime.units.read(merchant) as tx:
        kinds = set((await tx.connection.execute(text("SELECT kind FROM documents"))).scalars())
        assert (await tx.connection.execute(text("SELECT count(*) FROM outbox"))).scalar() == 0
    assert kinds == {"invoice", "packing_slip", "shipping_label", "return_label", "sales_report"}
    ctx = RunContext(merchant, idempotency_key=str(new_id()))
    asked = await runtime.executor.execute(ctx, "create_invoice", {"order": "1017"})
    assert (asked.status, asked.data["fresh"]) == (Outcome.OK, False)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(create_app(runtime)), base_url="http://shop") as http:
        assert (await http.get(asked.data["link"])).status_code == 401
        answer = await http.get(asked.data["link"], headers={"Authorization": f"Bearer {issue(runtime, merchant, 60)}"})
    assert (answer.status_code, answer.content[:5]) == (200, b"%PDF-")
    assert f'filename="{str(asked.data["number"]).lower()}.pdf"' in answer.headers["content-disposition"]


async def test_a_customer_has_documents_of_their_own_only(runtime: Runtime, customer: Principal, other_customer: Principal) -> None:
    mine, theirs = await listed(runtime, customer), await listed(runtime, other_customer)
    assert mine
    assert mine.isdisjoint(theirs)


async def listed(runtime: Runtime, who: Principal) -> set[str]:
    """Return the documents that somebody is shown."""
    found: Any = (await runtime.executor.execute(RunContext(who, idempotency_key=str(new_id())), "list_documents", {})).data
    return {each["id"] for each in found["items"]}
