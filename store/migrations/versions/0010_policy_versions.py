"""Policy versions say what they were based on and why; every decision is kept with what its rule was asked; pages follow the policy."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from store.rls import cover

revision = "0010"
down_revision = "0009"

_FUNCTIONS = """
CREATE FUNCTION decision_append(actor text, action text, body jsonb, decision jsonb)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  tenant uuid := nullif(current_setting('app.tenant_id', true), '')::uuid;
BEGIN
  IF tenant IS NULL THEN RAISE EXCEPTION 'decision_append: no tenant is set'; END IF;
  INSERT INTO decisions (tenant_id, id, at, tool, rule, verdict, outcome, policy_version, actor, role, approved, inputs)
  SELECT tenant, d.id, d.at, d.tool, d.rule, d.verdict, d.outcome, d.policy_version, d.actor, d.role, d.approved, d.inputs
  FROM jsonb_to_record(decision_append.decision) AS d (id uuid, at timestamptz, tool text, rule text, verdict text, outcome text,
    policy_version integer, actor uuid, role text, approved boolean, inputs jsonb);
  RETURN audit_append(decision_append.actor, decision_append.action, decision_append.body);
END $$;

CREATE FUNCTION tenants_to_publish(at timestamptz)
RETURNS TABLE (tenant_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT t.id FROM tenants t
  CROSS JOIN LATERAL (SELECT max(v.version) AS version FROM policy_versions v WHERE v.tenant_id = t.id AND v.effective_at <= at) now_valid
  WHERE now_valid.version IS NOT NULL AND (
    NOT EXISTS (SELECT 1 FROM articles a WHERE a.tenant_id = t.id AND a.policy_version = now_valid.version)
    OR EXISTS (SELECT 1 FROM articles a WHERE a.tenant_id = t.id AND a.policy_version <> now_valid.version AND a.status = 'published'))
  UNION
  SELECT a.tenant_id FROM articles a WHERE a.indexed_at IS NULL OR a.indexed_at < a.updated_at
$$;

CREATE FUNCTION expire_approvals(at timestamptz)
RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE approvals a SET status = 'expired' WHERE a.status IN ('open', 'approved') AND a.expires_at <= at RETURNING a.tenant_id, a.id
$$;
"""
_DEFINERS = ("decision_append(text, text, jsonb, jsonb)", "tenants_to_publish(timestamptz)", "expire_approvals(timestamptz)")
_READS = ("articles", "policy_versions", "approvals", "decisions")


def upgrade() -> None:
    """Apply."""
    op.add_column("policy_versions", sa.Column("based_on", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("policy_versions", sa.Column("note", sa.String(length=1000), nullable=False, server_default=""))
    op.create_check_constraint("policy_versions_order_check", "policy_versions", "version > based_on")
    op.execute("REVOKE UPDATE ON policy_versions FROM storehand_app")
    op.create_table(
        "decisions",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tool", sa.String(length=60), nullable=False),
        sa.Column("rule", sa.String(length=60), nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("actor", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("inputs", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("verdict IN ('allow', 'deny', 'needs_confirmation', 'needs_approval')", name="decisions_verdict_check"),
        sa.CheckConstraint("outcome IN ('ok', 'denied', 'pending', 'failed')", name="decisions_outcome_check"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"]),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index("decisions_at_idx", "decisions", ["tenant_id", "at"])
    op.create_index(
        "articles_unindexed_idx", "articles", ["tenant_id"], postgresql_where=sa.text("indexed_at IS NULL OR indexed_at < updated_at")
    )
    op.create_index("approvals_due_idx", "approvals", ["expires_at"], postgresql_where=sa.text("status IN ('open', 'approved')"))
    for statement in cover("decisions"):
        op.execute(statement)
    op.execute("REVOKE INSERT, UPDATE, DELETE ON decisions FROM storehand_app")
    for table in _READS:
        op.execute(f"CREATE POLICY relay_rows ON {table} TO storehand_relay USING (true) WITH CHECK (true)")
    op.execute("GRANT SELECT ON articles, policy_versions TO storehand_relay; GRANT SELECT, UPDATE ON approvals TO storehand_relay")
    op.execute("GRANT INSERT ON decisions TO storehand_relay; GRANT CREATE ON SCHEMA public TO storehand_relay")
    op.execute(_FUNCTIONS)
    for function in _DEFINERS:
        op.execute(f"ALTER FUNCTION {function} OWNER TO storehand_relay")
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO storehand_app")
    op.execute("REVOKE CREATE ON SCHEMA public FROM storehand_relay")


def downgrade() -> None:
    """Take back."""
    for function in _DEFINERS:
        op.execute(f"DROP FUNCTION {function}")
    op.execute("GRANT UPDATE ON policy_versions TO storehand_app")
    op.drop_table("decisions")
    op.drop_index("approvals_due_idx", "approvals")
    op.drop_index("articles_unindexed_idx", "articles")
    for table in ("articles", "policy_versions", "approvals"):
        op.execute(f"DROP POLICY relay_rows ON {table}")
        op.execute(f"REVOKE ALL ON {table} FROM storehand_relay")
    op.drop_column("policy_versions", "note")
    op.drop_column("policy_versions", "based_on")
