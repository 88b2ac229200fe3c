"""A claimed run comes with whether its conversation has a checkpoint, so that the first run of one does not look for it."""

from alembic import op

revision = "0026"
down_revision = "0019"

_CLAIM = """
CREATE FUNCTION claim_runs(worker text, lease_seconds double precision, most integer)
RETURNS TABLE (tenant_id uuid, run_id uuid, thread_id uuid, attempt integer, user_id uuid, customer_id uuid, assistant text,
  input jsonb, principal jsonb{column})
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN QUERY
  UPDATE runs r SET status = 'running', attempt = r.attempt + 1, worker = claim_runs.worker, updated_at = now(),
         lease_until = now() + make_interval(secs => claim_runs.lease_seconds)
  FROM (
    SELECT q.tenant_id, q.id FROM runs q
    WHERE (q.status = 'running' AND q.lease_until < now())
       OR (q.status = 'pending' AND (q.due_at IS NULL OR q.due_at <= now()) AND NOT EXISTS (
             SELECT 1 FROM runs o WHERE o.tenant_id = q.tenant_id AND o.thread_id = q.thread_id
             AND (o.status = 'running' OR (o.status = 'pending' AND (o.due_at IS NULL OR o.due_at <= now())
                  AND (o.created_at, o.id) < (q.created_at, q.id)))))
    ORDER BY q.created_at FOR UPDATE SKIP LOCKED LIMIT claim_runs.most
  ) next
  WHERE r.tenant_id = next.tenant_id AND r.id = next.id
  RETURNING r.tenant_id, r.id, r.thread_id, r.attempt, r.user_id, r.customer_id, r.assistant::text, r.input, r.principal{value};
EXCEPTION WHEN unique_violation THEN
  RETURN;
END $$;
"""
_OPENS = ", NOT EXISTS (SELECT 1 FROM checkpoints.checkpoints c WHERE c.thread_id = r.tenant_id || ':' || r.thread_id)"
_NAME = "claim_runs(text, double precision, integer)"


def upgrade() -> None:
    """Apply."""
    _replace(_CLAIM.format(column=", opens boolean", value=_OPENS))


def downgrade() -> None:
    """Take back."""
    _replace(_CLAIM.format(column="", value=""))


def _replace(definition: str) -> None:
    op.execute(f"DROP FUNCTION {_NAME}")
    op.execute("GRANT CREATE ON SCHEMA public TO storehand_relay")
    op.execute(definition)
    op.execute(f"ALTER FUNCTION {_NAME} OWNER TO storehand_relay")
    op.execute(f"REVOKE ALL ON FUNCTION {_NAME} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {_NAME} TO storehand_app")
    op.execute("REVOKE CREATE ON SCHEMA public FROM storehand_relay")
