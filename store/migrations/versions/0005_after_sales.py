"""After sales and quality: how returns are handled, warranty claims, surveys, replies to tickets, inspections and defects."""

from alembic import op

from store.rls import cover

revision = "0005"
down_revision = "0004"

_TABLES = ("return_photos", "ticket_messages", "warranty_claims", "surveys", "inspections", "defects")

_ALTER = """
ALTER TABLE returns
  ADD COLUMN label_reference VARCHAR(200) NOT NULL DEFAULT '',
  ADD COLUMN warehouse_id UUID,
  ADD COLUMN replacement_order_id UUID,
  ADD COLUMN inspected_at TIMESTAMP WITH TIME ZONE,
  ADD COLUMN refunded_at TIMESTAMP WITH TIME ZONE,
  ADD COLUMN closed_at TIMESTAMP WITH TIME ZONE,
  ADD FOREIGN KEY (tenant_id, warehouse_id) REFERENCES warehouses (tenant_id, id) ON DELETE RESTRICT,
  ADD FOREIGN KEY (tenant_id, replacement_order_id) REFERENCES orders (tenant_id, id) ON DELETE RESTRICT,
  ADD CONSTRAINT returns_refunded_check CHECK (refunded_minor BETWEEN 0 AND quoted_minor);
CREATE INDEX returns_expiry_idx ON returns (tenant_id, expires_at) WHERE status IN ('approved', 'label_sent');
ALTER TABLE return_lines
  ADD COLUMN refund_minor INTEGER NOT NULL DEFAULT 0,
  ADD COLUMN disposition VARCHAR(18),
  ADD COLUMN disposed_at TIMESTAMP WITH TIME ZONE,
  ADD CONSTRAINT return_lines_refund_check CHECK (refund_minor >= 0),
  ADD CONSTRAINT return_lines_condition_check
    CHECK (condition IN ('unopened', 'opened', 'used', 'damaged', 'defective', 'unclear')),
  ADD CONSTRAINT return_lines_disposition_check CHECK (disposition IN
    ('restock', 'refurbish', 'liquidate', 'dispose', 'return_to_supplier', 'recycle', 'manual_review')),
  ADD CONSTRAINT return_lines_disposed_check CHECK (disposed_at IS NULL OR disposition <> 'manual_review');
ALTER TABLE tickets
  ADD COLUMN escalated_at TIMESTAMP WITH TIME ZONE,
  ADD COLUMN escalation_reason VARCHAR(300) NOT NULL DEFAULT '',
  ADD COLUMN resolution VARCHAR(1000) NOT NULL DEFAULT '';
"""

