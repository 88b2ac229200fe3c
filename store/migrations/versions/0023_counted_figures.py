"""What was sold at which cost, sent and delivered is counted by day, so that key figures and punctuality cost the same at any size."""

from importlib import import_module

from alembic import op

from store.rls import cover

revision = "0023"
down_revision = "0026"

_CREATE = """
CREATE TABLE dispatch_days (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  day DATE NOT NULL,
  within_days INTEGER NOT NULL,
  orders INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY(tenant_id) REFERENCES tenants (id),
  CONSTRAINT dispatch_days_within_check CHECK (within_days >= 0)
);
CREATE INDEX dispatch_days_day_idx ON dispatch_days (tenant_id, day);

CREATE TABLE arrival_days (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  promised DATE NOT NULL,
  arrived DATE NOT NULL,
  carrier_id UUID NOT NULL,
  parcels INTEGER NOT NULL,
  on_time INTEGER NOT NULL,
  late_seconds BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE INDEX arrival_days_promised_idx ON arrival_days (tenant_id, promised);
CREATE INDEX arrival_days_arrived_idx ON arrival_days (tenant_id, arrived);

ALTER TABLE order_days ADD COLUMN discount_minor BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sales_days ADD COLUMN cost_minor BIGINT NOT NULL DEFAULT 0;
CREATE INDEX shipments_due_idx ON shipments (tenant_id, promised_at);
CREATE INDEX shipments_open_idx ON shipments (tenant_id, promised_at) WHERE delivered_at IS NULL;
"""

