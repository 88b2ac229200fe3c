"""Catalogue and channels: product statuses, bulk changes, and what sales channels report and teach."""

from alembic import op

from store.rls import cover

revision = "0007"
down_revision = "0006"

_TABLES = ("bulk_changes", "bulk_change_rows", "correction_rules", "sync_runs", "channel_orders", "channel_messages")

_ALTER = """
ALTER TABLE products ADD COLUMN status VARCHAR(9) NOT NULL DEFAULT 'published';
UPDATE products SET status = 'archived' WHERE NOT active;
ALTER TABLE products
  ADD CONSTRAINT products_status_check CHECK (status IN ('draft', 'published', 'archived')),
  ADD CONSTRAINT products_active_check CHECK (active = (status = 'published'));
ALTER TABLE price_changes ADD COLUMN reason VARCHAR(160) NOT NULL DEFAULT '';
ALTER TABLE variants ADD COLUMN price_revision INTEGER NOT NULL DEFAULT 0;
ALTER TABLE channels ADD COLUMN status VARCHAR(12) NOT NULL DEFAULT 'connected',
  ADD COLUMN pulls_orders BOOLEAN NOT NULL DEFAULT true, ADD COLUMN auto_correct BOOLEAN NOT NULL DEFAULT true,
  ADD COLUMN note VARCHAR(300) NOT NULL DEFAULT '';
UPDATE channels SET status = 'disconnected' WHERE NOT connected;
ALTER TABLE channels
  ADD CONSTRAINT channels_status_check CHECK (status IN ('connected', 'paused', 'disconnected')),
  ADD CONSTRAINT channels_connected_check CHECK (connected = (status = 'connected'));
ALTER TABLE listing_issues ADD COLUMN source VARCHAR(11) NOT NULL DEFAULT '', ADD COLUMN rejected_value VARCHAR(500),
  ADD COLUMN corrected_by VARCHAR(20) NOT NULL DEFAULT '',
  ADD CONSTRAINT listing_issues_source_check
    CHECK (source IN ('', 'title', 'brand', 'category', 'description', 'sku', 'shortened'));
CREATE INDEX price_changes_changed_idx ON price_changes (tenant_id, variant_id, changed_at);

CREATE FUNCTION count_price() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.price_revision := OLD.price_revision + 1;
  RETURN NEW;
END $$;
CREATE TRIGGER variants_count_price BEFORE UPDATE OF price_minor ON variants FOR EACH ROW EXECUTE FUNCTION count_price();
"""

