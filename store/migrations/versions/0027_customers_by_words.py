"""Customers are found by words through an index: under row security alone every row of the shop would be read, since text search may leak."""

from alembic import op

revision = "0027"
down_revision = "0023"

_WORDS = """
CREATE FUNCTION customer_words(name text, email text, phone text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
  SELECT to_tsvector('simple', name || ' ' || translate(email, '@._-+', '     ')) || array_to_tsvector(ARRAY(
    SELECT substr(n.digits, place) FROM (SELECT regexp_replace(coalesce(phone, ''), '[^0-9]', '', 'g') AS digits) n,
    generate_series(1, length(n.digits) - 2) AS place))
$$;
DROP INDEX customers_words_idx;
CREATE INDEX customers_words_idx ON customers USING gin (customer_words(name, email, phone));
CREATE POLICY relay_rows ON customers TO storehand_relay USING (true);
GRANT SELECT ON customers TO storehand_relay;
GRANT CREATE ON SCHEMA public TO storehand_relay;
"""
_MINE = """c.tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid
    AND (nullif(current_setting('app.customer_id', true), '') IS NULL OR c.id = nullif(current_setting('app.customer_id', true), '')::uuid)"""
_FOUND = """
CREATE FUNCTION customers_with_words(words text, best integer) RETURNS TABLE (id uuid, total bigint)
LANGUAGE sql STABLE ROWS 10 SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.id, count(*) OVER () FROM customers c
  WHERE {mine}
    AND c.erased_at IS NULL AND customer_words(c.name, c.email, c.phone) @@ to_tsquery('simple', words)
  ORDER BY c.name, c.email LIMIT best
$$;
CREATE FUNCTION customers_meant(wanted text, words text, best integer) RETURNS TABLE (id uuid)
LANGUAGE plpgsql STABLE ROWS 10 SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  RETURN QUERY SELECT c.id FROM customers c WHERE {mine} AND lower(c.email) = lower(wanted) LIMIT best;
  IF FOUND THEN RETURN; END IF;
  RETURN QUERY SELECT c.id FROM customers c WHERE {mine} AND lower(c.name) = lower(wanted) ORDER BY c.email LIMIT best;
  IF FOUND THEN RETURN; END IF;
  RETURN QUERY SELECT w.id FROM customers_with_words(words, best) w;
END $$;
"""
_FUNCTIONS = ("customers_with_words(text, integer)", "customers_meant(text, text, integer)")


def upgrade() -> None:
    """Apply."""
    op.execute(_WORDS)
    op.execute(_FOUND.replace("{mine}", _MINE))
    for function in _FUNCTIONS:
        op.execute(f"ALTER FUNCTION {function} OWNER TO storehand_relay")
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO storehand_app")
    op.execute("GRANT EXECUTE ON FUNCTION customers_with_words(text, integer) TO storehand_relay")
    op.execute("REVOKE CREATE ON SCHEMA public FROM storehand_relay")


def downgrade() -> None:
    """Take back."""
    for function in reversed(_FUNCTIONS):
        op.execute(f"DROP FUNCTION {function}")
    op.execute("DROP POLICY relay_rows ON customers; REVOKE SELECT ON customers FROM storehand_relay; DROP INDEX customers_words_idx")
    op.execute("DROP FUNCTION customer_words(text, text, text)")
    op.execute(
        "CREATE INDEX customers_words_idx ON customers USING gin (to_tsvector('simple', name || ' ' || translate(email, '@._-+', '     ')))"
    )
