"""Leases of runs are extended for all runs of a worker at once."""

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
"""


def upgrade() -> None:
    """Apply."""
    op.execute("GRANT CREATE ON SCHEMA public TO storehand_relay")
    op.execute(_EXTEND)
    op.execute("ALTER FUNCTION extend_leases(uuid[], integer[], double precision) OWNER TO storehand_relay")
    op.execute("REVOKE ALL ON FUNCTION extend_leases(uuid[], integer[], double precision) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION extend_leases(uuid[], integer[], double precision) TO storehand_app")
    op.execute("REVOKE CREATE ON SCHEMA public FROM storehand_relay")


def downgrade() -> None:
    """Take back."""
    op.execute("DROP FUNCTION extend_leases(uuid[], integer[], double precision)")
