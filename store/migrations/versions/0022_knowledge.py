"""Knowledge from everywhere: sources and their passages, words counted for BM25, changes that the index has to follow, gaps.

The triggers are the index's own outbox: whatever changes a row that knowledge is made of, in whatever way, leaves a change in the same
transaction, and whatever deletes a passage leaves its vector to be forgotten. What is deleted or hidden is so at once.
"""

from alembic import op

from store.rls import cover

revision = "0022"
down_revision = "0021"

_TABLES = """
CREATE TABLE knowledge_sources (
  tenant_id UUID NOT NULL REFERENCES tenants (id),
  id UUID NOT NULL,
  kind VARCHAR(8) NOT NULL CONSTRAINT knowledge_sources_kind_check
    CHECK (kind IN ('policy', 'article', 'product', 'review', 'ticket', 'file', 'url')),
  slug VARCHAR(120) NOT NULL,
  title VARCHAR(200) NOT NULL,
  link VARCHAR(1000) NOT NULL DEFAULT '',
  body TEXT NOT NULL DEFAULT '',
  owner VARCHAR(120) NOT NULL DEFAULT '',
  visibility VARCHAR(8) NOT NULL CONSTRAINT knowledge_sources_visibility_check CHECK (visibility IN ('public', 'customer', 'staff')),
  language VARCHAR(2) NOT NULL DEFAULT 'en',
  valid_from TIMESTAMP WITH TIME ZONE,
  valid_until TIMESTAMP WITH TIME ZONE,
  version INTEGER NOT NULL DEFAULT 1,
  digest VARCHAR(64) NOT NULL DEFAULT '',
  status VARCHAR(8) NOT NULL CONSTRAINT knowledge_sources_status_check CHECK (status IN ('waiting', 'ready', 'failed')),
  reason VARCHAR(300) NOT NULL DEFAULT '',
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT knowledge_sources_valid_check CHECK (valid_from IS NULL OR valid_until IS NULL OR valid_from < valid_until),
  CONSTRAINT knowledge_sources_version_check CHECK (version >= 1),
  CONSTRAINT knowledge_sources_reason_check CHECK ((status = 'failed') = (reason <> ''))
);
CREATE UNIQUE INDEX knowledge_sources_slug_idx ON knowledge_sources (tenant_id, slug) WHERE kind IN ('file', 'url');
CREATE INDEX knowledge_sources_kind_idx ON knowledge_sources (tenant_id, kind, title, id);
CREATE INDEX knowledge_sources_waiting_idx ON knowledge_sources (tenant_id, id) WHERE status = 'waiting';

CREATE TABLE knowledge_chunks (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  source_id UUID NOT NULL,
  place INTEGER NOT NULL,
  section INTEGER NOT NULL,
  kind VARCHAR(8) NOT NULL,
  visibility VARCHAR(8) NOT NULL,
  language VARCHAR(2) NOT NULL,
  valid_from TIMESTAMP WITH TIME ZONE,
  valid_until TIMESTAMP WITH TIME ZONE,
  title VARCHAR(200) NOT NULL,
  heading VARCHAR(200) NOT NULL,
  text TEXT NOT NULL,
  digest VARCHAR(64) NOT NULL,
  names TEXT[] NOT NULL DEFAULT '{}',
  words INTEGER NOT NULL,
  search TSVECTOR NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, source_id) REFERENCES knowledge_sources (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX knowledge_chunks_source_idx ON knowledge_chunks (tenant_id, source_id, section, place);
CREATE INDEX knowledge_chunks_end_idx ON knowledge_chunks (tenant_id, valid_until) WHERE valid_until IS NOT NULL;
CREATE INDEX knowledge_chunks_search_idx ON knowledge_chunks USING gin (search) WITH (fastupdate = off);
CREATE INDEX knowledge_chunks_names_idx ON knowledge_chunks USING gin (names) WITH (fastupdate = off);

CREATE TABLE knowledge_vectors (
  tenant_id UUID NOT NULL REFERENCES tenants (id),
  id UUID NOT NULL,
  embedding VARCHAR(100) NOT NULL DEFAULT '',
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX knowledge_vectors_embedding_idx ON knowledge_vectors (tenant_id, embedding);

CREATE TABLE knowledge_terms (
  tenant_id UUID NOT NULL REFERENCES tenants (id),
  lexeme TEXT NOT NULL,
  chunks INTEGER NOT NULL CONSTRAINT knowledge_terms_chunks_check CHECK (chunks >= 0),
  words BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, lexeme)
) WITH (fillfactor = 70);

CREATE TABLE knowledge_changes (
  tenant_id UUID NOT NULL REFERENCES tenants (id),
  id UUID NOT NULL,
  kind VARCHAR(8) NOT NULL,
  source_id UUID NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  PRIMARY KEY (tenant_id, id)
);

CREATE TABLE knowledge_leftovers (
  tenant_id UUID NOT NULL REFERENCES tenants (id),
  id UUID NOT NULL,
  PRIMARY KEY (tenant_id, id)
);

CREATE TABLE knowledge_embeddings (
  tenant_id UUID NOT NULL REFERENCES tenants (id),
  name VARCHAR(100) NOT NULL,
  ready_at TIMESTAMP WITH TIME ZONE,
  PRIMARY KEY (tenant_id, name)
);

CREATE TABLE knowledge_gaps (
  tenant_id UUID NOT NULL REFERENCES tenants (id),
  id UUID NOT NULL,
  number VARCHAR(20) NOT NULL,
  question VARCHAR(300) NOT NULL,
  digest VARCHAR(64) NOT NULL,
  asked INTEGER NOT NULL DEFAULT 1,
  status VARCHAR(9) NOT NULL CONSTRAINT knowledge_gaps_status_check CHECK (status IN ('open', 'drafted', 'dismissed')),
  article_id UUID,
  first_at TIMESTAMP WITH TIME ZONE NOT NULL,
  last_at TIMESTAMP WITH TIME ZONE NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, digest),
  UNIQUE (tenant_id, number),
  FOREIGN KEY (tenant_id, article_id) REFERENCES articles (tenant_id, id) ON DELETE RESTRICT,
  CONSTRAINT knowledge_gaps_asked_check CHECK (asked >= 1 AND last_at >= first_at),
  CONSTRAINT knowledge_gaps_drafted_check CHECK ((status = 'drafted') = (article_id IS NOT NULL))
);
CREATE INDEX knowledge_gaps_open_idx ON knowledge_gaps (tenant_id, asked DESC, id) WHERE status = 'open';
CREATE INDEX knowledge_gaps_article_idx ON knowledge_gaps (tenant_id, article_id);
"""

