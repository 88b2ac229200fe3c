"""Guarantee 33: who was forgotten is found nowhere - PostgreSQL, checkpoints, Valkey, Chroma - and the audit chain is whole."""

from io import BytesIO
from time import monotonic
from typing import Any

import chromadb
import pytest
from pypdf import PdfReader
from sqlalchemy import text

from core.identity import Principal, RunContext
from core.ids import new_id
from memory.cache import EventStreams, OutgoingEvent
from memory.indexing import index_knowledge
from server.wiring import Runtime
from server.worker.forgetting import forget_people
from store import audit
from store.queries import erasure
from store.rls import VIEWS
from store.tables.runtime import Run, RunEventRow, RunStatus, Thread
from tests.support.talk import Talk
from tools import approvals
from tools.approvals import Answer, Choice
from tools.policy import Policy
from tools.result import Outcome

_SETTLE = (
    "UPDATE orders SET status = 'delivered', on_hold = false, delivered_at = coalesce(delivered_at, now()) "
    "WHERE customer_id = :customer AND status NOT IN ('cancelled', 'returned')",
    "UPDATE returns SET status = 'rejected' WHERE customer_id = :customer AND status NOT IN ('refunded', 'completed', 'cancelled')",
    "UPDATE payment_transactions t SET state = 'failed' FROM payments p JOIN orders o ON o.tenant_id = p.tenant_id AND o.id = p.order_id "
    "WHERE t.tenant_id = p.tenant_id AND t.payment_id = p.id AND o.customer_id = :customer AND t.state = 'pending'",
)


async def words_of(runtime: Runtime, who: Principal, customer: Principal) -> list[str]:
    """Return what the customer is known by, and what was said of nobody else."""
    async with runtime.units.read(who) as tx:
        query = text("SELECT name, email, phone FROM customers WHERE id = :customer")
        name, email, phone = (await tx.connection.execute(query, {"customer": customer.customer_id})).one()
    return [word for word in (name, email, phone, "12 Quai Secret", "my knee hurts") if word]


async def write(runtime: Runtime, who: Principal, *statements: str, **values: Any) -> None:
    async with runtime.units.write(who) as tx:
        for statement in statements:
            await tx.connection.execute(text(statement), {name: value for name, value in values.items() if f":{name}" in statement})


async def be_talked_about(runtime: Runtime, merchant: Principal, customer: Principal, words: list[str]) -> None:
    """Let the customer talk, let staff talk about them, and plant what they are known by wherever words are kept."""
    name, email = words[0], words[1]
    said = f"I am {name}, I live at 12 Quai Secret and my knee hurts. Where is my order?"
    await (await Talk.open(runtime, customer)).say(said)
    staff = await Talk.open(runtime, merchant)
    await staff.say(f"show me the customer {email}")
    await staff.say(f"note for later: {name} of 12 Quai Secret says my knee hurts")
    ctx = RunContext(merchant, idempotency_key=str(new_id()))
    noted = await runtime.executor.execute(ctx, "add_interaction", {"customer": email, "summary": f"{name}: my knee hurts"})
    assert noted.status is Outcome.OK, noted
    article = (
        "INSERT INTO articles (tenant_id, id, slug, title, body, category, status, visibility, updated_at) VALUES "
        "(:tenant, gen_random_uuid(), 'regulars', 'Regular customers', :body, 'faq', 'published', 'internal', now())"
    )
    body = f"## Regulars\n\n{name} ({email}) of 12 Quai Secret prefers mornings."
    await write(runtime, merchant, article, tenant=merchant.tenant_id, body=body)
    address = 'UPDATE orders SET ship_to = ship_to || \'{"line1": "12 Quai Secret"}\' WHERE customer_id = :customer'
    await write(runtime, merchant, address, customer=customer.customer_id)
    await index_knowledge(runtime.units, merchant, runtime.index)
    event = OutgoingEvent(merchant.tenant_id, "order.placed", "k", f'{{"name": "{name.upper()}"}}'.encode())
    await EventStreams(runtime.valkey).append([event])


async def erase(runtime: Runtime, merchant: Principal, email: str) -> dict[str, Any]:
    """Ask for the erasure, approve it, and return what it says."""
    args, executor = {"customer": email}, runtime.executor
    asked = await executor.execute(RunContext(merchant, idempotency_key=str(new_id())), "erase_personal_data", args)
    assert asked.approval_id is not None, asked
    async with runtime.units.write(merchant) as tx:
        await approvals.decide(tx, executor.toolbox["erase_personal_data"], asked.approval_id, Answer(decision=Choice.APPROVE), Policy())
    ctx = RunContext(merchant, idempotency_key=str(new_id()), approval_id=asked.approval_id)
    done = await executor.execute(ctx, "erase_personal_data", args)
    assert done.status is Outcome.OK, done
    return done.data


