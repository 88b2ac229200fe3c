"""Runs know until when they go on unread; what is kept of runs that ended has an end; a run can tell an address that it ended."""

from alembic import op

revision = "0028"
down_revision = "0027"

_TABLE = """
ALTER TABLE runs ADD COLUMN reader_until TIMESTAMP WITH TIME ZONE;
ALTER TABLE runs ADD COLUMN log_forgotten_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE runs ADD COLUMN thinned_at TIMESTAMP WITH TIME ZONE;
CREATE INDEX runs_log_idx ON runs (updated_at) WHERE log_forgotten_at IS NULL AND status NOT IN ('pending', 'running');
CREATE INDEX runs_thin_idx ON runs (updated_at) WHERE thinned_at IS NULL AND status NOT IN ('pending', 'running');
"""

_FUNCTIONS = """
CREATE FUNCTION keep_reading(p_tenants uuid[], p_runs uuid[], p_until timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE runs r SET reader_until = p_until
  FROM (
    SELECT q.tenant_id, q.id FROM unnest(p_tenants, p_runs) AS read (tenant_id, id)
    JOIN runs q ON q.tenant_id = read.tenant_id AND q.id = read.id
    WHERE q.status IN ('pending', 'running') AND q.reader_until IS NOT NULL
    FOR UPDATE OF q SKIP LOCKED
  ) held
  WHERE r.tenant_id = held.tenant_id AND r.id = held.id
$$;

CREATE FUNCTION left_runs(at timestamptz, most integer)
RETURNS TABLE (tenant_id uuid, id uuid, thread_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT r.tenant_id, r.id, r.thread_id FROM runs r
  WHERE r.status IN ('pending', 'running') AND r.reader_until < left_runs.at ORDER BY r.created_at LIMIT left_runs.most
$$;

CREATE FUNCTION forget_logs(before timestamptz, at timestamptz, most integer) RETURNS TABLE (logs bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH old AS (
    SELECT r.tenant_id, r.id FROM runs r
    WHERE r.log_forgotten_at IS NULL AND r.status NOT IN ('pending', 'running') AND r.updated_at < forget_logs.before
    ORDER BY r.updated_at LIMIT forget_logs.most FOR UPDATE SKIP LOCKED
  ), gone AS (
    DELETE FROM run_events e USING old WHERE e.tenant_id = old.tenant_id AND e.run_id = old.id
  ), marked AS (
    UPDATE runs r SET log_forgotten_at = forget_logs.at FROM old WHERE r.tenant_id = old.tenant_id AND r.id = old.id RETURNING 1
  )
  SELECT count(*) FROM marked
$$;

CREATE FUNCTION runs_to_thin(before timestamptz, most integer)
RETURNS TABLE (tenant_id uuid, id uuid, thread_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT r.tenant_id, r.id, r.thread_id FROM runs r
  WHERE r.thinned_at IS NULL AND r.status NOT IN ('pending', 'running') AND r.updated_at < runs_to_thin.before
    AND NOT EXISTS (SELECT 1 FROM runs o WHERE o.tenant_id = r.tenant_id AND o.thread_id = r.thread_id AND o.status IN ('pending', 'running'))
  ORDER BY r.updated_at LIMIT runs_to_thin.most
$$;

CREATE FUNCTION forget_expired(answers_before timestamptz, items_before timestamptz, most integer) RETURNS TABLE (gone bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH answers AS (
    DELETE FROM kept_answers WHERE (tenant_id, id) IN (
      SELECT a.tenant_id, a.id FROM kept_answers a WHERE a.created_at < forget_expired.answers_before
      ORDER BY a.created_at LIMIT forget_expired.most
    ) RETURNING 1
  ), items AS (
    DELETE FROM store_items WHERE (tenant_id, id) IN (
      SELECT i.tenant_id, i.id FROM store_items i WHERE i.expires_at < forget_expired.items_before
      ORDER BY i.expires_at LIMIT forget_expired.most
    ) RETURNING 1
  )
  SELECT greatest((SELECT count(*) FROM answers), (SELECT count(*) FROM items))
$$;
"""

_FORGET_BEFORE = """
CREATE FUNCTION forget_expired(answers_before timestamptz, items_before timestamptz)
RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH answers AS (DELETE FROM kept_answers WHERE created_at < forget_expired.answers_before RETURNING 1),
       items AS (DELETE FROM store_items WHERE expires_at < forget_expired.items_before RETURNING 1)
  SELECT ((SELECT count(*) FROM answers) + (SELECT count(*) FROM items))::integer
$$;
"""