_ORDERS = """
CREATE FUNCTION seconds_late(promised timestamptz, delivered timestamptz) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT greatest(round(extract(epoch FROM delivered - promised)), 0)::bigint $$;
CREATE FUNCTION days_to_dispatch(placed timestamptz, shipped timestamptz) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT greatest(ceil(extract(epoch FROM shipped - placed) / 86400), 0)::integer $$;

CREATE OR REPLACE FUNCTION note_new_orders() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO order_days (tenant_id, id, day, channel, status, currency, orders, total_minor, discount_minor)
  SELECT o.tenant_id, gen_random_uuid(), utc_day(o.placed_at), o.channel, o.status, o.currency, count(*), sum(o.total_minor),
    sum(o.discount_minor)
  FROM fresh o GROUP BY 1, 3, 4, 5, 6;
  INSERT INTO dispatch_days (tenant_id, id, day, within_days, orders)
  SELECT o.tenant_id, gen_random_uuid(), utc_day(o.placed_at), days_to_dispatch(o.placed_at, o.shipped_at), count(*)
  FROM fresh o WHERE o.shipped_at IS NOT NULL AND o.status <> 'cancelled' GROUP BY 1, 3, 4;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION note_changed_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.status, OLD.channel, OLD.currency, OLD.total_minor, OLD.discount_minor, OLD.placed_at)
    IS DISTINCT FROM (NEW.status, NEW.channel, NEW.currency, NEW.total_minor, NEW.discount_minor, NEW.placed_at) THEN
    INSERT INTO order_days (tenant_id, id, day, channel, status, currency, orders, total_minor, discount_minor) VALUES
      (OLD.tenant_id, gen_random_uuid(), utc_day(OLD.placed_at), OLD.channel, OLD.status, OLD.currency, -1, -OLD.total_minor,
        -OLD.discount_minor),
      (NEW.tenant_id, gen_random_uuid(), utc_day(NEW.placed_at), NEW.channel, NEW.status, NEW.currency, 1, NEW.total_minor,
        NEW.discount_minor);
  END IF;
  INSERT INTO dispatch_days (tenant_id, id, day, within_days, orders)
  SELECT NEW.tenant_id, gen_random_uuid(), utc_day(part.placed), days_to_dispatch(part.placed, part.shipped), part.orders
  FROM (VALUES (OLD.placed_at, OLD.shipped_at, OLD.status, -1), (NEW.placed_at, NEW.shipped_at, NEW.status, 1))
    AS part (placed, shipped, status, orders)
  WHERE part.shipped IS NOT NULL AND part.status <> 'cancelled'
    AND (OLD.placed_at, OLD.shipped_at, OLD.status = 'cancelled') IS DISTINCT FROM (NEW.placed_at, NEW.shipped_at, NEW.status = 'cancelled');
  IF (OLD.status = 'cancelled') <> (NEW.status = 'cancelled') THEN
    INSERT INTO sales_days (tenant_id, id, day, variant_id, currency, units, revenue_minor, cost_minor)
    SELECT l.tenant_id, gen_random_uuid(), utc_day(NEW.placed_at), l.variant_id, NEW.currency, way.sign * sum(l.quantity),
      way.sign * sum(l.quantity::bigint * l.unit_price_minor), way.sign * sum(l.quantity::bigint * l.unit_cost_minor)
    FROM order_lines l, (SELECT CASE WHEN NEW.status = 'cancelled' THEN -1 ELSE 1 END AS sign) way
    WHERE l.tenant_id = NEW.tenant_id AND l.order_id = NEW.id GROUP BY l.tenant_id, l.variant_id, way.sign;
  END IF;
  RETURN NULL;
END $$;
DROP TRIGGER orders_figures_changed ON orders;
CREATE TRIGGER orders_figures_changed AFTER UPDATE ON orders FOR EACH ROW
WHEN ((OLD.status, OLD.channel, OLD.currency, OLD.total_minor, OLD.discount_minor, OLD.placed_at, OLD.shipped_at)
  IS DISTINCT FROM (NEW.status, NEW.channel, NEW.currency, NEW.total_minor, NEW.discount_minor, NEW.placed_at, NEW.shipped_at))
EXECUTE FUNCTION note_changed_order();

CREATE OR REPLACE FUNCTION note_gone_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO order_days (tenant_id, id, day, channel, status, currency, orders, total_minor, discount_minor)
  VALUES (OLD.tenant_id, gen_random_uuid(), utc_day(OLD.placed_at), OLD.channel, OLD.status, OLD.currency, -1, -OLD.total_minor,
    -OLD.discount_minor);
  IF OLD.status <> 'cancelled' THEN
    INSERT INTO sales_days (tenant_id, id, day, variant_id, currency, units, revenue_minor, cost_minor)
    SELECT l.tenant_id, gen_random_uuid(), utc_day(OLD.placed_at), l.variant_id, OLD.currency, -l.quantity,
      -l.quantity::bigint * l.unit_price_minor, -l.quantity::bigint * l.unit_cost_minor
    FROM order_lines l WHERE l.tenant_id = OLD.tenant_id AND l.order_id = OLD.id;
    IF OLD.shipped_at IS NOT NULL THEN
      INSERT INTO dispatch_days (tenant_id, id, day, within_days, orders)
      VALUES (OLD.tenant_id, gen_random_uuid(), utc_day(OLD.placed_at), days_to_dispatch(OLD.placed_at, OLD.shipped_at), -1);
    END IF;
  END IF;
  RETURN OLD;
END $$;

CREATE OR REPLACE FUNCTION note_new_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO sales_days (tenant_id, id, day, variant_id, currency, units, revenue_minor, cost_minor)
  SELECT l.tenant_id, gen_random_uuid(), utc_day(o.placed_at), l.variant_id, o.currency, sum(l.quantity),
    sum(l.quantity::bigint * l.unit_price_minor), sum(l.quantity::bigint * l.unit_cost_minor)
  FROM fresh l JOIN orders o ON o.tenant_id = l.tenant_id AND o.id = l.order_id
  WHERE o.status <> 'cancelled' GROUP BY 1, 3, 4, 5;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION note_changed_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO sales_days (tenant_id, id, day, variant_id, currency, units, revenue_minor, cost_minor)
  SELECT o.tenant_id, gen_random_uuid(), utc_day(o.placed_at), part.variant_id, o.currency, part.units, part.revenue_minor, part.cost_minor
  FROM (VALUES (OLD.order_id, OLD.variant_id, -OLD.quantity, -OLD.quantity::bigint * OLD.unit_price_minor,
                -OLD.quantity::bigint * OLD.unit_cost_minor),
               (NEW.order_id, NEW.variant_id, NEW.quantity, NEW.quantity::bigint * NEW.unit_price_minor,
                NEW.quantity::bigint * NEW.unit_cost_minor))
    AS part (order_id, variant_id, units, revenue_minor, cost_minor)
  JOIN orders o ON o.tenant_id = NEW.tenant_id AND o.id = part.order_id AND o.status <> 'cancelled';
  RETURN NULL;
END $$;
DROP TRIGGER order_lines_figures_changed ON order_lines;
CREATE TRIGGER order_lines_figures_changed AFTER UPDATE ON order_lines FOR EACH ROW
WHEN ((OLD.order_id, OLD.variant_id, OLD.quantity, OLD.unit_price_minor, OLD.unit_cost_minor)
  IS DISTINCT FROM (NEW.order_id, NEW.variant_id, NEW.quantity, NEW.unit_price_minor, NEW.unit_cost_minor))
EXECUTE FUNCTION note_changed_line();

CREATE OR REPLACE FUNCTION note_gone_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO sales_days (tenant_id, id, day, variant_id, currency, units, revenue_minor, cost_minor)
  SELECT o.tenant_id, gen_random_uuid(), utc_day(o.placed_at), OLD.variant_id, o.currency, -OLD.quantity,
    -OLD.quantity::bigint * OLD.unit_price_minor, -OLD.quantity::bigint * OLD.unit_cost_minor
  FROM orders o WHERE o.tenant_id = OLD.tenant_id AND o.id = OLD.order_id AND o.status <> 'cancelled';
  RETURN NULL;
END $$;
"""