async def residue(runtime: Runtime, who: Principal, words: list[str]) -> dict[str, list[str]]:
    """Return where words still stand: every row of every table, checkpoints as bytes, every key of Valkey, every text in Chroma."""
    found: dict[str, set[str]] = {}

    def look(place: str, said: str | bytes) -> None:
        whole = (said.decode("utf-8", "replace") if isinstance(said, bytes) else said).lower()
        found.setdefault(place, set()).update(word for word in words if word.lower() in whole)

    async with runtime.units.read(who) as tx:
        for table in VIEWS:
            for body in (await tx.connection.execute(text(f"SELECT to_jsonb(t)::text FROM {table} t"))).scalars():
                look(table, body)
        for body in (await tx.connection.execute(text("SELECT body FROM kept_answers"))).scalars():
            look("kept_answers", body)
        papers = "SELECT d.kind, c.content FROM documents d JOIN document_contents c ON c.id = d.content_id"
        for kind, content in await tx.connection.execute(text(papers)):
            look(f"paper: {kind}", "\n".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages))
        for table in ("checkpoints", "checkpoint_blobs", "checkpoint_writes"):
            for row in await tx.connection.execute(text(f"SELECT * FROM checkpoints.{table}")):
                for value in row:
                    look(table, value if isinstance(value, bytes) else str(value))
    client = runtime.valkey.commands
    async for key in client.scan_iter():
        kind = await client.type(key)
        value = await (client.xrange(key) if kind == b"stream" else client.hgetall(key) if kind == b"hash" else client.get(key))
        look("valkey", str(value))
    chroma = await chromadb.AsyncHttpClient(host=runtime.endpoints.chroma_url)
    for collection in await chroma.list_collections():
        look("chroma", str(await collection.get(include=["documents", "metadatas"])))
    return {place: sorted(hits) for place, hits in found.items() if hits}


async def test_guarantee_33_an_erased_person_leaves_no_residual_hit_within_a_minute(
    indexed: Runtime, merchant: Principal, customer: Principal
) -> None:
    await indexed.valkey.commands.flushdb()  # streams of other tests, which belong to other copies of the database
    words = await words_of(indexed, merchant, customer)
    await be_talked_about(indexed, merchant, customer, words)
    before = await residue(indexed, merchant, words)
    assert before.keys() >= {"run_events", "articles", "valkey", "paper: packing_slip", "paper: shipping_label", "paper: invoice"}
    assert before.keys() & {"checkpoint_blobs", "checkpoint_writes", "checkpoints"}
    await write(indexed, merchant, *_SETTLE, customer=customer.customer_id)
    began = monotonic()
    done = await erase(indexed, merchant, words[1])
    assert await forget_people(indexed) == 1
    assert monotonic() - began < 60
    left = await residue(indexed, merchant, words)
    assert {place: hits for place, hits in left.items() if place != "paper: invoice"} == {}
    assert "tax law requires them to be kept unchanged for 10 years" in done["invoices"]
    assert await forget_people(indexed) == 0
    async with indexed.units.read(merchant) as tx:
        for table in ("knowledge_changes", "knowledge_leftovers"):
            waiting = (await tx.connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar()
            assert waiting == 0, "the vectors were made again without the person"
        assert (await audit.verify(tx)).broken_at is None
        kinds = "SELECT DISTINCT kind FROM documents WHERE customer_id = :customer"
        assert set((await tx.connection.execute(text(kinds), {"customer": customer.customer_id})).scalars()) == {"invoice"}


async def test_what_somebody_was_just_writing_about_a_person_goes_when_they_have_ended(
    indexed: Runtime, merchant: Principal, customer: Principal
) -> None:
    words = await words_of(indexed, merchant, customer)
    thread, run = new_id(), new_id()
    about: dict[str, Any] = {"tenant_id": merchant.tenant_id, "user_id": merchant.user_id}
    async with indexed.units.write(merchant) as tx:
        at = {"created_at": tx.now, "updated_at": tx.now}
        tx.add(Thread(id=thread, meta={"title": f"forget {words[0]}"}, **about, **at))
        await tx.session.flush()
        run_row = Run(id=run, thread_id=thread, assistant="ops", idempotency_key="k", status=RunStatus.RUNNING, seq=1, **about, **at)
        tx.add(run_row)
        await tx.session.flush()
        said = {"type": "message", "message": {"id": "m", "type": "human", "content": f"erase {words[1]}"}}
        tx.session.add(RunEventRow(tenant_id=tx.tenant_id, run_id=run, seq=1, type="message", body=said, at=tx.now))
    await write(indexed, merchant, *_SETTLE, customer=customer.customer_id)
    await erase(indexed, merchant, words[1])
    assert await forget_people(indexed) == 0, "somebody works on a conversation that names the person"
    await write(indexed, merchant, "UPDATE runs SET status = 'success' WHERE id = :run", run=run)
    assert await forget_people(indexed) == 1
    async with indexed.units.read(merchant) as tx:
        body = (await tx.connection.execute(text("SELECT body FROM run_events WHERE run_id = :run"), {"run": run})).scalar_one()
        title = (await tx.connection.execute(text("SELECT meta FROM threads WHERE id = :thread"), {"thread": thread})).scalar_one()
    assert (body["message"], title) == ({"id": "m", "type": "human", "content": "[erased]"}, {})


async def test_a_customer_cannot_call_what_forgets(runtime: Runtime, customer: Principal) -> None:
    for call in ("erase_papers(gen_random_uuid())", "redact_conversations(ARRAY['%'])"):
        with pytest.raises(Exception, match="not for customers"):
            async with runtime.units.write(customer) as tx:
                await tx.connection.execute(text(f"SELECT {call}"))


async def test_what_is_looked_for_is_not_kept(indexed: Runtime, merchant: Principal, customer: Principal) -> None:
    words = await words_of(indexed, merchant, customer)
    await write(indexed, merchant, *_SETTLE, customer=customer.customer_id)
    await erase(indexed, merchant, words[1])
    (row,) = await indexed.units.call("open_erasures")
    async with indexed.units.read(merchant) as tx:
        assert words[0] in (await erasure.by_id(tx, row["id"])).words
    await forget_people(indexed)
    async with indexed.units.read(merchant) as tx:
        assert (await erasure.by_id(tx, row["id"])).words == []
