"""A worker claims several runs at once, with all that it needs; a run with a conversation of its own is queued in one round trip."""

from alembic import op

revision = "0021"
down_revision = "0018"

_NEXT = """
  UPDATE runs r SET status = 'running', attempt = r.attempt + 1, worker = {name}.worker, updated_at = now(),
         lease_until = now() + make_interval(secs => {name}.lease_seconds)
  FROM (
    SELECT q.tenant_id, q.id FROM runs q
    WHERE (q.status = 'running' AND q.lease_until < now())
       OR (q.status = 'pending' AND (q.due_at IS NULL OR q.due_at <= now()) AND NOT EXISTS (
             SELECT 1 FROM runs o WHERE o.tenant_id = q.tenant_id AND o.thread_id = q.thread_id
             AND (o.status = 'running' OR (o.status = 'pending' AND (o.due_at IS NULL OR o.due_at <= now())
                  AND (o.created_at, o.id) < (q.created_at, q.id)))))
    ORDER BY q.created_at FOR UPDATE SKIP LOCKED LIMIT {most}
  ) next
  WHERE r.tenant_id = next.tenant_id AND r.id = next.id
"""
_ONE = f"""
CREATE FUNCTION claim_run(worker text, lease_seconds double precision)
RETURNS TABLE (tenant_id uuid, run_id uuid, thread_id uuid, attempt integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN QUERY
  {_NEXT.format(name="claim_run", most="1")}
  RETURNING r.tenant_id, r.id, r.thread_id, r.attempt;
EXCEPTION WHEN unique_violation THEN
  RETURN;
END $$;
"""
_SEVERAL = f"""
CREATE FUNCTION claim_runs(worker text, lease_seconds double precision, most integer)
RETURNS TABLE (tenant_id uuid, run_id uuid, thread_id uuid, attempt integer, user_id uuid, customer_id uuid, assistant text,
  input jsonb, principal jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN QUERY
  {_NEXT.format(name="claim_runs", most="claim_runs.most")}
  RETURNING r.tenant_id, r.id, r.thread_id, r.attempt, r.user_id, r.customer_id, r.assistant::text, r.input, r.principal;
EXCEPTION WHEN unique_violation THEN
  RETURN;
END $$;
"""
_QUEUE = """
CREATE FUNCTION queue_run(p_tenant uuid, p_customer text, p_thread jsonb, p_run jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('app.tenant_id', p_tenant::text, true), set_config('app.customer_id', p_customer, true);
  INSERT INTO public.threads SELECT * FROM jsonb_populate_record(NULL::public.threads, p_thread);
  INSERT INTO public.runs SELECT * FROM jsonb_populate_record(NULL::public.runs, p_run);
END $$;
"""
_CLAIM_RUN, _CLAIM_RUNS = "claim_run(text, double precision)", "claim_runs(text, double precision, integer)"


def upgrade() -> None:
    """Apply."""
    _replace(_CLAIM_RUN, _SEVERAL, _CLAIM_RUNS)
    op.execute(_QUEUE)


def downgrade() -> None:
    """Take back."""
    op.execute("DROP FUNCTION queue_run(uuid, text, jsonb, jsonb)")
    _replace(_CLAIM_RUNS, _ONE, _CLAIM_RUN)


def _replace(old: str, definition: str, new: str) -> None:
    op.execute(f"DROP FUNCTION {old}")
    op.execute("GRANT CREATE ON SCHEMA public TO storehand_relay")
    op.execute(definition)
    op.execute(f"ALTER FUNCTION {new} OWNER TO storehand_relay")
    op.execute(f"REVOKE ALL ON FUNCTION {new} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {new} TO storehand_app")
    op.execute("REVOKE CREATE ON SCHEMA public FROM storehand_relay")