_ARRIVALS = """
CREATE FUNCTION note_new_parcels() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO arrival_days (tenant_id, id, promised, arrived, carrier_id, parcels, on_time, late_seconds)
  SELECT s.tenant_id, gen_random_uuid(), utc_day(s.promised_at), utc_day(s.delivered_at), s.carrier_id, count(*),
    count(*) FILTER (WHERE s.delivered_at <= s.promised_at), sum(seconds_late(s.promised_at, s.delivered_at))
  FROM fresh s
  WHERE s.delivered_at IS NOT NULL AND s.promised_at IS NOT NULL AND s.status NOT IN ('pending', 'cancelled', 'returned')
  GROUP BY 1, 3, 4, 5;
  RETURN NULL;
END $$;
CREATE TRIGGER shipments_figures_new AFTER INSERT ON shipments REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION note_new_parcels();

CREATE FUNCTION note_changed_parcel() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO arrival_days (tenant_id, id, promised, arrived, carrier_id, parcels, on_time, late_seconds)
  SELECT NEW.tenant_id, gen_random_uuid(), utc_day(part.promised), utc_day(part.delivered), part.carrier_id, part.way,
    part.way * (part.delivered <= part.promised)::integer, part.way * seconds_late(part.promised, part.delivered)
  FROM (VALUES (OLD.promised_at, OLD.delivered_at, OLD.carrier_id, OLD.status, -1),
               (NEW.promised_at, NEW.delivered_at, NEW.carrier_id, NEW.status, 1)) AS part (promised, delivered, carrier_id, status, way)
  WHERE part.delivered IS NOT NULL AND part.promised IS NOT NULL AND part.status NOT IN ('pending', 'cancelled', 'returned');
  RETURN NULL;
END $$;
CREATE TRIGGER shipments_figures_changed AFTER UPDATE ON shipments FOR EACH ROW
WHEN ((OLD.delivered_at, OLD.promised_at, OLD.carrier_id, OLD.status IN ('pending', 'cancelled', 'returned'))
  IS DISTINCT FROM (NEW.delivered_at, NEW.promised_at, NEW.carrier_id, NEW.status IN ('pending', 'cancelled', 'returned')))
EXECUTE FUNCTION note_changed_parcel();

CREATE FUNCTION note_gone_parcel() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.delivered_at IS NOT NULL AND OLD.promised_at IS NOT NULL AND OLD.status NOT IN ('pending', 'cancelled', 'returned') THEN
    INSERT INTO arrival_days (tenant_id, id, promised, arrived, carrier_id, parcels, on_time, late_seconds)
    VALUES (OLD.tenant_id, gen_random_uuid(), utc_day(OLD.promised_at), utc_day(OLD.delivered_at), OLD.carrier_id, -1,
      -(OLD.delivered_at <= OLD.promised_at)::integer, -seconds_late(OLD.promised_at, OLD.delivered_at));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER shipments_figures_gone AFTER DELETE ON shipments FOR EACH ROW EXECUTE FUNCTION note_gone_parcel();
"""