_CREATE = """
CREATE TABLE return_photos (
  tenant_id UUID NOT NULL REFERENCES tenants (id),
  id UUID NOT NULL,
  return_id UUID NOT NULL,
  reference VARCHAR(300) NOT NULL,
  added_by VARCHAR(120) NOT NULL,
  added_at TIMESTAMP WITH TIME ZONE NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, return_id, reference),
  FOREIGN KEY (tenant_id, return_id) REFERENCES returns (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT return_photos_reference_check CHECK (reference <> '')
);
CREATE TABLE ticket_messages (
  tenant_id UUID NOT NULL REFERENCES tenants (id),
  id UUID NOT NULL,
  ticket_id UUID NOT NULL,
  author VARCHAR(120) NOT NULL,
  from_customer BOOLEAN NOT NULL,
  text TEXT NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, ticket_id) REFERENCES tickets (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX ticket_messages_ticket_idx ON ticket_messages (tenant_id, ticket_id, at);
CREATE TABLE warranty_claims (
  tenant_id UUID NOT NULL REFERENCES tenants (id),
  id UUID NOT NULL,
  number VARCHAR(20) NOT NULL,
  customer_id UUID NOT NULL,
  order_id UUID NOT NULL,
  order_line_id UUID NOT NULL,
  status VARCHAR(8) NOT NULL,
  problem TEXT NOT NULL,
  remedy VARCHAR(11),
  note TEXT NOT NULL,
  covered_until TIMESTAMP WITH TIME ZONE NOT NULL,
  policy_version INTEGER NOT NULL,
  opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
  decided_at TIMESTAMP WITH TIME ZONE,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, number),
  FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id) ON DELETE RESTRICT,
  FOREIGN KEY (tenant_id, order_id) REFERENCES orders (tenant_id, id) ON DELETE RESTRICT,
  FOREIGN KEY (tenant_id, order_line_id) REFERENCES order_lines (tenant_id, id) ON DELETE RESTRICT,
  CONSTRAINT warranty_claims_status_check CHECK (status IN ('open', 'approved', 'rejected')),
  CONSTRAINT warranty_claims_remedy_check CHECK (remedy IN ('repair', 'replacement', 'refund')),
  CONSTRAINT warranty_claims_approved_check CHECK ((status = 'approved') = (remedy IS NOT NULL)),
  CONSTRAINT warranty_claims_decided_check CHECK ((status = 'open') = (decided_at IS NULL))
);
CREATE UNIQUE INDEX warranty_claims_open_idx ON warranty_claims (tenant_id, order_line_id) WHERE status = 'open';
CREATE INDEX warranty_claims_status_idx ON warranty_claims (tenant_id, status, opened_at);
CREATE TABLE surveys (
  tenant_id UUID NOT NULL REFERENCES tenants (id),
  id UUID NOT NULL,
  customer_id UUID NOT NULL,
  order_id UUID NOT NULL,
  sent_at TIMESTAMP WITH TIME ZONE NOT NULL,
  answered_at TIMESTAMP WITH TIME ZONE,
  rating INTEGER,
  recommends BOOLEAN,
  comment TEXT NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, order_id),
  FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id) ON DELETE RESTRICT,
  FOREIGN KEY (tenant_id, order_id) REFERENCES orders (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT surveys_rating_check CHECK (rating BETWEEN 1 AND 5),
  CONSTRAINT surveys_answer_check CHECK (
    (answered_at IS NULL) = (rating IS NULL) AND (answered_at IS NULL) = (recommends IS NULL))
);
CREATE INDEX surveys_answered_idx ON surveys (tenant_id, answered_at);
CREATE TABLE inspections (
  tenant_id UUID NOT NULL REFERENCES tenants (id),
  id UUID NOT NULL,
  number VARCHAR(20) NOT NULL,
  kind VARCHAR(8) NOT NULL,
  status VARCHAR(9) NOT NULL,
  variant_id UUID NOT NULL,
  lot_units INTEGER NOT NULL,
  sample_units INTEGER NOT NULL,
  defective_units INTEGER NOT NULL,
  note VARCHAR(1000) NOT NULL,
  planned_at TIMESTAMP WITH TIME ZONE NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  inspected_at TIMESTAMP WITH TIME ZONE,
  inspected_by VARCHAR(120) NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, number),
  FOREIGN KEY (tenant_id, variant_id) REFERENCES variants (tenant_id, id) ON DELETE RESTRICT,
  CONSTRAINT inspections_kind_check CHECK (kind IN ('incoming', 'outgoing')),
  CONSTRAINT inspections_status_check CHECK (status IN ('scheduled', 'passed', 'failed')),
  CONSTRAINT inspections_units_check CHECK (sample_units BETWEEN 1 AND lot_units AND defective_units BETWEEN 0 AND sample_units),
  CONSTRAINT inspections_done_check CHECK ((status = 'scheduled') = (inspected_at IS NULL))
);
CREATE INDEX inspections_status_idx ON inspections (tenant_id, status, planned_at);
CREATE TABLE defects (
  tenant_id UUID NOT NULL REFERENCES tenants (id),
  id UUID NOT NULL,
  product_id UUID NOT NULL,
  variant_id UUID NOT NULL,
  kind VARCHAR(12) NOT NULL,
  units INTEGER NOT NULL,
  return_line_id UUID,
  inspection_id UUID,
  found_at TIMESTAMP WITH TIME ZONE NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, product_id) REFERENCES products (tenant_id, id) ON DELETE RESTRICT,
  FOREIGN KEY (tenant_id, variant_id) REFERENCES variants (tenant_id, id) ON DELETE RESTRICT,
  FOREIGN KEY (tenant_id, return_line_id) REFERENCES return_lines (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, inspection_id) REFERENCES inspections (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT defects_kind_check CHECK (kind IN ('functional', 'cosmetic', 'missing_part', 'wrong_size', 'packaging', 'other')),
  CONSTRAINT defects_units_check CHECK (units > 0),
  CONSTRAINT defects_source_check CHECK (num_nonnulls(return_line_id, inspection_id) = 1)
);
CREATE UNIQUE INDEX defects_return_line_idx ON defects (tenant_id, return_line_id) WHERE return_line_id IS NOT NULL;
CREATE INDEX defects_product_idx ON defects (tenant_id, product_id, kind, found_at);
CREATE INDEX defects_found_idx ON defects (tenant_id, found_at);

CREATE FUNCTION cap_returned_units() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  arrived BIGINT;
  coming BIGINT;
BEGIN
  PERFORM 1 FROM order_lines WHERE tenant_id = NEW.tenant_id AND id = NEW.order_line_id FOR NO KEY UPDATE;
  SELECT CASE
    WHEN o.delivered_at IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM shipment_lines i JOIN order_lines s ON s.tenant_id = i.tenant_id AND s.id = i.order_line_id
      WHERE i.tenant_id = o.tenant_id AND s.order_id = o.id) THEN l.quantity
    ELSE coalesce((
      SELECT sum(i.quantity) FROM shipment_lines i JOIN shipments s ON s.tenant_id = i.tenant_id AND s.id = i.shipment_id
      WHERE i.tenant_id = l.tenant_id AND i.order_line_id = l.id AND s.status = 'delivered'), 0) END
  INTO arrived FROM order_lines l JOIN orders o ON o.tenant_id = l.tenant_id AND o.id = l.order_id
  WHERE l.tenant_id = NEW.tenant_id AND l.id = NEW.order_line_id;
  SELECT coalesce(sum(i.quantity), 0) INTO coming
  FROM return_lines i JOIN returns r ON r.tenant_id = i.tenant_id AND r.id = i.return_id
  WHERE i.tenant_id = NEW.tenant_id AND i.order_line_id = NEW.order_line_id AND r.status NOT IN ('rejected', 'cancelled');
  IF coming > coalesce(arrived, 0) THEN
    RAISE EXCEPTION 'return_lines: % units come back, % arrived', coming, arrived
      USING ERRCODE = 'check_violation', CONSTRAINT = 'return_lines_units_cap';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER return_lines_cap AFTER INSERT OR UPDATE OF quantity, order_line_id ON return_lines
  FOR EACH ROW EXECUTE FUNCTION cap_returned_units();

CREATE FUNCTION keep_return_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'returns: % is % and stays so', OLD.number, OLD.status
    USING ERRCODE = 'check_violation', CONSTRAINT = 'returns_closed_check';
END $$;
CREATE TRIGGER returns_closed BEFORE UPDATE OF status ON returns FOR EACH ROW
  WHEN (OLD.status IN ('rejected', 'cancelled', 'completed') AND NEW.status <> OLD.status) EXECUTE FUNCTION keep_return_closed();
"""


