"""Stock and imports: stock kept aside, deliveries in parts, coupons, orders that were split, imports, and figures by day."""

from alembic import op

from store.rls import cover

revision = "0009"
down_revision = "0008"

_TABLES = ("stock_holds", "coupons", "coupon_uses", "import_runs", "order_days", "sales_days")

_CREATE = """
CREATE TABLE stock_holds (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  number VARCHAR(20) NOT NULL,
  variant_id UUID NOT NULL,
  warehouse_id UUID NOT NULL,
  quantity INTEGER NOT NULL,
  kind VARCHAR(4) NOT NULL,
  status VARCHAR(9) NOT NULL,
  purpose VARCHAR(120) NOT NULL,
  held_by VARCHAR(120) NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
  ended_at TIMESTAMP WITH TIME ZONE,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, number),
  FOREIGN KEY(tenant_id, variant_id) REFERENCES variants (tenant_id, id) ON DELETE RESTRICT,
  FOREIGN KEY(tenant_id, warehouse_id) REFERENCES warehouses (tenant_id, id) ON DELETE RESTRICT,
  FOREIGN KEY(tenant_id) REFERENCES tenants (id),
  CONSTRAINT stock_holds_kind_check CHECK (kind IN ('soft', 'hard')),
  CONSTRAINT stock_holds_status_check CHECK (status IN ('active', 'fulfilled', 'released', 'expired')),
  CONSTRAINT stock_holds_quantity_check CHECK (quantity > 0 AND expires_at > created_at),
  CONSTRAINT stock_holds_ended_check CHECK ((status = 'active') = (ended_at IS NULL))
);
CREATE INDEX stock_holds_active_idx ON stock_holds (tenant_id, expires_at) WHERE status = 'active';

CREATE TABLE coupons (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  code VARCHAR(40) NOT NULL,
  percent INTEGER NOT NULL,
  amount_minor INTEGER NOT NULL,
  minimum_minor INTEGER NOT NULL,
  max_uses INTEGER NOT NULL,
  uses INTEGER NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, code),
  FOREIGN KEY(tenant_id) REFERENCES tenants (id),
  CONSTRAINT coupons_uses_check CHECK (uses BETWEEN 0 AND max_uses),
  CONSTRAINT coupons_value_check CHECK (percent BETWEEN 0 AND 100 AND amount_minor >= 0 AND (percent > 0) <> (amount_minor > 0)),
  CONSTRAINT coupons_code_check CHECK (code = upper(code))
);

CREATE TABLE coupon_uses (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  coupon_id UUID NOT NULL,
  order_id UUID NOT NULL,
  used_at TIMESTAMP WITH TIME ZONE NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, order_id),
  FOREIGN KEY(tenant_id, coupon_id) REFERENCES coupons (tenant_id, id) ON DELETE RESTRICT,
  FOREIGN KEY(tenant_id, order_id) REFERENCES orders (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE INDEX coupon_uses_coupon_idx ON coupon_uses (tenant_id, coupon_id);

CREATE TABLE import_runs (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  kind VARCHAR(9) NOT NULL,
  file_hash VARCHAR(64) NOT NULL,
  file_name VARCHAR(200) NOT NULL,
  status VARCHAR(9) NOT NULL,
  rows_done BIGINT NOT NULL,
  added INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  refused INTEGER NOT NULL,
  started_at TIMESTAMP WITH TIME ZONE NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, kind, file_hash),
  FOREIGN KEY(tenant_id) REFERENCES tenants (id),
  CONSTRAINT import_runs_kind_check CHECK (kind IN ('customers', 'products', 'orders')),
  CONSTRAINT import_runs_status_check CHECK (status IN ('running', 'succeeded', 'partial')),
  CONSTRAINT import_runs_rows_check CHECK (rows_done >= 0 AND added >= 0 AND changed >= 0 AND refused >= 0)
);

CREATE TABLE order_days (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  day DATE NOT NULL,
  channel VARCHAR(20) NOT NULL,
  status VARCHAR(10) NOT NULL,
  currency VARCHAR(3) NOT NULL,
  orders INTEGER NOT NULL,
  total_minor BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE INDEX order_days_day_idx ON order_days (tenant_id, day);

CREATE TABLE sales_days (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  day DATE NOT NULL,
  variant_id UUID NOT NULL,
  currency VARCHAR(3) NOT NULL,
  units INTEGER NOT NULL,
  revenue_minor BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE INDEX sales_days_day_idx ON sales_days (tenant_id, day);
CREATE INDEX sales_days_variant_idx ON sales_days (tenant_id, variant_id, day);
"""