_COUNT = """
DELETE FROM order_days;
DELETE FROM sales_days;
INSERT INTO order_days (tenant_id, id, day, channel, status, currency, orders, total_minor, discount_minor)
SELECT o.tenant_id, gen_random_uuid(), utc_day(o.placed_at), o.channel, o.status, o.currency, count(*), sum(o.total_minor), sum(o.discount_minor)
FROM orders o GROUP BY 1, 3, 4, 5, 6;
INSERT INTO sales_days (tenant_id, id, day, variant_id, currency, units, revenue_minor, cost_minor)
SELECT l.tenant_id, gen_random_uuid(), utc_day(o.placed_at), l.variant_id, o.currency, sum(l.quantity),
  sum(l.quantity::bigint * l.unit_price_minor), sum(l.quantity::bigint * l.unit_cost_minor)
FROM order_lines l JOIN orders o ON o.tenant_id = l.tenant_id AND o.id = l.order_id
WHERE o.status <> 'cancelled' GROUP BY 1, 3, 4, 5;
INSERT INTO dispatch_days (tenant_id, id, day, within_days, orders)
SELECT o.tenant_id, gen_random_uuid(), utc_day(o.placed_at), days_to_dispatch(o.placed_at, o.shipped_at), count(*)
FROM orders o WHERE o.shipped_at IS NOT NULL AND o.status <> 'cancelled' GROUP BY 1, 3, 4;
INSERT INTO arrival_days (tenant_id, id, promised, arrived, carrier_id, parcels, on_time, late_seconds)
SELECT s.tenant_id, gen_random_uuid(), utc_day(s.promised_at), utc_day(s.delivered_at), s.carrier_id, count(*),
  count(*) FILTER (WHERE s.delivered_at <= s.promised_at), sum(seconds_late(s.promised_at, s.delivered_at))
FROM shipments s
WHERE s.delivered_at IS NOT NULL AND s.promised_at IS NOT NULL AND s.status NOT IN ('pending', 'cancelled', 'returned') GROUP BY 1, 3, 4, 5;
ALTER TABLE order_days ALTER COLUMN discount_minor DROP DEFAULT;
ALTER TABLE sales_days ALTER COLUMN cost_minor DROP DEFAULT;
"""
_GONE = (
    "note_new_orders",
    "note_changed_order",
    "note_gone_order",
    "note_new_lines",
    "note_changed_line",
    "note_gone_line",
    "note_new_parcels",
    "note_changed_parcel",
    "note_gone_parcel",
)
_COUNTED = ("orders", "order_lines", "shipments", "order_days", "sales_days")


def upgrade() -> None:
    """Apply."""
    op.execute(_CREATE)
    op.execute(_ORDERS)
    op.execute(_ARRIVALS)
    for table in _COUNTED:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(_COUNT)
    for table in _COUNTED:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    for table in ("dispatch_days", "arrival_days"):
        for statement in cover(table):
            op.execute(statement)


def downgrade() -> None:
    """Take back, with the functions as revision 0009 has them."""
    before: str = vars(import_module("store.migrations.versions.0009_stock_and_imports"))["_FIGURES"]
    functions = before[before.index("CREATE FUNCTION note_new_orders") : before.index("ALTER TABLE orders NO FORCE")]
    for function in _GONE:
        op.execute(f"DROP FUNCTION {function} CASCADE")
    op.execute(functions)
    op.execute("DROP INDEX shipments_due_idx; DROP INDEX shipments_open_idx")
    op.execute("ALTER TABLE order_days DROP COLUMN discount_minor")
    op.execute("ALTER TABLE sales_days DROP COLUMN cost_minor")
    op.execute("DROP TABLE arrival_days; DROP TABLE dispatch_days")
    op.execute("DROP FUNCTION days_to_dispatch; DROP FUNCTION seconds_late")
