"""Row security, roles, and the functions that may look across tenants."""

from alembic import op

from store.rls import VIEWS, statements

revision = "0002"
down_revision = "0001"

_ROLES = """
DO $$
DECLARE
  wanted text;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['storehand_app', 'storehand_relay'] LOOP
    BEGIN
      IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = wanted) THEN EXECUTE format('CREATE ROLE %I NOLOGIN', wanted); END IF;
    EXCEPTION WHEN unique_violation OR duplicate_object THEN
      NULL;  -- roles belong to the whole cluster: another database of it is migrated at the same time
    END;
  END LOOP;
END $$;
"""
_GRANTS = """
GRANT storehand_app, storehand_relay TO CURRENT_USER;
GRANT USAGE ON SCHEMA public TO storehand_app, storehand_relay;
GRANT CREATE ON SCHEMA public TO storehand_relay;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO storehand_app;
REVOKE INSERT, UPDATE, DELETE ON audit, audit_heads FROM storehand_app;
REVOKE UPDATE ON run_events FROM storehand_app;
REVOKE DELETE ON ledger, policy_versions FROM storehand_app;
REVOKE ALL ON alembic_version FROM storehand_app;
GRANT SELECT ON users, tenants TO storehand_relay;
GRANT SELECT, UPDATE ON runs, outbox TO storehand_relay;
GRANT SELECT, INSERT, UPDATE ON audit, audit_heads TO storehand_relay;
"""

_TABLES = (
    "tenants",
    "users",
    "policy_versions",
    "customers",
    "addresses",
    "categories",
    "suppliers",
    "products",
    "variants",
    "price_changes",
    "reviews",
    "warehouses",
    "stock_levels",
    "stock_movements",
    "purchase_orders",
    "orders",
    "order_lines",
    "order_events",
    "reservations",
    "payments",
    "payment_transactions",
    "refund_lines",
    "carriers",
    "shipments",
    "shipment_lines",
    "tracking_events",
    "channels",
    "listings",
    "listing_issues",
    "returns",
    "return_lines",
    "tickets",
    "fraud_checks",
    "block_entries",
    "articles",
    "threads",
    "runs",
    "run_events",
    "ledger",
    "approvals",
    "outbox",
    "audit",
    "audit_heads",
    "counters",
)
"""The tables of revision 0001; later revisions cover their own."""

_RELAY_TABLES = ("users", "tenants", "runs", "outbox", "audit", "audit_heads")

