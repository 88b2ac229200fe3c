"""The run service: runs that start later, conversations that end with their run, schedules, clients' items, kept answers."""

from alembic import op

from store.rls import cover

revision = "0014"
down_revision = "0013"

_TABLES = ("crons", "store_items", "kept_answers")

_CREATE = """
ALTER TABLE runs ADD COLUMN options JSONB NOT NULL DEFAULT '{}';
ALTER TABLE runs ADD COLUMN due_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE threads ADD COLUMN transient BOOLEAN NOT NULL DEFAULT false;
CREATE INDEX threads_transient_idx ON threads (updated_at) WHERE transient;

CREATE TABLE crons (
  tenant_id UUID NOT NULL REFERENCES tenants (id),
  id UUID NOT NULL,
  user_id UUID NOT NULL,
  thread_id UUID,
  assistant VARCHAR(40) NOT NULL,
  schedule VARCHAR(100) NOT NULL,
  timezone VARCHAR(60),
  payload JSONB NOT NULL,
  meta JSONB NOT NULL,
  on_completion VARCHAR(6) NOT NULL,
  enabled BOOLEAN NOT NULL,
  end_at TIMESTAMP WITH TIME ZONE,
  next_at TIMESTAMP WITH TIME ZONE,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE RESTRICT,
  FOREIGN KEY (tenant_id, thread_id) REFERENCES threads (tenant_id, id) ON DELETE CASCADE,
  CONSTRAINT crons_completion_check CHECK (on_completion IN ('delete', 'keep')),
  CONSTRAINT crons_next_check CHECK (NOT enabled OR next_at IS NOT NULL)
);
CREATE INDEX crons_due_idx ON crons (next_at) WHERE enabled;
CREATE INDEX crons_user_idx ON crons (tenant_id, user_id, created_at);

CREATE TABLE store_items (
  tenant_id UUID NOT NULL REFERENCES tenants (id),
  id UUID NOT NULL,
  user_id UUID NOT NULL,
  customer_id UUID,
  namespace TEXT[] NOT NULL,
  key VARCHAR(200) NOT NULL,
  value JSONB NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
  expires_at TIMESTAMP WITH TIME ZONE,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, user_id, namespace, key),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE RESTRICT,
  FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id) ON DELETE RESTRICT,
  CONSTRAINT store_items_depth_check CHECK (cardinality(namespace) BETWEEN 1 AND 10)
);
CREATE INDEX store_items_expiry_idx ON store_items (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE kept_answers (
  tenant_id UUID NOT NULL REFERENCES tenants (id),
  id UUID NOT NULL,
  user_id UUID NOT NULL,
  customer_id UUID,
  key VARCHAR(200) NOT NULL,
  request_hash VARCHAR(64) NOT NULL,
  body BYTEA NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, user_id, key)
);
CREATE INDEX kept_answers_age_idx ON kept_answers (created_at);
"""

_FUNCTIONS = """
CREATE OR REPLACE FUNCTION claim_run(worker text, lease_seconds double precision)
RETURNS TABLE (tenant_id uuid, run_id uuid, thread_id uuid, attempt integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN QUERY
  UPDATE runs r SET status = 'running', attempt = r.attempt + 1, worker = claim_run.worker, updated_at = now(),
         lease_until = now() + make_interval(secs => claim_run.lease_seconds)
  FROM (
    SELECT q.tenant_id, q.id FROM runs q
    WHERE (q.status = 'running' AND q.lease_until < now())
       OR (q.status = 'pending' AND (q.due_at IS NULL OR q.due_at <= now()) AND NOT EXISTS (
             SELECT 1 FROM runs o WHERE o.tenant_id = q.tenant_id AND o.thread_id = q.thread_id
             AND (o.status = 'running' OR (o.status = 'pending' AND (o.due_at IS NULL OR o.due_at <= now())
                  AND (o.created_at, o.id) < (q.created_at, q.id)))))
    ORDER BY q.created_at FOR UPDATE SKIP LOCKED LIMIT 1
  ) next
  WHERE r.tenant_id = next.tenant_id AND r.id = next.id
  RETURNING r.tenant_id, r.id, r.thread_id, r.attempt;
EXCEPTION WHEN unique_violation THEN
  RETURN;
END $$;

CREATE FUNCTION due_crons(at timestamptz, batch integer)
RETURNS TABLE (tenant_id uuid, cron_id uuid, user_id uuid, user_name text, user_role text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.tenant_id, c.id, u.id, u.name::text, u.role::text FROM crons c JOIN users u ON u.tenant_id = c.tenant_id AND u.id = c.user_id
  WHERE u.customer_id IS NULL AND c.enabled AND c.next_at <= due_crons.at ORDER BY c.next_at LIMIT due_crons.batch
$$;

CREATE FUNCTION finished_threads(before timestamptz, batch integer)
RETURNS TABLE (tenant_id uuid, thread_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT t.tenant_id, t.id FROM threads t
  WHERE t.transient AND t.updated_at < finished_threads.before
    AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.tenant_id = t.tenant_id AND r.thread_id = t.id AND r.status IN ('pending', 'running'))
    AND NOT EXISTS (SELECT 1 FROM approvals a WHERE a.tenant_id = t.tenant_id AND a.thread_id = t.id AND a.status = 'open')
  ORDER BY t.updated_at LIMIT finished_threads.batch
$$;

CREATE FUNCTION forget_expired(answers_before timestamptz, items_before timestamptz)
RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH answers AS (DELETE FROM kept_answers WHERE created_at < forget_expired.answers_before RETURNING 1),
       items AS (DELETE FROM store_items WHERE expires_at < forget_expired.items_before RETURNING 1)
  SELECT ((SELECT count(*) FROM answers) + (SELECT count(*) FROM items))::integer
$$;
"""