_ALTER = """
ALTER TABLE purchase_orders
  ADD COLUMN received_quantity INTEGER NOT NULL DEFAULT 0,
  ADD COLUMN closed_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE purchase_orders NO FORCE ROW LEVEL SECURITY;
UPDATE purchase_orders SET received_quantity = quantity, closed_at = expected_at WHERE status = 'received';
UPDATE purchase_orders SET closed_at = expected_at WHERE status = 'cancelled';
ALTER TABLE purchase_orders FORCE ROW LEVEL SECURITY;
ALTER TABLE purchase_orders
  ADD CONSTRAINT purchase_orders_received_check CHECK (received_quantity BETWEEN 0 AND quantity
    AND (status <> 'received' OR received_quantity = quantity) AND (status <> 'proposed' OR received_quantity = 0));
CREATE INDEX purchase_orders_status_idx ON purchase_orders (tenant_id, status, expected_at);
CREATE INDEX purchase_orders_created_idx ON purchase_orders (tenant_id, created_at);

ALTER TABLE orders ADD COLUMN parent_order_id UUID,
  ADD CONSTRAINT orders_parent_fkey FOREIGN KEY (tenant_id, parent_order_id) REFERENCES orders (tenant_id, id) ON DELETE RESTRICT,
  ADD CONSTRAINT orders_parent_check CHECK (parent_order_id <> id);
CREATE INDEX orders_parent_idx ON orders (tenant_id, parent_order_id) WHERE parent_order_id IS NOT NULL;
CREATE INDEX orders_external_idx ON orders (tenant_id, external_id);
CREATE INDEX orders_total_idx ON orders (tenant_id, total_minor);
CREATE INDEX orders_tags_idx ON orders USING gin (tags jsonb_path_ops);

CREATE INDEX payment_transactions_refunds_idx ON payment_transactions (tenant_id, created_at) WHERE type = 'refund';
CREATE INDEX customers_email_idx ON customers (tenant_id, lower(email));
CREATE INDEX customers_name_idx ON customers (tenant_id, lower(name));
CREATE INDEX customers_words_idx ON customers USING gin (to_tsvector('simple', name || ' ' || translate(email, '@._-+', '     ')));
ALTER TABLE customers ADD COLUMN external_id VARCHAR(60) NOT NULL DEFAULT '';
CREATE UNIQUE INDEX customers_external_key ON customers (tenant_id, external_id) WHERE external_id <> '';
"""

_ARRIVALS = """
CREATE OR REPLACE FUNCTION expected_arrivals(variants uuid[])
RETURNS TABLE (purchase_order_id uuid, variant_id uuid, expected_at timestamptz, free bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT p.id, p.variant_id, p.expected_at, p.quantity - p.received_quantity - coalesce((
    SELECT sum(b.quantity) FROM backorders b
    WHERE b.tenant_id = p.tenant_id AND b.purchase_order_id = p.id AND b.status = 'waiting'), 0)
  FROM purchase_orders p
  WHERE p.tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid
    AND p.variant_id = ANY (expected_arrivals.variants) AND p.status = 'ordered'
  ORDER BY p.expected_at, p.id
$$;
"""
"""As revision 0006 has it, without what has arrived of an order already."""

_COUPON_COUNT = """
CREATE FUNCTION count_coupon_uses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    UPDATE coupons c SET uses = c.uses - 1 WHERE c.tenant_id = OLD.tenant_id AND c.id = OLD.coupon_id;
  ELSE
    UPDATE coupons c SET uses = c.uses + 1 WHERE c.tenant_id = NEW.tenant_id AND c.id = NEW.coupon_id;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER coupon_uses_count AFTER INSERT OR DELETE ON coupon_uses FOR EACH ROW EXECUTE FUNCTION count_coupon_uses();
"""

