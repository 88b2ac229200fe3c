"""The end of a run is one function: its last facts, its status, its conversation and its last checkpoints in one round trip."""

from alembic import op

revision = "0018"
down_revision = "0016"

_END = """
CREATE FUNCTION end_run(
  p_tenant uuid, p_customer text, p_run uuid, p_thread uuid, p_attempt integer, p_at timestamptz,
  p_status text, p_shown text, p_error jsonb, p_facts jsonb,
  p_checkpoints jsonb, p_blobs jsonb, p_blob_bytes bytea[], p_writes jsonb, p_write_bytes bytea[]
) RETURNS TABLE (last bigint)
LANGUAGE plpgsql AS $$
DECLARE
  v_count integer := jsonb_array_length(p_facts);
  v_last bigint;
BEGIN
  PERFORM set_config('app.tenant_id', p_tenant::text, true), set_config('app.customer_id', p_customer, true),
          set_config('synchronous_commit', 'on', true);
  UPDATE public.runs SET seq = seq + v_count, status = p_status, error = p_error, lease_until = NULL, updated_at = p_at
  WHERE tenant_id = p_tenant AND id = p_run AND attempt = p_attempt AND status = 'running' RETURNING seq INTO v_last;
  IF v_last IS NULL THEN
    RETURN;
  END IF;
  INSERT INTO public.run_events (tenant_id, run_id, seq, type, body, at)
  SELECT p_tenant, p_run, v_last - v_count + fact.position, fact.body ->> 'type', fact.body, p_at
  FROM jsonb_array_elements(p_facts) WITH ORDINALITY AS fact (body, position);
  UPDATE public.threads SET error = p_error, updated_at = p_at, status = CASE WHEN EXISTS (
      SELECT 1 FROM public.runs next WHERE next.tenant_id = p_tenant AND next.thread_id = p_thread AND next.status = 'pending'
    ) THEN 'busy' ELSE p_shown END
  WHERE tenant_id = p_tenant AND id = p_thread;
  INSERT INTO checkpoints.checkpoint_writes (thread_id, checkpoint_ns, checkpoint_id, task_id, task_path, idx, channel, type, blob)
  SELECT w ->> 0, w ->> 1, w ->> 2, w ->> 3, w ->> 4, (w ->> 5)::integer, w ->> 6, w ->> 7, p_write_bytes[i]
  FROM jsonb_array_elements(p_writes) WITH ORDINALITY AS row (w, i)
  ON CONFLICT (thread_id, checkpoint_ns, checkpoint_id, task_id, idx) DO NOTHING;
  INSERT INTO checkpoints.checkpoint_blobs (thread_id, checkpoint_ns, channel, version, type, blob)
  SELECT b ->> 0, b ->> 1, b ->> 2, b ->> 3, b ->> 4, p_blob_bytes[i]
  FROM jsonb_array_elements(p_blobs) WITH ORDINALITY AS row (b, i)
  ON CONFLICT (thread_id, checkpoint_ns, channel, version) DO NOTHING;
  INSERT INTO checkpoints.checkpoints (thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, checkpoint, metadata)
  SELECT c ->> 0, c ->> 1, c ->> 2, c ->> 3, (c ->> 4)::jsonb, (c ->> 5)::jsonb
  FROM jsonb_array_elements(p_checkpoints) AS row (c)
  ON CONFLICT (thread_id, checkpoint_ns, checkpoint_id) DO UPDATE SET checkpoint = EXCLUDED.checkpoint, metadata = EXCLUDED.metadata;
  RETURN QUERY SELECT v_last;
END $$;
"""
_DROP = (
    "DROP FUNCTION end_run(uuid, text, uuid, uuid, integer, timestamptz, text, text, jsonb, jsonb, jsonb, jsonb, bytea[], jsonb, bytea[])"
)


def upgrade() -> None:
    """Apply."""
    op.execute(_END)


def downgrade() -> None:
    """Take back."""
    op.execute(_DROP)
