"""Providers and documents: connections, messages with a state of their own, reports that came in, documents with their content."""

from alembic import op

from store.rls import cover

revision = "0011"
down_revision = "0010"

_TABLES = ("provider_connections", "deliveries", "provider_reports", "document_contents", "documents")

_CREATE = """
CREATE TABLE provider_connections (
  tenant_id UUID NOT NULL REFERENCES tenants (id),
  id UUID NOT NULL,
  code VARCHAR(40) NOT NULL,
  kind VARCHAR(8) NOT NULL,
  adapter VARCHAR(20) NOT NULL,
  base_url VARCHAR(300) NOT NULL,
  api_key VARCHAR(300) NOT NULL,
  webhook_secret VARCHAR(300) NOT NULL,
  options JSONB NOT NULL,
  rate_per_second DOUBLE PRECISION NOT NULL,
  burst INTEGER NOT NULL,
  active BOOLEAN NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, code),
  CONSTRAINT provider_connections_kind_check CHECK (kind IN ('payments', 'carrier', 'channel', 'mail')),
  CONSTRAINT provider_connections_rate_check CHECK (rate_per_second > 0 AND burst > 0)
);
CREATE INDEX provider_connections_kind_idx ON provider_connections (tenant_id, kind, active);

CREATE TABLE deliveries (
  tenant_id UUID NOT NULL REFERENCES tenants (id),
  id UUID NOT NULL,
  position BIGINT GENERATED ALWAYS AS IDENTITY,
  topic VARCHAR(60) NOT NULL,
  key VARCHAR(240) NOT NULL,
  lane VARCHAR(120) NOT NULL,
  body JSONB NOT NULL,
  status VARCHAR(9) NOT NULL,
  tries INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  next_try_at TIMESTAMP WITH TIME ZONE NOT NULL,
  lease_until TIMESTAMP WITH TIME ZONE,
  reference VARCHAR(120) NOT NULL,
  reason VARCHAR(300) NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  delivered_at TIMESTAMP WITH TIME ZONE,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, key),
  CONSTRAINT deliveries_status_check CHECK (status IN ('waiting', 'asked', 'delivered', 'failed', 'parked')),
  CONSTRAINT deliveries_delivered_check CHECK ((status = 'delivered') = (delivered_at IS NOT NULL))
);
CREATE INDEX deliveries_due_idx ON deliveries (next_try_at) WHERE status IN ('waiting', 'asked');
CREATE INDEX deliveries_lane_idx ON deliveries (tenant_id, lane, position) WHERE status = 'waiting';
CREATE INDEX deliveries_status_idx ON deliveries (tenant_id, status, created_at);

CREATE TABLE provider_reports (
  tenant_id UUID NOT NULL REFERENCES tenants (id),
  id UUID NOT NULL,
  connection_id UUID NOT NULL,
  event_id VARCHAR(120) NOT NULL,
  type VARCHAR(60) NOT NULL,
  status VARCHAR(8) NOT NULL,
  reason VARCHAR(300) NOT NULL,
  received_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, connection_id, event_id),
  FOREIGN KEY (tenant_id, connection_id) REFERENCES provider_connections (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT provider_reports_status_check CHECK (status IN ('received', 'recorded', 'refused'))
);
CREATE INDEX provider_reports_received_idx ON provider_reports (tenant_id, received_at);

CREATE TABLE document_contents (
  tenant_id UUID NOT NULL REFERENCES tenants (id),
  id UUID NOT NULL,
  customer_id UUID,
  sha256 VARCHAR(64) NOT NULL,
  content BYTEA NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, sha256),
  FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id) ON DELETE RESTRICT,
  CONSTRAINT document_contents_hash_check CHECK (sha256 = encode(sha256(content), 'hex')),
  CONSTRAINT document_contents_size_check CHECK (octet_length(content) BETWEEN 1 AND 10485760)
);

CREATE TABLE documents (
  tenant_id UUID NOT NULL REFERENCES tenants (id),
  id UUID NOT NULL,
  kind VARCHAR(14) NOT NULL,
  number VARCHAR(40) NOT NULL,
  subject VARCHAR(160) NOT NULL,
  title VARCHAR(160) NOT NULL,
  file_name VARCHAR(120) NOT NULL,
  content_id UUID NOT NULL,
  size INTEGER NOT NULL,
  customer_id UUID,
  order_id UUID,
  return_id UUID,
  shipment_id UUID,
  dated DATE NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, subject),
  UNIQUE (tenant_id, number),
  FOREIGN KEY (tenant_id, content_id) REFERENCES document_contents (tenant_id, id) ON DELETE RESTRICT,
  FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id) ON DELETE RESTRICT,
  FOREIGN KEY (tenant_id, order_id) REFERENCES orders (tenant_id, id) ON DELETE RESTRICT,
  FOREIGN KEY (tenant_id, return_id) REFERENCES returns (tenant_id, id) ON DELETE RESTRICT,
  FOREIGN KEY (tenant_id, shipment_id) REFERENCES shipments (tenant_id, id) ON DELETE RESTRICT,
  CONSTRAINT documents_kind_check CHECK (kind IN ('invoice', 'packing_slip', 'shipping_label', 'return_label', 'sales_report')),
  CONSTRAINT documents_about_check CHECK (CASE kind WHEN 'sales_report' THEN order_id IS NULL AND customer_id IS NULL
    WHEN 'return_label' THEN return_id IS NOT NULL WHEN 'shipping_label' THEN shipment_id IS NOT NULL ELSE order_id IS NOT NULL END)
);
CREATE INDEX documents_order_idx ON documents (tenant_id, order_id, created_at);
CREATE INDEX documents_customer_idx ON documents (tenant_id, customer_id, created_at);
CREATE INDEX documents_created_idx ON documents (tenant_id, created_at);

ALTER TABLE payment_transactions ADD COLUMN provider_reference VARCHAR(120) NOT NULL DEFAULT '';
ALTER TABLE payment_transactions ADD COLUMN failure VARCHAR(300) NOT NULL DEFAULT '';
ALTER TABLE payment_transactions ADD COLUMN settled_at TIMESTAMP WITH TIME ZONE;
"""