_COUNTING = """
CREATE FUNCTION knowledge_count_added() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO knowledge_terms AS t (tenant_id, lexeme, chunks, words)
  SELECT added.tenant_id, lexeme, count(*), sum(added.words) FROM (
    SELECT c.tenant_id, unnest(tsvector_to_array(c.search)) AS lexeme, 0 AS words FROM added_chunks c
    UNION ALL SELECT c.tenant_id, '', c.words FROM added_chunks c
  ) added GROUP BY 1, 2 ORDER BY 1, 2
  ON CONFLICT (tenant_id, lexeme) DO UPDATE SET chunks = t.chunks + excluded.chunks, words = t.words + excluded.words;
  INSERT INTO knowledge_vectors (tenant_id, id) SELECT c.tenant_id, c.id FROM added_chunks c;
  RETURN NULL;
END $$;

CREATE FUNCTION knowledge_count_gone() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM knowledge_terms t WHERE (t.tenant_id, t.lexeme) IN (
    SELECT c.tenant_id, unnest(tsvector_to_array(c.search)) FROM gone_chunks c UNION SELECT c.tenant_id, '' FROM gone_chunks c
  ) ORDER BY t.tenant_id, t.lexeme FOR UPDATE;
  UPDATE knowledge_terms t SET chunks = t.chunks - gone.chunks, words = t.words - gone.words FROM (
    SELECT each.tenant_id, each.lexeme, count(*) AS chunks, sum(each.words) AS words FROM (
      SELECT c.tenant_id, unnest(tsvector_to_array(c.search)) AS lexeme, 0 AS words FROM gone_chunks c
      UNION ALL SELECT c.tenant_id, '', c.words FROM gone_chunks c
    ) each GROUP BY 1, 2
  ) gone WHERE t.tenant_id = gone.tenant_id AND t.lexeme = gone.lexeme;
  DELETE FROM knowledge_terms t USING gone_chunks c WHERE t.tenant_id = c.tenant_id AND t.chunks = 0;
  WITH gone AS (
    DELETE FROM knowledge_vectors v USING gone_chunks c WHERE v.tenant_id = c.tenant_id AND v.id = c.id RETURNING v.*
  ) INSERT INTO knowledge_leftovers (tenant_id, id) SELECT g.tenant_id, g.id FROM gone g WHERE g.embedding <> '' ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;

CREATE TRIGGER knowledge_chunks_added AFTER INSERT ON knowledge_chunks REFERENCING NEW TABLE AS added_chunks
  FOR EACH STATEMENT EXECUTE FUNCTION knowledge_count_added();
CREATE TRIGGER knowledge_chunks_gone AFTER DELETE ON knowledge_chunks REFERENCING OLD TABLE AS gone_chunks
  FOR EACH STATEMENT EXECUTE FUNCTION knowledge_count_gone();

CREATE FUNCTION knowledge_note_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  changed jsonb;
BEGIN
  IF TG_OP = 'DELETE' THEN changed := to_jsonb(OLD); ELSE changed := to_jsonb(NEW); END IF;
  IF TG_ARGV[1] = 'id' AND TG_OP <> 'INSERT' AND (TG_OP = 'DELETE' OR changed ->> 'visibility' IS NOT NULL) THEN
    PERFORM pg_advisory_xact_lock(hashtextextended('knowledge:' || (changed ->> 'tenant_id'), 0));
    IF TG_OP = 'DELETE' OR changed ->> 'status' <> 'published' THEN
      DELETE FROM knowledge_sources s WHERE s.tenant_id = (changed ->> 'tenant_id')::uuid AND s.id = (changed ->> 'id')::uuid;
    ELSE
      UPDATE knowledge_sources s SET visibility = CASE changed ->> 'visibility' WHEN 'internal' THEN 'staff' ELSE 'public' END
      WHERE s.tenant_id = (changed ->> 'tenant_id')::uuid AND s.id = (changed ->> 'id')::uuid;
    END IF;
  END IF;
  INSERT INTO knowledge_changes (tenant_id, id, kind, source_id, at)
  VALUES ((changed ->> 'tenant_id')::uuid, gen_random_uuid(), TG_ARGV[0], (changed ->> TG_ARGV[1])::uuid, clock_timestamp());
  RETURN NULL;
END $$;
"""
_WATCHED = (
    ("articles", "article", "id", "slug, title, body, category, status, visibility", ""),
    ("products", "product", "id", "name, brand, description, category_id, status", ""),
    ("variants", "product", "product_id", "sku, options, weight_grams, product_id", ""),
    ("reviews", "review", "id", "rating, title, body", ""),
    (
        "tickets",
        "ticket",
        "id",
        "status, subject, body, resolution",
        "NEW.status IN ('resolved', 'closed') OR OLD.status IN ('resolved', 'closed')",
    ),
)
"""What knowledge is made of: table, kind, the column that names the source, columns that matter, and when."""

