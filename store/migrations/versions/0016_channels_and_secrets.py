"""Channels, secrets and forgetting: where the next pull of orders begins, providers' secrets sealed at rest, erasures to their end.

A secret that stood in plain text cannot be sealed here, since the key is not in the database: it is taken out, and its connection rests
until it is made again.
"""

from alembic import op

from store.rls import cover

revision = "0016"
down_revision = "0015"

_SECRETS = ("api_key", "webhook_secret")

_ERASURES = """
CREATE TABLE erasures (
  tenant_id UUID NOT NULL REFERENCES tenants (id),
  id UUID NOT NULL,
  customer_id UUID NOT NULL,
  words JSONB NOT NULL,
  threads JSONB NOT NULL,
  runs JSONB NOT NULL,
  requested_at TIMESTAMP WITH TIME ZONE NOT NULL,
  done_at TIMESTAMP WITH TIME ZONE,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, customer_id),
  FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id) ON DELETE RESTRICT,
  CONSTRAINT erasures_done_check CHECK (done_at IS NULL OR (words = '[]' AND threads = '[]' AND runs = '[]'))
);
CREATE INDEX erasures_open_idx ON erasures (requested_at) WHERE done_at IS NULL;
"""

_FUNCTIONS = """
CREATE FUNCTION open_erasures()
RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT e.tenant_id, e.id FROM erasures e WHERE e.done_at IS NULL ORDER BY e.requested_at
$$;

CREATE FUNCTION erase_papers(customer uuid)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  tenant uuid := nullif(current_setting('app.tenant_id', true), '')::uuid;
  gone uuid[];
BEGIN
  IF nullif(current_setting('app.customer_id', true), '') IS NOT NULL THEN RAISE EXCEPTION 'erase_papers: not for customers'; END IF;
  WITH papers AS (
    DELETE FROM documents d WHERE d.tenant_id = tenant AND d.kind IN ('packing_slip', 'shipping_label', 'return_label')
      AND (d.customer_id = erase_papers.customer
        OR d.order_id IN (SELECT o.id FROM orders o WHERE o.tenant_id = tenant AND o.customer_id = erase_papers.customer))
    RETURNING d.content_id)
  SELECT array_agg(content_id) INTO gone FROM papers;
  DELETE FROM document_contents c WHERE c.tenant_id = tenant AND c.id = ANY (gone)
    AND NOT EXISTS (SELECT 1 FROM documents d WHERE d.tenant_id = tenant AND d.content_id = c.id);
  RETURN coalesce(cardinality(gone), 0);
END $$;

CREATE FUNCTION redact_conversations(words text[])
RETURNS TABLE (thread_id uuid, run_ids uuid[], busy boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  tenant uuid := nullif(current_setting('app.tenant_id', true), '')::uuid;
  said RECORD;
BEGIN
  IF nullif(current_setting('app.customer_id', true), '') IS NOT NULL THEN RAISE EXCEPTION 'redact_conversations: not for customers'; END IF;
  FOR said IN
    SELECT t.id, array_agg(r.id) AS runs, bool_or(r.status IN ('pending', 'running')) AS at_work
    FROM threads t JOIN runs r ON r.tenant_id = t.tenant_id AND r.thread_id = t.id
    WHERE t.tenant_id = tenant AND (t.meta::text ~~* ANY (words) OR EXISTS (
      SELECT 1 FROM runs q WHERE q.tenant_id = tenant AND q.thread_id = t.id AND (q.input::text || q.meta::text ~~* ANY (words)
        OR EXISTS (SELECT 1 FROM run_events e WHERE e.tenant_id = tenant AND e.run_id = q.id AND e.body::text ~~* ANY (words)))))
    GROUP BY t.id ORDER BY t.id
  LOOP
    IF NOT said.at_work THEN
      UPDATE run_events e SET body = e.body || CASE e.type
        WHEN 'message' THEN jsonb_build_object('message',
          (e.body -> 'message') - ARRAY['tool_calls', 'artifact', 'additional_kwargs'] || '{"content": "[erased]"}')
        WHEN 'tool.started' THEN '{"args": {}}'
        WHEN 'tool.finished' THEN '{"result": null, "text": "[erased]"}'
        WHEN 'approval.requested' THEN '{"args": {}, "title": "[erased]", "preview": [], "reason": "[erased]"}'
        WHEN 'answer.checked' THEN '{"unsupported": []}'
        WHEN 'route' THEN '{"reason": ""}'
        WHEN 'run.failed' THEN '{"message": "[erased]"}'
        ELSE '{}' END
      WHERE e.tenant_id = tenant AND e.run_id = ANY (said.runs) AND e.body::text ~~* ANY (words);
      UPDATE runs q SET input = '{}', meta = '{}' WHERE q.tenant_id = tenant AND q.id = ANY (said.runs)
        AND q.input::text || q.meta::text ~~* ANY (words);
      UPDATE approvals a SET status = 'expired' WHERE a.tenant_id = tenant AND a.thread_id = said.id AND a.status IN ('open', 'approved');
      UPDATE threads t SET meta = CASE WHEN t.meta::text ~~* ANY (words) THEN '{}' ELSE t.meta END,
        status = CASE WHEN t.status = 'interrupted' THEN 'idle' ELSE t.status END
      WHERE t.tenant_id = tenant AND t.id = said.id;
    END IF;
    thread_id := said.id; run_ids := said.runs; busy := said.at_work;
    RETURN NEXT;
  END LOOP;
END $$;
"""