_CLAIM = """
CREATE FUNCTION claim_deliveries(batch integer, lease_seconds double precision)
RETURNS TABLE (tenant_id uuid, id uuid, topic text, key text, lane text, body jsonb, status text, tries integer, attempt integer,
               reference text, created_at timestamptz)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE deliveries d SET attempt = d.attempt + 1, lease_until = now() + make_interval(secs => claim_deliveries.lease_seconds)
  FROM (
    SELECT q.tenant_id, q.id FROM deliveries q
    WHERE q.status IN ('waiting', 'asked') AND q.next_try_at <= now() AND (q.lease_until IS NULL OR q.lease_until < now())
      AND NOT EXISTS (SELECT 1 FROM deliveries e WHERE e.tenant_id = q.tenant_id AND e.lane = q.lane AND e.status = 'waiting'
                      AND e.position < q.position)
    ORDER BY q.next_try_at FOR UPDATE SKIP LOCKED LIMIT claim_deliveries.batch
  ) due
  WHERE d.tenant_id = due.tenant_id AND d.id = due.id
  RETURNING d.tenant_id, d.id, d.topic::text, d.key::text, d.lane::text, d.body, d.status::text, d.tries, d.attempt,
            d.reference::text, d.created_at
$$;

CREATE FUNCTION webhook_connection(tenant_slug text, provider text)
RETURNS TABLE (tenant_id uuid, connection_id uuid, kind text, adapter text, webhook_secret text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.tenant_id, c.id, c.kind::text, c.adapter::text, c.webhook_secret::text
  FROM provider_connections c JOIN tenants t ON t.id = c.tenant_id
  WHERE t.slug = webhook_connection.tenant_slug AND c.code = webhook_connection.provider AND c.active AND c.webhook_secret <> ''
$$;
"""

_FUNCTIONS = ("claim_deliveries(integer, double precision)", "webhook_connection(text, text)")


def upgrade() -> None:
    """Apply."""
    op.execute(_CREATE)
    for table in _TABLES:
        for statement in cover(table):
            op.execute(statement)
    op.execute("REVOKE UPDATE, DELETE ON documents, document_contents FROM storehand_app")
    op.execute("GRANT SELECT, UPDATE ON deliveries TO storehand_relay")
    op.execute("GRANT SELECT ON provider_connections TO storehand_relay")
    for table in ("deliveries", "provider_connections"):
        op.execute(f"CREATE POLICY relay_rows ON {table} TO storehand_relay USING (true) WITH CHECK (true)")
    op.execute("GRANT CREATE ON SCHEMA public TO storehand_relay")
    op.execute(_CLAIM)
    for function in _FUNCTIONS:
        op.execute(f"ALTER FUNCTION {function} OWNER TO storehand_relay")
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO storehand_app")
    op.execute("REVOKE CREATE ON SCHEMA public FROM storehand_relay")


def downgrade() -> None:
    """Take back."""
    for function in _FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
    op.execute("ALTER TABLE payment_transactions DROP COLUMN provider_reference, DROP COLUMN failure, DROP COLUMN settled_at")
    for table in reversed(_TABLES):
        op.execute(f"DROP TABLE {table}")
