"""People and risk: what is known of customers, decisions on fraud, alerts, and merchants that apply."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from store.rls import cover

revision = "0008"
down_revision = "0007"

_TABLES = (
    "alerts",
    "merchant_applications",
    "segments",
    "segment_members",
    "interactions",
    "consents",
    "personal_exports",
    "order_origins",
    "fraud_rulings",
)
_RELAY = {"alerts": "SELECT, INSERT, UPDATE", "fraud_checks": "INSERT", "block_entries": "SELECT", "counters": "SELECT, INSERT, UPDATE"}
"""What the functions below may do for a caller who may not: a customer's order is scored, and may raise an alert."""

_BLOCK_KEY = """
CREATE FUNCTION block_key(kind text, value text)
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN kind = 'address' THEN btrim(regexp_replace(lower(value), '[^[:alnum:]]+', ' ', 'g')) ELSE lower(btrim(value)) END
$$
"""

_DOORS = """
CREATE FUNCTION block_hits(kinds text[], wanted text[], at timestamptz)
RETURNS TABLE (kind text, value text, reason text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT DISTINCT b.kind::text, b.value::text, b.reason::text
  FROM unnest(block_hits.kinds, block_hits.wanted) AS w (kind, value)
  JOIN block_entries b ON b.tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid
    AND b.kind = w.kind AND block_key(b.kind, b.value) = block_key(w.kind, w.value)
  WHERE b.expires_at IS NULL OR b.expires_at > block_hits.at ORDER BY 1, 2
$$;

CREATE FUNCTION record_fraud_check(
  check_id uuid, order_id uuid, score integer, decision text, signals jsonb, policy_version integer, at timestamptz
)
RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO fraud_checks (tenant_id, id, order_id, score, decision, signals, policy_version, checked_at)
  VALUES (nullif(current_setting('app.tenant_id', true), '')::uuid, record_fraud_check.check_id, record_fraud_check.order_id,
    record_fraud_check.score, record_fraud_check.decision, record_fraud_check.signals, record_fraud_check.policy_version,
    record_fraud_check.at)
$$;

CREATE FUNCTION raise_alert(
  alert_id uuid, kind text, subject text, level text, title text, detail text, data jsonb, at timestamptz, expires_at timestamptz
)
RETURNS TABLE (number text, fresh boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  tenant uuid := nullif(current_setting('app.tenant_id', true), '')::uuid;
  levels text[] := ARRAY['low', 'medium', 'high', 'critical'];
  taken bigint;
BEGIN
  UPDATE alerts a SET status = 'resolved', resolved_at = a.expires_at, handled_by = 'expiry'
  WHERE a.tenant_id = tenant AND a.kind = raise_alert.kind AND a.subject = raise_alert.subject AND a.status <> 'resolved'
    AND a.expires_at <= raise_alert.at;
  RETURN QUERY
  UPDATE alerts a SET times = a.times + 1, raised_at = greatest(a.raised_at, raise_alert.at), title = raise_alert.title,
    detail = raise_alert.detail, data = raise_alert.data, expires_at = greatest(a.expires_at, raise_alert.expires_at),
    level = CASE WHEN array_position(levels, raise_alert.level) > array_position(levels, a.level::text)
      THEN raise_alert.level ELSE a.level END,
    status = CASE WHEN a.status = 'acknowledged' AND array_position(levels, raise_alert.level) > array_position(levels, a.level::text)
      THEN 'active' ELSE a.status END
  WHERE a.tenant_id = tenant AND a.kind = raise_alert.kind AND a.subject = raise_alert.subject AND a.status <> 'resolved'
  RETURNING a.number::text, false;
  IF FOUND THEN RETURN; END IF;
  INSERT INTO counters AS c (tenant_id, series, last) VALUES (tenant, 'alert', 1001)
  ON CONFLICT (tenant_id, series) DO UPDATE SET last = c.last + 1 RETURNING c.last INTO taken;
  RETURN QUERY
  INSERT INTO alerts AS a (tenant_id, id, number, kind, subject, level, status, title, detail, data, times, created_at, raised_at, expires_at,
    handled_by, note)
  VALUES (tenant, raise_alert.alert_id, 'A-' || taken, raise_alert.kind, raise_alert.subject, raise_alert.level, 'active',
    raise_alert.title, raise_alert.detail, raise_alert.data, 1, raise_alert.at, raise_alert.at, raise_alert.expires_at, '', '')
  ON CONFLICT (tenant_id, kind, subject) WHERE status <> 'resolved' DO UPDATE SET times = a.times + 1
  RETURNING a.number::text, a.times = 1;
END $$;
"""
_FUNCTIONS = (
    "block_hits(text[], text[], timestamptz)",
    "record_fraud_check(uuid, uuid, integer, text, jsonb, integer, timestamptz)",
    "raise_alert(uuid, text, text, text, text, text, jsonb, timestamptz, timestamptz)",
)


