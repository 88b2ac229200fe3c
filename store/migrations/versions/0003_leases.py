"""Leases are extended for all runs of a worker at once; maintenance lists the stores."""

from alembic import op

revision = "0003"
down_revision = "0002"

_EXTEND = """
CREATE FUNCTION extend_leases(run_ids uuid[], attempts integer[], lease_seconds double precision)
RETURNS TABLE (run_id uuid)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE runs r SET lease_until = now() + make_interval(secs => extend_leases.lease_seconds)
  FROM unnest(extend_leases.run_ids, extend_leases.attempts) AS held (id, attempt)
  WHERE r.id = held.id AND r.attempt = held.attempt AND r.status = 'running'
  RETURNING r.id
$$;

CREATE FUNCTION list_tenants()
RETURNS TABLE (tenant_id uuid, slug text, name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT t.id, t.slug::text, t.name::text FROM tenants t ORDER BY t.slug
$$;
"""

_FUNCTIONS = ("extend_leases(uuid[], integer[], double precision)", "list_tenants()")


def upgrade() -> None:
    """Apply."""
    op.execute("GRANT CREATE ON SCHEMA public TO storehand_relay")
    op.execute(_EXTEND)
    for function in _FUNCTIONS:
        op.execute(f"ALTER FUNCTION {function} OWNER TO storehand_relay")
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO storehand_app")
    op.execute("REVOKE CREATE ON SCHEMA public FROM storehand_relay")


def downgrade() -> None:
    """Take back."""
    for function in _FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