_SEARCH = """
CREATE FUNCTION knowledge_may_see(see text[]) RETURNS text[]
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT CASE WHEN nullif(current_setting('app.customer_id', true), '') IS NULL THEN see
    ELSE ARRAY(SELECT unnest(see) INTERSECT SELECT unnest(ARRAY['public', 'customer'])) END
$$;

CREATE FUNCTION knowledge_by_words(
  clauses text[], config text, see text[], kinds text[], languages text[], at timestamptz, pool integer, best integer
) RETURNS TABLE (id uuid, source_id uuid, section integer, score double precision, share double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  tenant uuid := nullif(current_setting('app.tenant_id', true), '')::uuid;
  seen text[] := knowledge_may_see(see);
  terms text[];
  rarities float8[];
  clause_of integer[];
  wanted tsquery;
  total float8;
  mean_words float8;
  many boolean;
BEGIN
  SELECT t.chunks, t.words::float8 / greatest(t.chunks, 1) INTO total, mean_words FROM knowledge_terms t
  WHERE t.tenant_id = tenant AND t.lexeme = '';
  IF total IS NULL OR total = 0 THEN RETURN; END IF;
  WITH asked AS (
    SELECT c.number::integer AS clause, w.lexeme FROM unnest(clauses) WITH ORDINALITY AS c (said, number)
    CROSS JOIN LATERAL unnest(to_tsvector(config::regconfig, c.said)) AS w
  ), term AS (
    SELECT a.lexeme, coalesce(t.chunks, 0) AS chunks FROM (SELECT DISTINCT lexeme FROM asked) a
    LEFT JOIN knowledge_terms t ON t.tenant_id = tenant AND t.lexeme = a.lexeme
  ), known AS (
    SELECT lexeme, chunks, sum(chunks) OVER (ORDER BY chunks, lexeme) AS so_far, row_number() OVER (ORDER BY chunks, lexeme) AS place
    FROM term WHERE chunks > 0
  ), rare AS (SELECT lexeme FROM known WHERE so_far <= pool), common AS (SELECT lexeme FROM known WHERE so_far > pool AND place <= 4)
  SELECT (SELECT array_agg(a.lexeme ORDER BY a.clause, a.lexeme) FROM asked a),
    (SELECT array_agg(ln((1 + total) / (0.5 + t.chunks))::float8 ORDER BY a.clause, a.lexeme) FROM asked a JOIN term t USING (lexeme)),
    (SELECT array_agg(a.clause ORDER BY a.clause, a.lexeme) FROM asked a),
    (SELECT string_agg(one, ' | ')::tsquery FROM (
      SELECT quote_literal(lexeme) AS one FROM rare
      UNION ALL SELECT quote_literal(x.lexeme) || ' & ' || quote_literal(y.lexeme) FROM common x JOIN known y ON y.lexeme < x.lexeme AND y.place <= 4
      UNION ALL SELECT quote_literal(k.lexeme) FROM known k WHERE k.place = 1 AND (SELECT count(*) FROM known) = 1
    ) parts)
  INTO terms, rarities, clause_of, wanted;
  IF wanted IS NULL THEN RETURN; END IF;
  many := cardinality(terms) > 24;
  RETURN QUERY
  WITH found AS MATERIALIZED (
    SELECT c.id, c.source_id, c.section, c.search, c.words FROM knowledge_chunks c
    WHERE c.search @@ wanted AND c.tenant_id = tenant AND c.visibility = ANY (seen)
      AND (kinds IS NULL OR c.kind = ANY (kinds)) AND (languages IS NULL OR c.language = ANY (languages))
      AND (c.valid_from IS NULL OR c.valid_from <= at) AND (c.valid_until IS NULL OR c.valid_until > at)
    LIMIT 2 * pool
  ), term AS (
    SELECT lexeme, clause, rarity FROM unnest(terms, rarities, clause_of) AS t (lexeme, rarity, clause)
  ), one AS (
    SELECT DISTINCT lexeme, quote_literal(lexeme)::tsquery AS query FROM term
  ), times AS MATERIALIZED (
    SELECT f.id, one.lexeme, 1 / (1.64493406685 * (1.0000001 - least(1, ts_rank('{1,1,1,1}', f.search, one.query)))) - 0.5 AS tf
    FROM one JOIN found f ON f.search @@ one.query WHERE NOT many
    UNION ALL
    SELECT f.id, w.lexeme, cardinality(w.positions) FROM found f CROSS JOIN LATERAL unnest(f.search) AS w JOIN one USING (lexeme) WHERE many
  ), hit AS (
    SELECT f.id, f.source_id, f.section, t.clause, sum(t.rarity) AS rarity,
      sum(t.rarity * 2.2 * m.tf / (m.tf + 1.2 * (0.25 + 0.75 * f.words / mean_words))) AS score
    FROM times m JOIN found f USING (id) JOIN term t USING (lexeme) GROUP BY f.id, f.source_id, f.section, t.clause
  )
  SELECT h.id, h.source_id, h.section, sum(h.score ^ 2),
    max(h.rarity / (SELECT sum(t.rarity) FROM term t WHERE t.clause = h.clause))
  FROM hit h GROUP BY h.id, h.source_id, h.section ORDER BY 4 DESC, h.id LIMIT best;
END $$;

CREATE FUNCTION knowledge_by_name(names text[], see text[], kinds text[], at timestamptz, best integer)
RETURNS TABLE (id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.id FROM knowledge_chunks c
  WHERE c.names && knowledge_by_name.names AND c.tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid
    AND c.visibility = ANY (knowledge_may_see(see)) AND (knowledge_by_name.kinds IS NULL OR c.kind = ANY (knowledge_by_name.kinds))
    AND (c.valid_from IS NULL OR c.valid_from <= at) AND (c.valid_until IS NULL OR c.valid_until > at)
  ORDER BY c.source_id, c.place LIMIT best
$$;

CREATE FUNCTION knowledge_passages(chunks uuid[], question text, config text, see text[], kinds text[], languages text[], at timestamptz)
RETURNS TABLE (id uuid, source_id uuid, section integer, kind text, slug text, title text, heading text, link text, version integer,
  updated_at timestamptz, titled boolean, headed boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.id, c.source_id, c.section, c.kind, s.slug, c.title, c.heading, s.link, s.version, s.updated_at,
    to_tsvector(config::regconfig, c.title) @@ plainto_tsquery(config::regconfig, question),
    numnode(plainto_tsquery(config::regconfig, c.heading)) > 1
      AND to_tsvector(config::regconfig, question) @@ plainto_tsquery(config::regconfig, c.heading)
  FROM knowledge_chunks c JOIN knowledge_sources s ON s.tenant_id = c.tenant_id AND s.id = c.source_id
  WHERE c.tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid AND c.id = ANY (chunks)
    AND s.visibility = ANY (knowledge_may_see(see)) AND c.visibility = ANY (knowledge_may_see(see)) AND (knowledge_passages.kinds IS NULL OR c.kind = ANY (knowledge_passages.kinds))
    AND (languages IS NULL OR c.language = ANY (languages))
    AND (c.valid_from IS NULL OR c.valid_from <= at) AND (c.valid_until IS NULL OR c.valid_until > at)
$$;

CREATE FUNCTION knowledge_sections(sources uuid[], sections integer[], see text[])
RETURNS TABLE (source_id uuid, section integer, text text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.source_id, c.section, string_agg(c.text, E'\\n\\n' ORDER BY c.place)
  FROM unnest(sources, sections) AS wanted (source_id, section)
  JOIN knowledge_chunks c ON c.tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid
    AND c.source_id = wanted.source_id AND c.section = wanted.section AND c.visibility = ANY (knowledge_may_see(see))
  GROUP BY c.source_id, c.section
$$;

CREATE FUNCTION knowledge_ready() RETURNS TABLE (name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT e.name FROM knowledge_embeddings e
  WHERE e.tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid AND e.ready_at IS NOT NULL ORDER BY e.ready_at DESC
$$;

CREATE FUNCTION knowledge_note_gap(tenant uuid, asked_question text, question_digest text, at timestamptz) RETURNS TABLE (number text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  next_number integer;
BEGIN
  UPDATE knowledge_gaps g SET asked = g.asked + 1, last_at = greatest(g.last_at, at)
  WHERE g.tenant_id = tenant AND g.digest = question_digest RETURNING g.number INTO number;
  IF number IS NULL THEN
    PERFORM pg_advisory_xact_lock(hashtext('knowledge_gaps:' || tenant::text));
  END IF;
  IF number IS NULL AND (SELECT count(*) FROM knowledge_gaps g WHERE g.tenant_id = tenant AND g.status = 'open') < 2000 THEN
    SELECT coalesce(max(substr(g.number, 3)::integer), 1000) + 1 INTO next_number FROM knowledge_gaps g WHERE g.tenant_id = tenant;
    INSERT INTO knowledge_gaps AS g (tenant_id, id, number, question, digest, asked, status, first_at, last_at)
    VALUES (tenant, gen_random_uuid(), 'K-' || next_number, asked_question, question_digest, 1, 'open', at, at)
    ON CONFLICT DO NOTHING RETURNING g.number INTO number;
  END IF;
  RETURN NEXT;
END $$;

CREATE FUNCTION tenants_with_knowledge_to_do(wanted text, at timestamptz) RETURNS TABLE (tenant_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT t.id FROM tenants t WHERE
    EXISTS (SELECT 1 FROM knowledge_changes c WHERE c.tenant_id = t.id)
    OR EXISTS (SELECT 1 FROM knowledge_leftovers l WHERE l.tenant_id = t.id)
    OR EXISTS (SELECT 1 FROM knowledge_sources s WHERE s.tenant_id = t.id AND s.status = 'waiting')
    OR EXISTS (SELECT 1 FROM knowledge_chunks c WHERE c.tenant_id = t.id AND c.valid_until <= at)
    OR EXISTS (SELECT 1 FROM knowledge_vectors v WHERE v.tenant_id = t.id AND v.embedding < wanted)
    OR EXISTS (SELECT 1 FROM knowledge_vectors v WHERE v.tenant_id = t.id AND v.embedding > wanted)
$$;
"""
_TENANT_TABLES = (
    "knowledge_sources",
    "knowledge_chunks",
    "knowledge_vectors",
    "knowledge_terms",
    "knowledge_changes",
    "knowledge_leftovers",
    "knowledge_embeddings",
    "knowledge_gaps",
)
_DEFINERS = (
    "knowledge_count_added()",
    "knowledge_count_gone()",
    "knowledge_note_change()",
    "knowledge_by_words(text[], text, text[], text[], text[], timestamptz, integer, integer)",
    "knowledge_by_name(text[], text[], text[], timestamptz, integer)",
    "knowledge_passages(uuid[], text, text, text[], text[], text[], timestamptz)",
    "knowledge_sections(uuid[], integer[], text[])",
    "knowledge_ready()",
    "knowledge_note_gap(uuid, text, text, timestamptz)",
    "tenants_with_knowledge_to_do(text, timestamptz)",
)
_TO_PUBLISH = """
CREATE OR REPLACE FUNCTION tenants_to_publish(at timestamptz)
RETURNS TABLE (tenant_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT t.id FROM tenants t
  CROSS JOIN LATERAL (SELECT max(v.version) AS version FROM policy_versions v WHERE v.tenant_id = t.id AND v.effective_at <= at) now_valid
  WHERE now_valid.version IS NOT NULL AND (
    NOT EXISTS (SELECT 1 FROM articles a WHERE a.tenant_id = t.id AND a.policy_version = now_valid.version)
    OR EXISTS (SELECT 1 FROM articles a WHERE a.tenant_id = t.id AND a.policy_version <> now_valid.version AND a.status = 'published'))
  {more}
$$;
"""
_UNINDEXED = "UNION SELECT a.tenant_id FROM articles a WHERE a.indexed_at IS NULL OR a.indexed_at < a.updated_at"
_SEARCHED = "(setweight(to_tsvector('english', title), 'A') || setweight(to_tsvector('english', body), 'B'))"
_KINDS = {"articles": "'article'", "products": "'product'", "reviews": "'review'", "tickets": "'ticket'"}