_WEBHOOK = """
CREATE FUNCTION tell_webhook() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO public.deliveries (tenant_id, id, topic, key, lane, body, status, tries, attempt, next_try_at, reference, reason, created_at)
  VALUES (
    NEW.tenant_id, gen_random_uuid(), 'run.finished', 'run.finished:' || NEW.id, 'run:' || NEW.id,
    jsonb_build_object(
      'url', NEW.options ->> 'webhook', 'run', NEW.id, 'thread', NEW.thread_id, 'assistant', NEW.assistant, 'status', NEW.status,
      'meta', NEW.meta, 'options', NEW.options - 'webhook', 'created_at', NEW.created_at, 'updated_at', NEW.updated_at),
    'waiting', 0, 0, NEW.updated_at, '', '', NEW.updated_at
  ) ON CONFLICT (tenant_id, key) DO NOTHING;
  RETURN NULL;
END $$;

CREATE TRIGGER runs_webhook AFTER UPDATE OF status ON runs FOR EACH ROW
WHEN (NEW.options ? 'webhook' AND OLD.status IN ('pending', 'running') AND NEW.status NOT IN ('pending', 'running'))
EXECUTE FUNCTION tell_webhook();
"""

_CLAIM = """
{create} FUNCTION {name}(batch integer, lease_seconds double precision)
RETURNS TABLE (tenant_id uuid, id uuid, topic text, key text, lane text, body jsonb, status text, tries integer, attempt integer,
               reference text, created_at timestamptz)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE deliveries d SET attempt = d.attempt + 1, lease_until = now() + make_interval(secs => {name}.lease_seconds)
  FROM (
    SELECT q.tenant_id, q.id FROM deliveries q
    WHERE q.status IN ('waiting', 'asked') AND q.next_try_at <= now() AND (q.lease_until IS NULL OR q.lease_until < now()){which}
      AND NOT EXISTS (SELECT 1 FROM deliveries e WHERE e.tenant_id = q.tenant_id AND e.lane = q.lane AND e.status = 'waiting'
                      AND e.position < q.position)
    ORDER BY q.next_try_at FOR UPDATE SKIP LOCKED LIMIT {name}.batch
  ) due
  WHERE d.tenant_id = due.tenant_id AND d.id = due.id
  RETURNING d.tenant_id, d.id, d.topic::text, d.key::text, d.lane::text, d.body, d.status::text, d.tries, d.attempt,
            d.reference::text, d.created_at
$$;
"""
_TO_PROVIDERS, _TO_CLIENTS = " AND q.topic <> 'run.finished'", " AND q.topic = 'run.finished'"
"""What goes to an address of a client's never keeps a provider waiting."""

_NEW = (
    "keep_reading(uuid[], uuid[], timestamptz)",
    "left_runs(timestamptz, integer)",
    "forget_logs(timestamptz, timestamptz, integer)",
    "runs_to_thin(timestamptz, integer)",
    "forget_expired(timestamptz, timestamptz, integer)",
    "claim_webhooks(integer, double precision)",
)
_OLD = "forget_expired(timestamptz, timestamptz)"


def upgrade() -> None:
    """Apply."""
    op.execute(_TABLE)
    op.execute(f"DROP FUNCTION {_OLD}")
    op.execute("GRANT DELETE ON run_events TO storehand_relay")
    _define(_FUNCTIONS + _CLAIM.format(create="CREATE", name="claim_webhooks", which=_TO_CLIENTS), *_NEW)
    op.execute(_CLAIM.format(create="CREATE OR REPLACE", name="claim_deliveries", which=_TO_PROVIDERS))
    op.execute(_WEBHOOK)


def downgrade() -> None:
    """Take back."""
    op.execute("DROP TRIGGER runs_webhook ON runs; DROP FUNCTION tell_webhook()")
    for function in _NEW:
        op.execute(f"DROP FUNCTION {function}")
    op.execute("DELETE FROM deliveries WHERE topic = 'run.finished'")
    op.execute(_CLAIM.format(create="CREATE OR REPLACE", name="claim_deliveries", which=""))
    _define(_FORGET_BEFORE, _OLD)
    op.execute("REVOKE DELETE ON run_events FROM storehand_relay")
    op.execute("ALTER TABLE runs DROP COLUMN reader_until, DROP COLUMN log_forgotten_at, DROP COLUMN thinned_at")


def _define(definitions: str, *functions: str) -> None:
    op.execute("GRANT CREATE ON SCHEMA public TO storehand_relay")
    op.execute(definitions)
    for function in functions:
        op.execute(f"ALTER FUNCTION {function} OWNER TO storehand_relay")
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO storehand_app")
    op.execute("REVOKE CREATE ON SCHEMA public FROM storehand_relay")
