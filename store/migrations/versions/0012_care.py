"""Care after the sale: quality inspections, warranty claims, surveys."""

from alembic import op

revision = "0012"
down_revision = "0011"

_UP = """
ALTER TABLE warranty_claims
  ADD COLUMN quantity INTEGER NOT NULL DEFAULT 1,
  ADD COLUMN refunded_minor INTEGER NOT NULL DEFAULT 0,
  ADD COLUMN replacement_order_id UUID,
  ADD FOREIGN KEY (tenant_id, replacement_order_id) REFERENCES orders (tenant_id, id) ON DELETE RESTRICT,
  ADD CONSTRAINT warranty_claims_quantity_check CHECK (quantity > 0),
  ADD CONSTRAINT warranty_claims_refund_check
    CHECK (refunded_minor >= 0 AND (refunded_minor = 0 OR (remedy IS NOT NULL AND remedy = 'refund'))),
  ADD CONSTRAINT warranty_claims_replacement_check
    CHECK (replacement_order_id IS NULL OR (remedy IS NOT NULL AND remedy = 'replacement'));
ALTER TABLE warranty_claims ALTER COLUMN quantity DROP DEFAULT, ALTER COLUMN refunded_minor DROP DEFAULT;
CREATE INDEX warranty_claims_line_idx ON warranty_claims (tenant_id, order_line_id);
CREATE INDEX warranty_claims_customer_idx ON warranty_claims (tenant_id, customer_id, opened_at);
CREATE INDEX surveys_sent_idx ON surveys (tenant_id, sent_at);
CREATE INDEX surveys_customer_idx ON surveys (tenant_id, customer_id);
CREATE INDEX orders_delivered_idx ON orders (tenant_id, delivered_at) WHERE status = 'delivered';
CREATE UNIQUE INDEX defects_inspection_idx ON defects (tenant_id, inspection_id) WHERE inspection_id IS NOT NULL;
CREATE INDEX inspections_variant_idx ON inspections (tenant_id, variant_id, planned_at);
ALTER TABLE tickets ADD CONSTRAINT tickets_resolved_check CHECK ((status IN ('resolved', 'closed')) = (resolved_at IS NOT NULL));

CREATE FUNCTION cap_claimed_units() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  sold BIGINT;
BEGIN
  SELECT l.quantity INTO sold FROM order_lines l JOIN orders o ON o.tenant_id = l.tenant_id AND o.id = l.order_id
  WHERE l.tenant_id = NEW.tenant_id AND l.id = NEW.order_line_id AND o.id = NEW.order_id AND o.customer_id = NEW.customer_id
    AND o.delivered_at IS NOT NULL;
  IF NEW.quantity > coalesce(sold, 0) THEN
    RAISE EXCEPTION 'warranty_claims: % units are claimed, the customer got %', NEW.quantity, coalesce(sold, 0)
      USING ERRCODE = 'check_violation', CONSTRAINT = 'warranty_claims_units_cap';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER warranty_claims_cap BEFORE INSERT OR UPDATE OF quantity, order_line_id, order_id, customer_id ON warranty_claims
  FOR EACH ROW EXECUTE FUNCTION cap_claimed_units();

CREATE FUNCTION keep_claim_decided() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'warranty_claims: % is % and stays so', OLD.number, OLD.status
    USING ERRCODE = 'check_violation', CONSTRAINT = 'warranty_claims_final_check';
END $$;
CREATE TRIGGER warranty_claims_final BEFORE UPDATE OF status ON warranty_claims FOR EACH ROW
  WHEN (OLD.status <> 'open' AND NEW.status <> OLD.status) EXECUTE FUNCTION keep_claim_decided();
"""
_DOWN = """
DROP TRIGGER warranty_claims_final ON warranty_claims;
DROP FUNCTION keep_claim_decided();
DROP TRIGGER warranty_claims_cap ON warranty_claims;
DROP FUNCTION cap_claimed_units();
ALTER TABLE tickets DROP CONSTRAINT tickets_resolved_check;
DROP INDEX inspections_variant_idx;
DROP INDEX defects_inspection_idx;
DROP INDEX orders_delivered_idx;
DROP INDEX surveys_customer_idx;
DROP INDEX surveys_sent_idx;
DROP INDEX warranty_claims_customer_idx;
DROP INDEX warranty_claims_line_idx;
ALTER TABLE warranty_claims DROP COLUMN quantity, DROP COLUMN refunded_minor, DROP COLUMN replacement_order_id;
"""


def upgrade() -> None:
    """Apply."""
    op.execute(_UP)


def downgrade() -> None:
    """Take back."""
    op.execute(_DOWN)