_NEW = ("open_erasures()", "erase_papers(uuid)", "redact_conversations(text[])")
_RIGHTS = {
    "erasures": "SELECT",
    "documents": "SELECT, DELETE",
    "document_contents": "SELECT, DELETE",
    "orders": "SELECT",
    "threads": "SELECT, UPDATE",
    "runs": "SELECT, UPDATE",
    "run_events": "SELECT, UPDATE",
    "approvals": "SELECT, UPDATE",
}
"""What the functions may do for the owner who approved an erasure."""
_POLICED = ("erasures", "documents", "document_contents", "orders", "run_events")
"""The others have a policy for these functions since an earlier revision."""


def upgrade() -> None:
    """Apply."""
    op.execute("ALTER TABLE channels ADD COLUMN orders_cursor VARCHAR(200) NOT NULL DEFAULT ''")
    op.execute(
        "UPDATE provider_connections SET active = false, api_key = '', webhook_secret = '' WHERE api_key <> '' OR webhook_secret <> ''"
    )
    for name in _SECRETS:
        op.execute(f"ALTER TABLE provider_connections ALTER COLUMN {name} TYPE VARCHAR(600)")
        op.execute(
            f"ALTER TABLE provider_connections ADD CONSTRAINT provider_connections_{name}_check CHECK ({name} = '' OR {name} LIKE 'v1.%')"
        )
    op.execute(_ERASURES)
    for statement in cover("erasures"):
        op.execute(statement)
    for table in _POLICED:
        op.execute(f"CREATE POLICY relay_rows ON {table} TO storehand_relay USING (true) WITH CHECK (true)")
    for table, rights in _RIGHTS.items():
        op.execute(f"GRANT {rights} ON {table} TO storehand_relay")
    op.execute("GRANT CREATE ON SCHEMA public TO storehand_relay")
    op.execute(_FUNCTIONS)
    for function in _NEW:
        op.execute(f"ALTER FUNCTION {function} OWNER TO storehand_relay")
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO storehand_app")
    op.execute("REVOKE CREATE ON SCHEMA public FROM storehand_relay")


def downgrade() -> None:
    """Take back."""
    for function in _NEW:
        op.execute(f"DROP FUNCTION {function}")
    for table in _POLICED:
        op.execute(f"DROP POLICY relay_rows ON {table}")
        op.execute(f"REVOKE ALL ON {table} FROM storehand_relay")
    op.execute("REVOKE UPDATE ON threads FROM storehand_relay")
    op.execute("DROP TABLE erasures")
    op.execute("UPDATE provider_connections SET active = false, api_key = '', webhook_secret = ''")
    for name in _SECRETS:
        op.execute(f"ALTER TABLE provider_connections DROP CONSTRAINT provider_connections_{name}_check")
        op.execute(f"ALTER TABLE provider_connections ALTER COLUMN {name} TYPE VARCHAR(300)")
    op.execute("ALTER TABLE channels DROP COLUMN orders_cursor")