def upgrade() -> None:
    """Apply."""
    op.execute(_ALTER)
    op.execute(_CREATE)
    for table in _TABLES:
        for statement in cover(table):
            op.execute(statement)


def downgrade() -> None:
    """Take back."""
    op.execute("DROP TRIGGER returns_closed ON returns; DROP FUNCTION keep_return_closed()")
    op.execute("DROP TRIGGER return_lines_cap ON return_lines; DROP FUNCTION cap_returned_units()")
    for table in reversed(_TABLES):
        op.execute(f"DROP TABLE {table}")
    op.execute("ALTER TABLE tickets DROP COLUMN escalated_at, DROP COLUMN escalation_reason, DROP COLUMN resolution")
    op.execute("ALTER TABLE return_lines DROP CONSTRAINT return_lines_condition_check")
    op.execute("ALTER TABLE return_lines DROP COLUMN refund_minor, DROP COLUMN disposition, DROP COLUMN disposed_at")
    op.execute("ALTER TABLE returns DROP CONSTRAINT returns_refunded_check")
    op.execute(
        "ALTER TABLE returns DROP COLUMN label_reference, DROP COLUMN warehouse_id, DROP COLUMN replacement_order_id, "
        "DROP COLUMN inspected_at, DROP COLUMN refunded_at, DROP COLUMN closed_at"
    )
    op.execute("DROP INDEX IF EXISTS returns_expiry_idx")