_FIGURES = """
CREATE FUNCTION utc_day(at timestamptz) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT (at AT TIME ZONE 'UTC')::date $$;

CREATE FUNCTION note_new_orders() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO order_days (tenant_id, id, day, channel, status, currency, orders, total_minor)
  SELECT o.tenant_id, gen_random_uuid(), utc_day(o.placed_at), o.channel, o.status, o.currency, count(*), sum(o.total_minor)
  FROM fresh o GROUP BY 1, 3, 4, 5, 6;
  RETURN NULL;
END $$;
CREATE TRIGGER orders_figures_new AFTER INSERT ON orders REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION note_new_orders();

CREATE FUNCTION note_changed_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO order_days (tenant_id, id, day, channel, status, currency, orders, total_minor) VALUES
    (OLD.tenant_id, gen_random_uuid(), utc_day(OLD.placed_at), OLD.channel, OLD.status, OLD.currency, -1, -OLD.total_minor),
    (NEW.tenant_id, gen_random_uuid(), utc_day(NEW.placed_at), NEW.channel, NEW.status, NEW.currency, 1, NEW.total_minor);
  IF (OLD.status = 'cancelled') <> (NEW.status = 'cancelled') THEN
    INSERT INTO sales_days (tenant_id, id, day, variant_id, currency, units, revenue_minor)
    SELECT l.tenant_id, gen_random_uuid(), utc_day(NEW.placed_at), l.variant_id, NEW.currency, way.sign * sum(l.quantity),
      way.sign * sum(l.quantity::bigint * l.unit_price_minor)
    FROM order_lines l, (SELECT CASE WHEN NEW.status = 'cancelled' THEN -1 ELSE 1 END AS sign) way
    WHERE l.tenant_id = NEW.tenant_id AND l.order_id = NEW.id GROUP BY l.tenant_id, l.variant_id, way.sign;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER orders_figures_changed AFTER UPDATE ON orders FOR EACH ROW
WHEN ((OLD.status, OLD.channel, OLD.currency, OLD.total_minor, OLD.placed_at)
  IS DISTINCT FROM (NEW.status, NEW.channel, NEW.currency, NEW.total_minor, NEW.placed_at))
EXECUTE FUNCTION note_changed_order();

CREATE FUNCTION note_gone_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO order_days (tenant_id, id, day, channel, status, currency, orders, total_minor)
  VALUES (OLD.tenant_id, gen_random_uuid(), utc_day(OLD.placed_at), OLD.channel, OLD.status, OLD.currency, -1, -OLD.total_minor);
  IF OLD.status <> 'cancelled' THEN
    INSERT INTO sales_days (tenant_id, id, day, variant_id, currency, units, revenue_minor)
    SELECT l.tenant_id, gen_random_uuid(), utc_day(OLD.placed_at), l.variant_id, OLD.currency, -l.quantity, -l.quantity::bigint * l.unit_price_minor
    FROM order_lines l WHERE l.tenant_id = OLD.tenant_id AND l.order_id = OLD.id;
  END IF;
  RETURN OLD;
END $$;
CREATE TRIGGER orders_figures_gone BEFORE DELETE ON orders FOR EACH ROW EXECUTE FUNCTION note_gone_order();

CREATE FUNCTION note_new_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO sales_days (tenant_id, id, day, variant_id, currency, units, revenue_minor)
  SELECT l.tenant_id, gen_random_uuid(), utc_day(o.placed_at), l.variant_id, o.currency, sum(l.quantity), sum(l.quantity::bigint * l.unit_price_minor)
  FROM fresh l JOIN orders o ON o.tenant_id = l.tenant_id AND o.id = l.order_id
  WHERE o.status <> 'cancelled' GROUP BY 1, 3, 4, 5;
  RETURN NULL;
END $$;
CREATE TRIGGER order_lines_figures_new AFTER INSERT ON order_lines REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION note_new_lines();

CREATE FUNCTION note_changed_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO sales_days (tenant_id, id, day, variant_id, currency, units, revenue_minor)
  SELECT o.tenant_id, gen_random_uuid(), utc_day(o.placed_at), part.variant_id, o.currency, part.units, part.revenue_minor
  FROM (VALUES (OLD.order_id, OLD.variant_id, -OLD.quantity, -OLD.quantity::bigint * OLD.unit_price_minor),
               (NEW.order_id, NEW.variant_id, NEW.quantity, NEW.quantity::bigint * NEW.unit_price_minor))
    AS part (order_id, variant_id, units, revenue_minor)
  JOIN orders o ON o.tenant_id = NEW.tenant_id AND o.id = part.order_id AND o.status <> 'cancelled';
  RETURN NULL;
END $$;
CREATE TRIGGER order_lines_figures_changed AFTER UPDATE ON order_lines FOR EACH ROW
WHEN ((OLD.order_id, OLD.variant_id, OLD.quantity, OLD.unit_price_minor)
  IS DISTINCT FROM (NEW.order_id, NEW.variant_id, NEW.quantity, NEW.unit_price_minor))
EXECUTE FUNCTION note_changed_line();

CREATE FUNCTION note_gone_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO sales_days (tenant_id, id, day, variant_id, currency, units, revenue_minor)
  SELECT o.tenant_id, gen_random_uuid(), utc_day(o.placed_at), OLD.variant_id, o.currency, -OLD.quantity, -OLD.quantity::bigint * OLD.unit_price_minor
  FROM orders o WHERE o.tenant_id = OLD.tenant_id AND o.id = OLD.order_id AND o.status <> 'cancelled';
  RETURN NULL;
END $$;
CREATE TRIGGER order_lines_figures_gone AFTER DELETE ON order_lines FOR EACH ROW EXECUTE FUNCTION note_gone_line();

ALTER TABLE orders NO FORCE ROW LEVEL SECURITY;
ALTER TABLE order_lines NO FORCE ROW LEVEL SECURITY;
INSERT INTO order_days (tenant_id, id, day, channel, status, currency, orders, total_minor)
SELECT o.tenant_id, gen_random_uuid(), utc_day(o.placed_at), o.channel, o.status, o.currency, count(*), sum(o.total_minor)
FROM orders o GROUP BY 1, 3, 4, 5, 6;
INSERT INTO sales_days (tenant_id, id, day, variant_id, currency, units, revenue_minor)
SELECT l.tenant_id, gen_random_uuid(), utc_day(o.placed_at), l.variant_id, o.currency, sum(l.quantity), sum(l.quantity::bigint * l.unit_price_minor)
FROM order_lines l JOIN orders o ON o.tenant_id = l.tenant_id AND o.id = l.order_id
WHERE o.status <> 'cancelled' GROUP BY 1, 3, 4, 5;
ALTER TABLE orders FORCE ROW LEVEL SECURITY;
ALTER TABLE order_lines FORCE ROW LEVEL SECURITY;
"""
"""Each change adds rows of differences, so that orders of the same day never wait for one another; the worker adds them up."""