_FUNCTIONS = """
CREATE FUNCTION sign_in_lookup(email text)
RETURNS TABLE (tenant_id uuid, tenant_name text, user_id uuid, name text, role text, customer_id uuid, password_hash text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT u.tenant_id, t.name::text, u.id, u.name::text, u.role::text, u.customer_id, u.password_hash::text
  FROM users u JOIN tenants t ON t.id = u.tenant_id WHERE u.email = lower(sign_in_lookup.email)
$$;

CREATE FUNCTION claim_run(worker text, lease_seconds double precision)
RETURNS TABLE (tenant_id uuid, run_id uuid, thread_id uuid, attempt integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN QUERY
  UPDATE runs r SET status = 'running', attempt = r.attempt + 1, worker = claim_run.worker, updated_at = now(),
         lease_until = now() + make_interval(secs => claim_run.lease_seconds)
  FROM (
    SELECT q.tenant_id, q.id FROM runs q
    WHERE (q.status = 'running' AND q.lease_until < now())
       OR (q.status = 'pending' AND NOT EXISTS (
             SELECT 1 FROM runs o WHERE o.tenant_id = q.tenant_id AND o.thread_id = q.thread_id
             AND (o.status = 'running' OR (o.status = 'pending' AND (o.created_at, o.id) < (q.created_at, q.id)))))
    ORDER BY q.created_at FOR UPDATE SKIP LOCKED LIMIT 1
  ) next
  WHERE r.tenant_id = next.tenant_id AND r.id = next.id
  RETURNING r.tenant_id, r.id, r.thread_id, r.attempt;
EXCEPTION WHEN unique_violation THEN
  RETURN;
END $$;

CREATE FUNCTION claim_outbox(batch integer)
RETURNS TABLE (tenant_id uuid, id uuid, topic text, key text, body jsonb)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE outbox o SET tries = o.tries + 1 FROM (
    SELECT q.tenant_id, q.id FROM outbox q WHERE q.sent_at IS NULL ORDER BY q.id FOR UPDATE SKIP LOCKED LIMIT claim_outbox.batch
  ) next WHERE o.tenant_id = next.tenant_id AND o.id = next.id
  RETURNING o.tenant_id, o.id, o.topic::text, o.key::text, o.body
$$;

CREATE FUNCTION mark_sent(ids uuid[])
RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH done AS (UPDATE outbox SET sent_at = now() WHERE id = ANY (mark_sent.ids) AND sent_at IS NULL RETURNING 1)
  SELECT count(*)::integer FROM done
$$;

CREATE FUNCTION audit_hash(previous bytea, tenant_id uuid, seq bigint, at timestamptz, actor text, action text, body jsonb)
RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
  SELECT sha256(previous || convert_to(concat_ws('|', tenant_id::text, seq::text, extract(epoch FROM at)::text, actor, action, body::text), 'UTF8'))
$$;

CREATE FUNCTION audit_append(actor text, action text, body jsonb)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  tenant uuid := nullif(current_setting('app.tenant_id', true), '')::uuid;
  head audit_heads%ROWTYPE;
  now_at timestamptz := clock_timestamp();
  link bytea;
BEGIN
  IF tenant IS NULL THEN RAISE EXCEPTION 'audit_append: no tenant is set'; END IF;
  INSERT INTO audit_heads (tenant_id, seq, hash) VALUES (tenant, 0, '\\x00') ON CONFLICT DO NOTHING;
  SELECT * INTO head FROM audit_heads h WHERE h.tenant_id = tenant FOR UPDATE;
  link := audit_hash(head.hash, tenant, head.seq + 1, now_at, audit_append.actor, audit_append.action, audit_append.body);
  INSERT INTO audit (tenant_id, seq, at, actor, action, body, previous, hash)
  VALUES (tenant, head.seq + 1, now_at, audit_append.actor, audit_append.action, audit_append.body, head.hash, link);
  UPDATE audit_heads SET seq = head.seq + 1, hash = link WHERE audit_heads.tenant_id = tenant;
  RETURN head.seq + 1;
END $$;
"""

_DEFINERS = (
    "sign_in_lookup(text)",
    "claim_run(text, double precision)",
    "claim_outbox(integer)",
    "mark_sent(uuid[])",
    "audit_append(text, text, jsonb)",
)

_REFUND_CAP = """
CREATE FUNCTION sum_payment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM payments p WHERE p.tenant_id = NEW.tenant_id AND p.id = NEW.payment_id FOR UPDATE;
  UPDATE payments p SET
    captured_minor = coalesce((SELECT sum(t.amount_minor) FROM payment_transactions t WHERE t.tenant_id = p.tenant_id
      AND t.payment_id = p.id AND t.type IN ('capture', 'charge') AND t.state = 'succeeded'), 0),
    refunded_minor = coalesce((SELECT sum(t.amount_minor) FROM payment_transactions t WHERE t.tenant_id = p.tenant_id
      AND t.payment_id = p.id AND t.type = 'refund' AND t.state IN ('pending', 'succeeded')), 0)
  WHERE p.tenant_id = NEW.tenant_id AND p.id = NEW.payment_id;
  RETURN NEW;
END $$;
CREATE TRIGGER payment_transactions_sum AFTER INSERT OR UPDATE ON payment_transactions FOR EACH ROW EXECUTE FUNCTION sum_payment();
"""


def upgrade() -> None:
    """Apply."""
    op.execute(_ROLES)
    op.execute(_GRANTS)
    for table in _TABLES:
        for statement in statements(table, VIEWS[table]):
            op.execute(statement)
    for table in _RELAY_TABLES:
        op.execute(f"CREATE POLICY relay_rows ON {table} TO storehand_relay USING (true) WITH CHECK (true)")
    op.execute(_FUNCTIONS)
    for function in _DEFINERS:
        op.execute(f"ALTER FUNCTION {function} OWNER TO storehand_relay")
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO storehand_app")
    op.execute("REVOKE CREATE ON SCHEMA public FROM storehand_relay")
    op.execute(_REFUND_CAP)


def downgrade() -> None:
    """Take back: the policies and functions go with their tables."""
    for function in _DEFINERS:
        op.execute(f"DROP FUNCTION IF EXISTS {function}")
    op.execute("DROP FUNCTION IF EXISTS audit_hash; DROP FUNCTION IF EXISTS sum_payment CASCADE")