def upgrade() -> None:
    """Apply."""
    op.execute(_BLOCK_KEY)
    op.create_table(
        "alerts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handled_by", sa.String(length=120), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(status = 'resolved') = (resolved_at IS NOT NULL)", name="alerts_resolved_check"),
        sa.CheckConstraint("level IN ('low', 'medium', 'high', 'critical')", name="alerts_level_check"),
        sa.CheckConstraint("status IN ('active', 'acknowledged', 'resolved', 'suppressed')", name="alerts_status_check"),
        sa.CheckConstraint("times > 0 AND expires_at > raised_at", name="alerts_times_check"),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        sa.UniqueConstraint("tenant_id", "number"),
    )
    op.create_index(
        "alerts_open_idx", "alerts", ["tenant_id", "kind", "subject"], unique=True, postgresql_where=sa.text("status <> 'resolved'")
    )
    op.create_index("alerts_raised_idx", "alerts", ["tenant_id", "raised_at"], unique=False)
    op.create_table(
        "merchant_applications",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("company", sa.String(length=120), nullable=False),
        sa.Column("contact", sa.String(length=120), nullable=False),
        sa.Column("email", sa.String(length=200), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("monthly_orders", sa.Integer(), nullable=False),
        sa.Column("licence", sa.String(length=120), nullable=False),
        sa.Column("tax_certificate", sa.String(length=120), nullable=False),
        sa.Column("status", sa.String(length=18), nullable=False),
        sa.Column("requested", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("commission_bp", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=120), nullable=False),
        sa.CheckConstraint("(status IN ('approved', 'rejected')) = (decided_at IS NOT NULL)", name="merchant_applications_decided_check"),
        sa.CheckConstraint(
            "status <> 'approved' OR (licence <> '' AND tax_certificate <> '' AND commission_bp IS NOT NULL)",
            name="merchant_applications_approved_check",
        ),
        sa.CheckConstraint(
            "status IN ('submitted', 'under_review', 'documents_required', 'approved', 'rejected')",
            name="merchant_applications_status_check",
        ),
        sa.CheckConstraint("monthly_orders >= 0", name="merchant_applications_volume_check"),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        sa.UniqueConstraint("tenant_id", "number"),
    )
    op.create_index(
        "merchant_applications_open_idx",
        "merchant_applications",
        ["tenant_id", sa.literal_column("lower(email)")],
        unique=True,
        postgresql_where=sa.text("status NOT IN ('approved', 'rejected')"),
    )
    op.create_index("merchant_applications_status_idx", "merchant_applications", ["tenant_id", "status", "submitted_at"], unique=False)
    op.create_table(
        "segments",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("description", sa.String(length=300), nullable=False),
        sa.Column("rule", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        sa.UniqueConstraint("tenant_id", "slug"),
    )
    op.create_table(
        "consents",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=15), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("purpose IN ('email_marketing', 'sms_marketing', 'profiling', 'data_sharing')", name="consents_purpose_check"),
        sa.ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index("consents_customer_idx", "consents", ["tenant_id", "customer_id", "purpose", "at"], unique=False)
    op.create_table(
        "personal_exports",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("requested_by", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index("personal_exports_customer_idx", "personal_exports", ["tenant_id", "customer_id", "created_at"], unique=False)
    op.create_table(
        "segment_members",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("segment_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("added_by", sa.String(length=120), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["tenant_id", "segment_id"], ["segments.tenant_id", "segments.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        sa.UniqueConstraint("tenant_id", "segment_id", "customer_id"),
    )
    op.create_index(op.f("ix_segment_members_customer_id"), "segment_members", ["customer_id"], unique=False)
    op.create_table(
        "interactions",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("channel", sa.String(length=6), nullable=False),
        sa.Column("direction", sa.String(length=8), nullable=False),
        sa.Column("summary", sa.String(length=1000), nullable=False),
        sa.Column("by", sa.String(length=120), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("channel IN ('phone', 'email', 'chat', 'shop', 'social')", name="interactions_channel_check"),
        sa.CheckConstraint("direction IN ('inbound', 'outbound')", name="interactions_direction_check"),
        sa.ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"], ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index("interactions_customer_idx", "interactions", ["tenant_id", "customer_id", "at"], unique=False)
    op.create_table(
        "order_origins",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("ip", sa.String(length=45), nullable=False),
        sa.Column("card", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        sa.UniqueConstraint("tenant_id", "order_id"),
    )
    op.create_table(
        "fraud_rulings",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("check_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.String(length=7), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("decided_by", sa.String(length=120), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("outcome IN ('approve', 'hold', 'block')", name="fraud_rulings_outcome_check"),
        sa.ForeignKeyConstraint(["tenant_id", "check_id"], ["fraud_checks.tenant_id", "fraud_checks.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index(
        "fraud_rulings_final_idx", "fraud_rulings", ["tenant_id", "check_id"], unique=True, postgresql_where=sa.text("outcome <> 'hold'")
    )
    op.create_index(op.f("ix_fraud_rulings_order_id"), "fraud_rulings", ["order_id"], unique=False)
    op.add_column("block_entries", sa.Column("created_by", sa.String(length=120), server_default="", nullable=False))
    op.create_index(
        "block_entries_key_idx", "block_entries", ["tenant_id", "kind", sa.literal_column("block_key(kind, value)")], unique=True
    )
    op.add_column("customers", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))

    op.create_index("orders_cancelled_idx", "orders", ["tenant_id", "cancelled_at"], postgresql_where=sa.text("cancelled_at IS NOT NULL"))
    op.create_index("returns_requested_idx", "returns", ["tenant_id", "requested_at"])
    op.create_index("price_changes_recent_idx", "price_changes", ["tenant_id", "changed_at"])
    op.create_check_constraint("block_entries_kind_check", "block_entries", "kind IN ('email', 'card', 'address', 'ip')")
    op.create_check_constraint("block_entries_expiry_check", "block_entries", "expires_at IS NULL OR expires_at > created_at")
    op.create_check_constraint("fraud_checks_review_check", "fraud_checks", "(reviewed_at IS NULL) = (review_outcome IS NULL)")
    for table in _TABLES:
        for statement in cover(table):
            op.execute(statement)
    for table, rights in _RELAY.items():
        op.execute(f"GRANT {rights} ON {table} TO storehand_relay")
        op.execute(f"CREATE POLICY relay_rows ON {table} TO storehand_relay USING (true) WITH CHECK (true)")
    op.execute("GRANT CREATE ON SCHEMA public TO storehand_relay")
    op.execute(_DOORS)
    for function in _FUNCTIONS:
        op.execute(f"ALTER FUNCTION {function} OWNER TO storehand_relay")
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO storehand_app")
    op.execute("REVOKE CREATE ON SCHEMA public FROM storehand_relay")


def downgrade() -> None:
    """Take back."""
    for function in _FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
    for table, rights in _RELAY.items():
        op.execute(f"DROP POLICY relay_rows ON {table}")
        op.execute(f"REVOKE {rights} ON {table} FROM storehand_relay")
    for index in ("price_changes_recent_idx", "returns_requested_idx", "orders_cancelled_idx"):
        op.execute(f"DROP INDEX {index}")
    op.drop_constraint("fraud_checks_review_check", "fraud_checks")
    op.drop_constraint("block_entries_expiry_check", "block_entries")
    op.drop_constraint("block_entries_kind_check", "block_entries")

    op.drop_column("customers", "erased_at")
    op.drop_index("block_entries_key_idx", table_name="block_entries")
    op.drop_column("block_entries", "created_by")
    op.drop_index(op.f("ix_fraud_rulings_order_id"), table_name="fraud_rulings")
    op.drop_index("fraud_rulings_final_idx", table_name="fraud_rulings", postgresql_where=sa.text("outcome <> 'hold'"))
    op.drop_table("fraud_rulings")
    op.drop_table("order_origins")
    op.drop_index("interactions_customer_idx", table_name="interactions")
    op.drop_table("interactions")
    op.drop_index(op.f("ix_segment_members_customer_id"), table_name="segment_members")
    op.drop_table("segment_members")
    op.drop_index("personal_exports_customer_idx", table_name="personal_exports")
    op.drop_table("personal_exports")
    op.drop_index("consents_customer_idx", table_name="consents")
    op.drop_table("consents")
    op.drop_table("segments")
    op.drop_index("merchant_applications_status_idx", table_name="merchant_applications")
    op.drop_index(
        "merchant_applications_open_idx",
        table_name="merchant_applications",
        postgresql_where=sa.text("status NOT IN ('approved', 'rejected')"),
    )
    op.drop_table("merchant_applications")
    op.drop_index("alerts_raised_idx", table_name="alerts")
    op.drop_index("alerts_open_idx", table_name="alerts", postgresql_where=sa.text("status <> 'resolved'"))
    op.drop_table("alerts")
    op.execute("DROP FUNCTION block_key(text, text)")
