"""Row security as data: which rows a caller may see, enforced by Postgres whatever the query says.

Each transaction sets `app.tenant_id` and, for a customer, `app.customer_id`; without them there are no rows. Every tenant table
is FORCEd and has one policy. A customer's view of a table is one of five kinds:

    SHARED      the shop's own things that a customer's effect touches too: catalogue, stock, carriers
    STAFF       nothing: fraud, suppliers, channels, reports
    DEPOSIT     nothing, but effects of customers add rows: figures of the shop
    Own(column) rows whose column is the customer
    Via(column, parent) rows whose parent row is visible
"""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine


@dataclass(frozen=True, slots=True)
class Own:
    """A customer sees rows whose `column` is that customer."""

    column: str = "customer_id"


@dataclass(frozen=True, slots=True)
class Via:
    """A customer sees rows whose `column` points to a row of `parent` that the customer sees."""

    column: str
    parent: str


@dataclass(frozen=True, slots=True)
class Shared:
    """A customer sees every row of the tenant."""


@dataclass(frozen=True, slots=True)
class Staff:
    """A customer sees no row."""


@dataclass(frozen=True, slots=True)
class Deposit:
    """A customer sees no row, but what a customer does may add rows."""


View = Own | Via | Shared | Staff | Deposit

VIEWS: dict[str, View] = {
    "tenants": Shared(),
    "users": Own(),
    "policy_versions": Shared(),
    "customers": Own("id"),
    "addresses": Own(),
    "categories": Shared(),
    "suppliers": Staff(),
    "products": Shared(),
    "variants": Shared(),
    "price_changes": Staff(),
    "reviews": Shared(),
    "warehouses": Shared(),
    "stock_levels": Shared(),
    "stock_movements": Shared(),
    "purchase_orders": Staff(),
    "orders": Own(),
    "order_lines": Via("order_id", "orders"),
    "order_events": Via("order_id", "orders"),
    "reservations": Via("order_line_id", "order_lines"),
    "order_changes": Via("order_id", "orders"),
    "order_change_lines": Via("order_change_id", "order_changes"),
    "payment_methods": Own(),
    "balance_movements": Via("payment_method_id", "payment_methods"),
    "payments": Via("order_id", "orders"),
    "payment_transactions": Via("payment_id", "payments"),
    "refund_lines": Via("order_line_id", "order_lines"),
    "carriers": Shared(),
    "shipments": Via("order_id", "orders"),
    "shipment_lines": Via("order_line_id", "order_lines"),
    "tracking_events": Via("shipment_id", "shipments"),
    "allocations": Staff(),
    "pick_lists": Via("order_id", "orders"),
    "pick_lines": Via("order_line_id", "order_lines"),
    "backorders": Via("order_line_id", "order_lines"),
    "carrier_services": Staff(),
    "carrier_rates": Staff(),
    "carrier_choices": Staff(),
    "carrier_incidents": Staff(),
    "carrier_claims": Staff(),
    "channels": Staff(),
    "listings": Staff(),
    "listing_issues": Staff(),
    "correction_rules": Staff(),
    "sync_runs": Staff(),
    "channel_orders": Staff(),
    "channel_messages": Staff(),
    "bulk_changes": Staff(),
    "bulk_change_rows": Staff(),
    "returns": Own(),
    "return_lines": Via("return_id", "returns"),
    "return_photos": Via("return_id", "returns"),
    "tickets": Own(),
    "ticket_messages": Via("ticket_id", "tickets"),
    "warranty_claims": Own(),
    "surveys": Own(),
    "inspections": Staff(),
    "defects": Staff(),
    "fraud_checks": Staff(),
    "fraud_rulings": Staff(),
    "order_origins": Via("order_id", "orders"),
    "block_entries": Staff(),
    "alerts": Staff(),
    "merchant_applications": Staff(),
    "segments": Staff(),
    "segment_members": Staff(),
    "interactions": Staff(),
    "consents": Own(),
    "personal_exports": Staff(),
    "articles": Shared(),
    "knowledge_sources": Staff(),
    "knowledge_chunks": Staff(),
    "knowledge_vectors": Staff(),
    "knowledge_terms": Staff(),
    "knowledge_changes": Staff(),
    "knowledge_leftovers": Staff(),
    "knowledge_embeddings": Staff(),
    "knowledge_gaps": Staff(),
    "threads": Own(),
    "runs": Own(),
    "run_events": Via("run_id", "runs"),
    "ledger": Own(),
    "approvals": Own(),
    "outbox": Shared(),
    "decisions": Staff(),
    "audit": Staff(),
    "audit_heads": Staff(),
    "counters": Shared(),
    "provider_connections": Staff(),
    "deliveries": Shared(),
    "provider_reports": Staff(),
    "document_contents": Own(),
    "documents": Own(),
    "erasures": Staff(),
    "stock_holds": Staff(),
    "coupons": Shared(),
    "coupon_uses": Via("order_id", "orders"),
    "import_runs": Staff(),
    "route_intents": Staff(),
    "route_messages": Staff(),
    "route_models": Staff(),
    "order_days": Deposit(),
    "sales_days": Deposit(),
    "dispatch_days": Deposit(),
    "arrival_days": Deposit(),
    "crons": Staff(),
    "store_items": Own(),
    "kept_answers": Own(),
}
"""Every table and what a customer sees of it. A table that is missing here stops the start."""

_TENANT = "(SELECT nullif(current_setting('app.tenant_id', true), '')::uuid)"
_CUSTOMER = "(SELECT nullif(current_setting('app.customer_id', true), '')::uuid)"


def predicate(table: str, view: View) -> str:
    """Return the SQL condition under which a row of `table` is visible and writable."""
    own_tenant = f"{'id' if table == 'tenants' else 'tenant_id'} = {_TENANT}"
    if isinstance(view, Shared):
        return own_tenant
    if isinstance(view, Staff | Deposit):
        return f"{own_tenant} AND {_CUSTOMER} IS NULL"
    if isinstance(view, Own):
        return f"{own_tenant} AND ({_CUSTOMER} IS NULL OR {view.column} = {_CUSTOMER})"
    visible = f"SELECT 1 FROM {view.parent} parent WHERE parent.tenant_id = {table}.tenant_id AND parent.id = {table}.{view.column}"
    return f"{own_tenant} AND ({_CUSTOMER} IS NULL OR EXISTS ({visible}))"


def statements(table: str, view: View) -> list[str]:
    """Return the DDL that puts `table` under row security."""
    condition = predicate(table, view)
    check = predicate(table, Shared()) if isinstance(view, Deposit) else condition
    return [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"DROP POLICY IF EXISTS tenant_rows ON {table}",
        f"CREATE POLICY tenant_rows ON {table} USING ({condition}) WITH CHECK ({check})",
    ]


def cover(table: str) -> list[str]:
    """Return the DDL with which a later revision puts its new `table` under row security and lets the app role work on it."""
    return [*statements(table, VIEWS[table]), f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO storehand_app"]


async def uncovered_tables(engine: AsyncEngine) -> list[str]:
    """Return the tables of the schema `public` that row security does not bind: must be empty, or the product does not start."""
    query = text(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND c.relname <> 'alembic_version' AND NOT "
        "(c.relrowsecurity AND c.relforcerowsecurity AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid)) ORDER BY 1"
    )
    async with engine.connect() as connection:
        return list((await connection.execute(query)).scalars())
