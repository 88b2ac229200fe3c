"""The rights of a person over their data: a copy of everything, and to be forgotten."""

from dataclasses import dataclass
from datetime import timedelta

from core.identity import Permission, RunContext
from core.ids import new_id
from store.queries import personal
from store.tables.customers import Customer
from store.tables.relations import PersonalExport
from store.unit import Tx
from tools.arguments import CustomerRef
from tools.customers.module import module
from tools.customers.results import DataErased, DataExported
from tools.customers.which import meant
from tools.policy import Policy
from tools.policy.customers import ErasurePlan, decide_erasure, decide_note
from tools.spec import Args, Audience, Effect


class ExportPersonalData(Args):
    """Whose data to export."""

    customer: CustomerRef


@dataclass(frozen=True, slots=True)
class _Export:
    customer: Customer
    days: int


async def _export(tx: Tx, args: ExportPersonalData, _ctx: RunContext, policy: Policy) -> _Export:
    return _Export(await meant(tx, args.customer), policy.customers.export_days)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.CUSTOMER_EXPORT,
    audience=Audience.STAFF,
    facts=_export,
    policy=lambda _policy, facts, _args, principal: decide_note(facts, principal),
    timeout=60.0,
    examples=(
        "export all personal data of Alice Moreau",
        "GDPR request: everything we hold about clara.jensen@mail.example",
        "data subject access request for Bruno Keller",
        "give me a copy of all data of this customer: damian.voss@mail.example",
        "prepare the data export for Alice",
        "download the personal data of Bruno",
    ),
)
async def export_personal_data(tx: Tx, args: ExportPersonalData, _ctx: RunContext, export: _Export) -> DataExported:
    """Export everything that is held about a person as one JSON document, for a request of access."""
    body = await personal.document(tx, export.customer)
    row = PersonalExport(
        id=new_id(),
        tenant_id=tx.tenant_id,
        customer_id=export.customer.id,
        body=body,
        requested_by=(tx.principal.name or tx.principal.role.value)[:120],
        created_at=tx.now,
        expires_at=tx.now + timedelta(days=export.days),
    )
    tx.add(row)
    tx.emit("customer.exported", customer=str(export.customer.id), export=str(row.id))
    return DataExported(
        customer=export.customer.name,
        export=str(row.id),
        link=f"/v1/exports/{row.id}",
        rows={section: len(rows) for section, rows in body.items()},
        bytes=personal.size_of(body),
        expires_at=row.expires_at,
    )


class ErasePersonalData(Args):
    """Who asked to be forgotten."""

    customer: CustomerRef


@dataclass(frozen=True, slots=True)
class _Erasure:
    customer: Customer
    plan: ErasurePlan


async def _erasure(tx: Tx, args: ErasePersonalData, _ctx: RunContext, policy: Policy) -> _Erasure:
    customer = await meant(tx, args.customer, lock=True)
    business = await personal.open_business(tx, customer.id)
    held = await personal.held(tx, customer.id)
    plan = ErasurePlan(
        customer=customer.name,
        email=customer.email,
        erased=customer.erased_at is not None,
        open_orders=business.orders,
        open_returns=business.returns,
        pending_refunds=business.refunds,
        rows={
            "addresses": held.addresses,
            "contacts": held.contacts,
            "conversations": held.conversations,
            "exports": held.exports,
            "slips and labels": held.papers,
        },
        kept={"orders": held.orders, "returns": held.returns, "tickets": held.tickets},
        invoices=held.invoices,
        invoice_years=policy.documents.invoice_years,
    )
    return _Erasure(customer, plan)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.CUSTOMER_ERASE,
    audience=Audience.STAFF,
    facts=_erasure,
    policy=lambda _policy, facts, _args, principal: decide_erasure(facts.plan, principal),
    timeout=60.0,
    examples=(
        "erase all personal data of Alice Moreau",
        "clara.jensen@mail.example wants to be forgotten",
        "GDPR erasure for Bruno Keller",
        "delete everything personal about damian.voss@mail.example",
        "right to be forgotten: remove this customer's data",
        "anonymise the customer Alice Moreau",
    ),
)
async def erase_personal_data(tx: Tx, args: ErasePersonalData, _ctx: RunContext, erasure: _Erasure) -> DataErased:
    """Erase everything personal of a customer; orders and invoices stay for the books. The owner approves."""
    reference = erasure.customer.id
    await personal.erase(tx, erasure.customer)
    tx.emit("customer.erased", customer=str(reference))
    return DataErased(reference=str(reference), removed=erasure.plan.rows, kept=erasure.plan.kept, invoices=erasure.plan.kept_invoices)