_CREATE = """
CREATE TABLE bulk_changes (
  tenant_id UUID NOT NULL REFERENCES tenants (id),
  id UUID NOT NULL,
  number VARCHAR(20) NOT NULL,
  kind VARCHAR(7) NOT NULL,
  status VARCHAR(7) NOT NULL,
  title VARCHAR(200) NOT NULL,
  request JSONB NOT NULL,
  selected INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  created_by VARCHAR(120) NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  revoked_by VARCHAR(120) NOT NULL,
  revoked_at TIMESTAMP WITH TIME ZONE,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, number),
  CONSTRAINT bulk_changes_kind_check CHECK (kind IN ('price', 'push', 'listing', 'stock')),
  CONSTRAINT bulk_changes_status_check CHECK (status IN ('applied', 'revoked')),
  CONSTRAINT bulk_changes_revoked_check CHECK ((status = 'revoked') = (revoked_at IS NOT NULL)),
  CONSTRAINT bulk_changes_counts_check CHECK (changed >= 0 AND changed <= selected)
);
CREATE INDEX bulk_changes_created_idx ON bulk_changes (tenant_id, created_at);

CREATE TABLE bulk_change_rows (
  tenant_id UUID NOT NULL REFERENCES tenants (id),
  id UUID NOT NULL,
  bulk_change_id UUID NOT NULL,
  subject_id UUID NOT NULL,
  label VARCHAR(120) NOT NULL,
  before JSONB NOT NULL,
  after JSONB NOT NULL,
  state VARCHAR(8) NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, bulk_change_id, subject_id),
  FOREIGN KEY (tenant_id, bulk_change_id) REFERENCES bulk_changes (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT bulk_change_rows_state_check CHECK (state IN ('applied', 'restored', 'kept'))
);

CREATE TABLE correction_rules (
  tenant_id UUID NOT NULL REFERENCES tenants (id),
  id UUID NOT NULL,
  number VARCHAR(20) NOT NULL,
  channel_id UUID NOT NULL,
  field VARCHAR(40) NOT NULL,
  type VARCHAR(23) NOT NULL,
  source VARCHAR(11) NOT NULL,
  confidence_pct INTEGER NOT NULL,
  status VARCHAR(9) NOT NULL,
  applied INTEGER NOT NULL,
  learned_at TIMESTAMP WITH TIME ZONE,
  revoked_at TIMESTAMP WITH TIME ZONE,
  revoked_by VARCHAR(120) NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, number),
  UNIQUE (tenant_id, channel_id, field, type, source),
  FOREIGN KEY (tenant_id, channel_id) REFERENCES channels (tenant_id, id) ON DELETE RESTRICT,
  CONSTRAINT correction_rules_type_check
    CHECK (type IN ('missing_required_field', 'invalid_format', 'business_rule_violation', 'channel_specific')),
  CONSTRAINT correction_rules_status_check CHECK (status IN ('suggested', 'active', 'revoked')),
  CONSTRAINT correction_rules_source_check CHECK (source IN ('title', 'brand', 'category', 'description', 'sku', 'shortened')),
  CONSTRAINT correction_rules_confidence_check CHECK (confidence_pct BETWEEN 10 AND 99),
  CONSTRAINT correction_rules_applied_check CHECK (applied >= 0)
);

CREATE TABLE sync_runs (
  tenant_id UUID NOT NULL REFERENCES tenants (id),
  id UUID NOT NULL,
  number VARCHAR(20) NOT NULL,
  channel_id UUID NOT NULL,
  trigger VARCHAR(9) NOT NULL,
  status VARCHAR(9) NOT NULL,
  imported INTEGER NOT NULL,
  known INTEGER NOT NULL,
  blocked INTEGER NOT NULL,
  note VARCHAR(300) NOT NULL,
  started_by VARCHAR(120) NOT NULL,
  started_at TIMESTAMP WITH TIME ZONE NOT NULL,
  finished_at TIMESTAMP WITH TIME ZONE,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, number),
  FOREIGN KEY (tenant_id, channel_id) REFERENCES channels (tenant_id, id) ON DELETE RESTRICT,
  CONSTRAINT sync_runs_status_check CHECK (status IN ('pending', 'running', 'succeeded', 'partial', 'failed')),
  CONSTRAINT sync_runs_trigger_check CHECK (trigger IN ('manual', 'scheduled', 'webhook')),
  CONSTRAINT sync_runs_counts_check CHECK (imported >= 0 AND known >= 0 AND blocked >= 0),
  CONSTRAINT sync_runs_finished_check CHECK ((status IN ('pending', 'running')) = (finished_at IS NULL))
);
CREATE INDEX sync_runs_started_idx ON sync_runs (tenant_id, started_at);
CREATE UNIQUE INDEX sync_runs_open_idx ON sync_runs (tenant_id, channel_id) WHERE status IN ('pending', 'running');

CREATE TABLE channel_orders (
  tenant_id UUID NOT NULL REFERENCES tenants (id),
  id UUID NOT NULL,
  channel_id UUID NOT NULL,
  external_id VARCHAR(60) NOT NULL,
  status VARCHAR(8) NOT NULL,
  order_id UUID,
  problems JSONB NOT NULL,
  times_seen INTEGER NOT NULL,
  first_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
  last_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, channel_id, external_id),
  FOREIGN KEY (tenant_id, channel_id) REFERENCES channels (tenant_id, id) ON DELETE RESTRICT,
  FOREIGN KEY (tenant_id, order_id) REFERENCES orders (tenant_id, id) ON DELETE RESTRICT,
  CONSTRAINT channel_orders_status_check CHECK (status IN ('imported', 'blocked')),
  CONSTRAINT channel_orders_imported_check CHECK ((status = 'imported') = (order_id IS NOT NULL))
);
CREATE INDEX channel_orders_blocked_idx ON channel_orders (tenant_id, last_seen_at) WHERE status = 'blocked';

CREATE TABLE channel_messages (
  tenant_id UUID NOT NULL REFERENCES tenants (id),
  id UUID NOT NULL,
  channel_id UUID NOT NULL,
  conversation VARCHAR(80) NOT NULL,
  external_id VARCHAR(80) NOT NULL,
  author VARCHAR(120) NOT NULL,
  body TEXT NOT NULL,
  subject VARCHAR(160) NOT NULL,
  status VARCHAR(8) NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  sent_at TIMESTAMP WITH TIME ZONE,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, channel_id, external_id),
  FOREIGN KEY (tenant_id, channel_id) REFERENCES channels (tenant_id, id) ON DELETE RESTRICT,
  CONSTRAINT channel_messages_status_check CHECK (status IN ('open', 'answered', 'draft', 'sent')),
  CONSTRAINT channel_messages_sent_check CHECK ((status = 'sent') = (sent_at IS NOT NULL))
);
CREATE INDEX channel_messages_conversation_idx ON channel_messages (tenant_id, channel_id, conversation, created_at);
CREATE INDEX channel_messages_status_idx ON channel_messages (tenant_id, status, created_at);
CREATE UNIQUE INDEX channel_messages_draft_idx ON channel_messages (tenant_id, channel_id, conversation) WHERE status = 'draft';
"""

_TAKE_BACK = """
DROP TRIGGER variants_count_price ON variants;
DROP FUNCTION count_price();
DROP INDEX price_changes_changed_idx;
ALTER TABLE listing_issues DROP COLUMN source, DROP COLUMN rejected_value, DROP COLUMN corrected_by;
ALTER TABLE channels DROP COLUMN status, DROP COLUMN pulls_orders, DROP COLUMN auto_correct, DROP COLUMN note;
ALTER TABLE variants DROP COLUMN price_revision;
ALTER TABLE price_changes DROP COLUMN reason;
ALTER TABLE products DROP COLUMN status;
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
    for table in reversed(_TABLES):
        op.drop_table(table)
    op.execute(_TAKE_BACK)