def upgrade() -> None:
    """Apply."""
    op.execute(_TABLES)
    for table in _TENANT_TABLES:
        for statement in cover(table):
            op.execute(statement)
        op.execute(f"CREATE POLICY relay_rows ON {table} TO storehand_relay USING (true) WITH CHECK (true)")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO storehand_relay")
    op.execute("GRANT CREATE ON SCHEMA public TO storehand_relay")
    op.execute(_COUNTING)
    op.execute(_SEARCH)
    for function in _DEFINERS:
        op.execute(f"ALTER FUNCTION {function} OWNER TO storehand_relay")
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO storehand_app")
    op.execute("REVOKE CREATE ON SCHEMA public FROM storehand_relay")
    op.execute(_TO_PUBLISH.format(more=""))
    op.execute("ALTER TABLE articles DROP COLUMN indexed_at; DROP INDEX articles_search_idx")
    for table, kind, column, columns, when in _WATCHED:
        change = f"FOR EACH ROW EXECUTE FUNCTION knowledge_note_change('{kind}', '{column}')"
        op.execute(f"CREATE TRIGGER {table}_known AFTER INSERT OR DELETE ON {table} {change}")
        op.execute(
            f"CREATE TRIGGER {table}_known_anew AFTER UPDATE OF {columns} ON {table} {change.replace('EXECUTE', f'WHEN ({when}) EXECUTE') if when else change}"
        )
    for table, kind in _KINDS.items():
        rows = f"SELECT tenant_id, gen_random_uuid(), {kind}, id, now() FROM {table}"  # noqa: S608
        op.execute(f"INSERT INTO knowledge_changes (tenant_id, id, kind, source_id, at) {rows}")


def downgrade() -> None:
    """Take back."""
    for table, *_ in _WATCHED:
        op.execute(f"DROP TRIGGER {table}_known ON {table}; DROP TRIGGER {table}_known_anew ON {table}")
    op.execute("ALTER TABLE articles ADD COLUMN indexed_at TIMESTAMP WITH TIME ZONE")
    op.execute(f"CREATE INDEX articles_search_idx ON articles USING gin ({_SEARCHED})")
    op.execute("CREATE INDEX articles_unindexed_idx ON articles (tenant_id) WHERE indexed_at IS NULL OR indexed_at < updated_at")
    op.execute(_TO_PUBLISH.format(more=_UNINDEXED))
    for table in reversed(_TENANT_TABLES):
        op.execute(f"DROP TABLE {table} CASCADE")
    for function in _DEFINERS:
        op.execute(f"DROP FUNCTION {function}")
    op.execute("DROP FUNCTION knowledge_may_see(text[])")