_GONE = (
    "count_coupon_uses",
    "note_new_orders",
    "note_changed_order",
    "note_gone_order",
    "note_new_lines",
    "note_changed_line",
    "note_gone_line",
)


def upgrade() -> None:
    """Apply."""
    op.execute(_CREATE)
    op.execute(_ALTER)
    op.execute(_ARRIVALS)
    op.execute(_COUPON_COUNT)
    op.execute(_FIGURES)
    for table in _TABLES:
        for statement in cover(table):
            op.execute(statement)


def downgrade() -> None:
    """Take back."""
    for function in _GONE:
        op.execute(f"DROP FUNCTION {function} CASCADE")
    op.execute("DROP FUNCTION utc_day")
    op.execute(_ARRIVALS.replace(" - p.received_quantity", ""))
    for table in ("coupon_uses", "coupons", "stock_holds", "import_runs", "order_days", "sales_days"):
        op.execute(f"DROP TABLE {table}")
    op.execute("ALTER TABLE purchase_orders DROP COLUMN received_quantity, DROP COLUMN closed_at")
    op.execute("DROP INDEX purchase_orders_status_idx, purchase_orders_created_idx")
    op.execute("DROP INDEX orders_external_idx, orders_total_idx, orders_tags_idx")
    op.execute("ALTER TABLE orders DROP COLUMN parent_order_id")
    op.execute("DROP INDEX payment_transactions_refunds_idx")
    op.execute("DROP INDEX customers_email_idx, customers_name_idx, customers_words_idx")
    op.execute("ALTER TABLE customers DROP COLUMN external_id")