_NEW = ("due_crons(timestamptz, integer)", "finished_threads(timestamptz, integer)", "forget_expired(timestamptz, timestamptz)")
_RIGHTS = {"crons": "SELECT", "threads": "SELECT", "store_items": "SELECT, DELETE", "kept_answers": "SELECT, DELETE"}

_CLAIM_BEFORE = """
CREATE OR REPLACE FUNCTION claim_run(worker text, lease_seconds double precision)
RETURNS TABLE (tenant_id uuid, run_id uuid, thread_id uuid, attempt integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN QUERY
  UPDATE runs r SET status = 'running', attempt = r.attempt + 1, worker = claim_run.worker, updated_at = now(),
         lease_until = now() + make_interval(secs => claim_run.lease_seconds)
  FROM (
    SELECT q.tenant_id, q.id FROM runs q
    WHERE (q.status = 'running' AND q.lease_until < now())
       OR (q.status = 'pending' AND NOT EXISTS (
             SELECT 1 FROM runs o WHERE o.tenant_id = q.tenant_id AND o.thread_id = q.thread_id
             AND (o.status = 'running' OR (o.status = 'pending' AND (o.created_at, o.id) < (q.created_at, q.id)))))
    ORDER BY q.created_at FOR UPDATE SKIP LOCKED LIMIT 1
  ) next
  WHERE r.tenant_id = next.tenant_id AND r.id = next.id
  RETURNING r.tenant_id, r.id, r.thread_id, r.attempt;
EXCEPTION WHEN unique_violation THEN
  RETURN;
END $$;
"""


def upgrade() -> None:
    """Apply."""
    op.execute(_CREATE)
    for table in _TABLES:
        for statement in cover(table):
            op.execute(statement)
    for table, rights in _RIGHTS.items():
        op.execute(f"GRANT {rights} ON {table} TO storehand_relay")
        op.execute(f"CREATE POLICY relay_rows ON {table} TO storehand_relay USING (true) WITH CHECK (true)")
    op.execute("GRANT CREATE ON SCHEMA public TO storehand_relay")
    op.execute(_FUNCTIONS)
    for function in _NEW:
        op.execute(f"ALTER FUNCTION {function} OWNER TO storehand_relay")
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO storehand_app")
    op.execute("REVOKE CREATE ON SCHEMA public FROM storehand_relay")


def downgrade() -> None:
    """Take back."""
    for function in _NEW:
        op.execute(f"DROP FUNCTION {function}")
    op.execute("DELETE FROM threads WHERE transient")
    op.execute(_CLAIM_BEFORE)
    op.execute("REVOKE SELECT ON threads FROM storehand_relay; DROP POLICY relay_rows ON threads")
    for table in reversed(_TABLES):
        op.execute(f"DROP TABLE {table}")
    op.execute("ALTER TABLE threads DROP COLUMN transient")
    op.execute("ALTER TABLE runs DROP COLUMN options, DROP COLUMN due_at")
